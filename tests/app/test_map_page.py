"""The map page in a real browser: what it shows is what the service says, and nothing comes from elsewhere."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, ViewportSize, expect, sync_playwright
from sqlalchemy import text

from tests.app.conftest import World
from tests.app.seed import SURFACE, add_derived

CLIENT = Path(__file__).resolve().parents[2] / "app" / "client"
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)
DESKTOP: ViewportSize = {"width": 1100, "height": 700}
PHONE: ViewportSize = {"width": 390, "height": 800}
PATIENCE = 40_000
"""Milliseconds: WebGL in software on a machine with other work to do."""
INSIDE = "50.974000,5.743000"
FIGURES = ("expected", "sd", "median", "p05", "p95", "exceedance")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    if not (CLIENT / "vendor" / "maplibre-gl.mjs").exists():
        pytest.skip("the map library is not there: npm ci && npm run vendor")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page of the map with everything that went wrong on it, and every other host that it asked."""

    page: Page
    server: str
    wrong: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._requested)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.wrong.append(message.text)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.server, "data:")):
            self.strangers.append(request.url)

    def open(self, state: str = "") -> None:
        self.page.goto(f"{self.server}/#{state}")
        self.rest()

    def rest(self) -> None:
        """Until the map says that it is idle."""
        expect(self.page.locator("html")).to_have_attribute("data-map", "idle", timeout=PATIENCE)

    def choose(self, control: str) -> None:
        self.page.locator(f"label:has(#{control})").click()

    def answer(self) -> dict[str, float]:
        """The figures of the popup, once they are there."""
        popup = self.page.locator(".place[data-answered]")
        popup.wait_for()
        found = popup.locator("data").all()
        return {str(one.get_attribute("data-name")): float(one.get_attribute("value") or "nan") for one in found}

    def asked(self) -> tuple[str, str]:
        """Longitude and latitude of the place that the address names."""
        expect(self.page).to_have_url(re.compile("[#&]at="), timeout=PATIENCE)
        lat, lon = re.findall(r"[#&]at=([-0-9.]+),([-0-9.]+)", self.page.url)[0]
        return lon, lat


@pytest.fixture
def visit(browser: Browser, live_server: str) -> Iterator[Visit]:
    page = browser.new_page(viewport=DESKTOP)
    yield Visit(page, live_server)
    page.close()


def position(server: str, place: tuple[str, str], **query: Any) -> dict[str, float]:
    """What the service says about a place."""
    coords = f"POINT({place[0]} {place[1]})"
    found = httpx.get(f"{server}/collections/surface-{SURFACE}/position", params={"coords": coords, **query})
    return {name: one["values"][0] for name, one in found.raise_for_status().json()["ranges"].items()}


def fulfilled(page: Page, address: str, body: Any, status: int = 200, media: str = "application/json") -> None:
    """Answer an address in the service's stead."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type=media, body=json.dumps(body))

    page.route(address, answer)


def test_opens_quietly_and_shows_the_classes_of_the_service(visit: Visit, tmp_path: Path) -> None:
    visit.open()
    assert visit.page.locator("#title").inner_text() == "Zinc: expected concentration"
    legend = httpx.get(f"{visit.server}/collections/surface-{SURFACE}/map/legend").json()
    labels = [one["label"] for one in reversed(legend["classes"])]
    assert visit.page.locator("#legend .classes li").all_inner_texts() == labels
    assert visit.page.locator("#legend .key").inner_text().count("hot spots") >= 1
    picture = visit.page.screenshot(path=tmp_path / "desktop.png")
    visit.page.locator("#show-samples").uncheck()
    visit.page.locator("#opacity").fill("0")
    visit.rest()
    assert visit.page.screenshot() != picture, "the layers are not drawn"
    assert visit.wrong == []
    assert visit.strangers == []


def test_exceedance_under_an_assumption_says_what_the_service_says(visit: Visit, tmp_path: Path) -> None:
    visit.open()
    page = visit.page
    visit.choose("layer-exceedance")
    page.locator("#jurisdiction").select_option("netherlands")
    rule = page.locator(".rule").filter(has_text="Intervention")
    expect(rule).to_have_attribute("data-assessable", "false")
    expect(rule).to_contain_text("Needs clay and organic matter")
    page.locator("#assumptions [name=clay]").fill("10")
    page.locator("#assumptions [name=organic-matter]").fill("8")
    expect(rule).to_have_attribute("data-assessable", "true", timeout=PATIENCE)
    rule.click()
    expect(page.locator("#assumption-label")).to_have_text("assuming clay 10 %, organic matter 8 %")
    visit.rest()
    page.locator("#map canvas").click(position={"x": 380, "y": 360})
    shown, place = visit.answer(), visit.asked()
    guideline = "netherlands:circulaire-bodemsanering-2013:any-soil:intervention"
    said = position(visit.server, place, guideline=guideline, assume=["clay:10", "organic-matter:8"])
    assert shown == pytest.approx({name: said[name] for name in FIGURES}, rel=1e-6)
    visit.rest()
    page.screenshot(path=tmp_path / "exceedance.png")
    assert visit.wrong == []
    assert visit.strangers == []


def test_colours_fade_where_little_is_known(visit: Visit, tmp_path: Path) -> None:
    visit.open("contaminant=zinc&hide=samples,sources,regulatory,statistical&opacity=1")
    plain = visit.page.locator("#map canvas").screenshot()
    visit.choose("fade")
    visit.rest()
    assert visit.page.locator("#map canvas").screenshot(path=tmp_path / "fade.png") != plain
    assert visit.page.locator("#legend .fading li").count() == 3
    assert "fade=yes" in visit.page.url
    assert visit.wrong == []


def test_panning_and_zooming_over_the_samples_goes_without_an_error(visit: Visit) -> None:
    """From the whole of Europe down to single samples and along the river."""
    visit.open("contaminant=zinc&view=4.00/50.97000/5.74000")
    canvas = visit.page.locator("#map canvas")
    canvas.focus()
    for keys in (["+"] * 4, ["ArrowRight", "ArrowDown"], ["+"] * 4, ["ArrowUp", "ArrowLeft"] * 2, ["-"] * 6):
        for key in keys:
            visit.page.keyboard.press(key)
        visit.rest()
    assert not visit.page.locator("#message").is_visible()
    assert visit.wrong == []


@pytest.fixture
def derived(world: World) -> Iterator[str]:
    """A map of two bands of plain values, made from others."""
    key, engine = "joint-0c1d2e3f", world.database.engine()
    with engine.begin() as connection:
        add_derived(connection, world.settings.home, key)
    yield key
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM surface WHERE id = :key"), {"key": key})
    engine.dispose()


def test_a_derived_map_has_its_bands_instead_of_layers(visit: Visit, derived: str, tmp_path: Path) -> None:
    visit.open(f"surface=surface-{derived}&at={INSIDE}")
    page = visit.page
    assert page.locator("#title").inner_text() == "Several contaminants: Joint probability"
    assert not page.locator("#layer-choice").is_visible()
    shown = visit.answer()
    lat, lon = INSIDE.split(",")
    said = httpx.get(f"{visit.server}/collections/surface-{derived}/position?coords=POINT({lon} {lat})").json()[
        "ranges"
    ]
    assert shown == pytest.approx({name: each["values"][0] for name, each in said.items()}, rel=1e-6)
    page.locator("#band").select_option("index")
    visit.rest()
    expect(page.locator("#legend h3").first).to_contain_text("Pollution index")
    expect(page.locator(".place .samples li").first).to_contain_text("4 measured")
    page.screenshot(path=tmp_path / "derived.png")
    assert visit.wrong == []


def test_a_link_shows_the_same_map_to_others(visit: Visit) -> None:
    visit.open(f"contaminant=zinc&layer=exceedance&limit=300&hide=samples&opacity=0.5&at={INSIDE}")
    lat, lon = INSIDE.split(",")
    said = position(visit.server, (lon, lat), limit=300)
    assert visit.answer() == pytest.approx({name: said[name] for name in FIGURES}, rel=1e-6)
    assert visit.page.locator("#title").inner_text() == "Zinc: probability of more than 300 mg/kg"
    assert not visit.page.locator("#show-samples").is_checked()
    assert visit.page.locator("#opacity").input_value() == "50"
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator(".place")).to_have_count(0)
    visit.page.locator("#place").fill("50.99, 5.70")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".place .outside")).to_have_text("Outside the mapped area: no estimate here.")


def test_samples_keep_their_bounds_and_data_is_never_markup(visit: Visit) -> None:
    def marked(route: Route) -> None:
        collection = route.fetch().json()
        for feature in collection["features"]:
            feature["properties"]["specimen"] = "<img src=x onerror=alert(1)>"
        route.fulfill(json=collection)

    visit.page.route("**/collections/samples/items?*", marked)
    low = httpx.get(f"{visit.server}/collections/samples/items?contaminant=cadmium&limit=1000").json()["features"]
    lon, lat = next(one["geometry"]["coordinates"] for one in low if one["properties"]["censored"])
    visit.open(f"contaminant=cadmium&at={lat},{lon}")
    nearest = visit.page.locator(".place .samples li").first
    expect(nearest).to_contain_text("<0.2 mg/kg")
    expect(nearest).to_contain_text("<img src=x onerror=alert(1)>")
    expect(visit.page.locator("#message-text")).to_contain_text("edaphos map cadmium")
    assert visit.page.locator("#layer-exceedance").is_disabled()
    assert visit.wrong == []


def test_trouble_is_told_in_one_sentence(visit: Visit) -> None:
    problem = {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": "The map is being made anew."}
    fulfilled(visit.page, "**/tilejson.json?quantity=*", problem, 503, "application/problem+json")
    visit.open()
    expect(visit.page.locator("#message-text")).to_have_text("The map is being made anew.")
    visit.page.unroute("**/tilejson.json?quantity=*")
    visit.choose("layer-uncertainty")
    expect(visit.page.locator("#legend h3").first).to_contain_text("Standard deviation")


def test_an_empty_service_says_how_to_fill_it(visit: Visit) -> None:
    fulfilled(visit.page, "**/collections", {"collections": []})
    fulfilled(visit.page, "**/collections/samples/queryables", {"properties": {}})
    visit.open()
    expect(visit.page.locator("#title")).to_have_text("No maps yet")
    expect(visit.page.locator("#message-text")).to_contain_text("edaphos load samples")
    assert visit.wrong == []


def test_a_survey_over_the_antimeridian_on_a_phone(visit: Visit, tmp_path: Path) -> None:
    def moved(route: Route) -> None:
        document = route.fetch().json()
        for collection in document["collections"]:
            collection["extent"] = {"spatial": {"bbox": [[178.0, -18.0, -179.0, -16.0]]}}
        route.fulfill(json=document)

    visit.page.set_viewport_size(PHONE)
    visit.page.route("**/collections", moved)
    visit.open()
    expect(visit.page).to_have_url(re.compile(r"view=[0-9.]+/-1[67]\.[0-9]+/179\.[3-6]"), timeout=PATIENCE)
    assert not visit.page.locator("#panel").is_visible()
    visit.page.locator("#panel-toggle").click()
    expect(visit.page.locator("#contaminant")).to_be_visible()
    visit.page.locator("#panel-close").click()
    visit.page.locator("#map canvas").focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".place[data-answered] h2")).to_contain_text("S, 179.")
    visit.page.screenshot(path=tmp_path / "phone.png")
    wide = visit.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    assert visit.wrong == []
