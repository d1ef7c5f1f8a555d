"""Maps over HTTP: one value per place, the same classes in legend and tile, and limits that must be comparable."""

import io
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.special import ndtr, ndtri

SURFACE = "/collections/surface-zinc-0a1b2c3d"
PLACE = "POINT(5.745 50.975)"
DUTCH = "netherlands:circulaire-bodemsanering-2013:any-soil:intervention"
ASSUMED = ("clay:25", "organic-matter:10")


async def values(client: httpx.AsyncClient, coords: str = PLACE, **query: Any) -> dict[str, float | None]:
    response = await client.get(f"{SURFACE}/position", params={"coords": coords, **query})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/prs.coverage+json"
    coverage = response.json()
    assert coverage["domain"]["domainType"] == "Point"
    assert set(coverage["ranges"]) == set(coverage["parameters"])
    return {name: values["values"][0] for name, values in coverage["ranges"].items()}


async def test_a_place_has_a_distribution(client: httpx.AsyncClient) -> None:
    """The quantiles of a lognormal give its parameters back, and these its probabilities."""
    found = await values(client, limit=300)
    assert all(value is not None for value in found.values())
    low, middle, high = (np.log(found[name] or 0) for name in ("p05", "median", "p95"))
    sigma = (high - low) / (2 * ndtri(0.95))
    assert middle == pytest.approx((low + high) / 2)
    assert found["exceedance"] == pytest.approx(ndtr((middle - np.log(300)) / sigma), abs=1e-9)
    assert (found["sd"] or 0) ** 2 == pytest.approx(np.exp(2 * middle + sigma**2) * np.expm1(sigma**2))


async def test_outside_the_map_there_is_nothing(client: httpx.AsyncClient) -> None:
    assert set((await values(client, "POINT(100 10)")).values()) == {None}


async def test_parameters_can_be_chosen(client: httpx.AsyncClient) -> None:
    assert list(await values(client, **{"parameter-name": "median,p95"})) == ["median", "p95"]
    wrong = await client.get(f"{SURFACE}/position", params={"coords": PLACE, "parameter-name": "exceedance"})
    assert wrong.status_code == 400


@pytest.mark.parametrize("zoom", [9, 12, 14, 17])
async def test_the_colour_of_a_pixel_is_the_class_of_its_value(client: httpx.AsyncClient, zoom: int) -> None:
    legend = (await client.get(f"{SURFACE}/map/legend")).json()
    assert (legend["quantity"], legend["unit"]) == ("expected", "mg/kg")
    n = 1 << zoom
    column, row = int((5.745 + 180) / 360 * n), int((1 - np.arcsinh(np.tan(np.radians(50.975))) / np.pi) / 2 * n)
    response = await client.get(f"{SURFACE}/map/tiles/WebMercatorQuad/{zoom}/{row}/{column}")
    assert response.headers["content-type"] == "image/png"
    image = np.asarray(Image.open(io.BytesIO(response.content)).convert("RGBA"))
    for y, x in ((200, 40), (128, 128), (30, 222)):
        lon = (column + (x + 0.5) / 256) / n * 360 - 180
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + (y + 0.5) / 256) / n))))
        expected = (await values(client, f"POINT({lon!r} {float(lat)!r})"))["expected"]
        if expected is None:
            assert image[y, x, 3] == 0
            continue
        red, green, blue = image[y, x, :3]
        (named,) = [c for c in legend["classes"] if c["colour"] == f"#{red:02x}{green:02x}{blue:02x}"]
        assert named["lower"] <= expected
        assert named["upper"] is None or expected < named["upper"]


async def test_tilejson_passes_on_what_is_shown(client: httpx.AsyncClient) -> None:
    query = {"quantity": "exceedance", "guideline": DUTCH, "assume": ASSUMED}
    document = (await client.get(f"{SURFACE}/tilejson.json", params=query)).json()
    template = document["tiles"][0]
    for part in ("quantity=exceedance", "guideline=netherlands%3A", "assume=clay%3A25", "assume=organic-matter%3A10"):
        assert part in template
    assert 10 < document["maxzoom"] <= 22
    tile = await client.get(template.replace("{z}/{y}/{x}", "12/1371/2113"))
    assert tile.status_code == 200
    assert "immutable" in tile.headers["cache-control"]
    number = await client.get(
        f"{SURFACE}/map/tiles/WebMercatorQuad/12/1371/2113", params={"quantity": "exceedance", "limit": 720}
    )
    assert number.content == tile.content
    assert number.headers["cache-control"] == "no-cache"


async def test_a_known_tile_is_not_sent_again(client: httpx.AsyncClient) -> None:
    address = f"{SURFACE}/map/tiles/WebMercatorQuad/12/1371/2113"
    first = await client.get(address)
    again = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(address, params={"quantity": "sd"}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_a_guideline_value_needs_its_conditions(client: httpx.AsyncClient) -> None:
    bare = await client.get(f"{SURFACE}/position", params={"coords": PLACE, "guideline": DUTCH})
    assert bare.status_code == 400
    assert "not assessable" in bare.json()["detail"]
    assumed = await values(client, guideline=DUTCH, assume=ASSUMED)
    assert assumed["exceedance"] == (await values(client, limit=720))["exceedance"]


async def test_limits_are_listed_with_what_is_missing(client: httpx.AsyncClient) -> None:
    bare = (await client.get(f"{SURFACE}/limits")).json()
    assumed = (await client.get(f"{SURFACE}/limits", params={"assume": ASSUMED})).json()
    assert bare["context"] == {"medium": "mineral-horizon", "procedure": "aqua-regia", "basis": "dry"}
    before, after = ({entry["rule"]: entry for entry in document["limits"]} for document in (bare, assumed))
    assert not before[DUTCH]["assessable"]
    assert before[DUTCH]["missing"]
    assert after[DUTCH]["limit"] == pytest.approx(720.0)


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("position", {}, "coords is needed"),
        ("position", {"coords": "POINT(5.7)"}, "coords needs POINT"),
        ("position", {"coords": PLACE, "limit": "-3"}, "above zero"),
        ("position", {"coords": PLACE, "limit": "nan"}, "limit needs a finite number"),
        ("position", {"coords": PLACE, "limit": "3", "guideline": DUTCH}, "only one of them"),
        ("position", {"coords": PLACE, "guideline": "x:y"}, "not known for this contaminant"),
        ("position", {"coords": PLACE, "crs": "EPSG:28992"}, "crs must be"),
        ("map/legend", {"quantity": "mean"}, "quantity must be one of"),
        ("map/legend", {"quantity": "quantile"}, "p belongs to quantity=quantile"),
        ("map/legend", {"quantity": "quantile", "p": "2"}, "p must lie between 0 and 1"),
        ("map/legend", {"quantity": "exceedance"}, "needs one"),
        ("map/legend", {"limit": "300"}, "belongs to quantity=exceedance"),
        ("limits", {"assume": "clay"}, "assume:"),
        ("limits", {"asume": "clay:3"}, "unknown parameter 'asume'"),
        ("coverage", {"f": "netcdf"}, "f must be one of tiff"),
    ],
)
async def test_wrong_questions_get_a_sentence(
    client: httpx.AsyncClient, path: str, query: dict[str, str], said: str
) -> None:
    response = await client.get(f"{SURFACE}/{path}", params=query)
    assert response.status_code == 400, response.text
    assert said in response.json()["detail"]


TEXTS = st.one_of(st.text(max_size=20), st.from_regex(r"[-+.,/eE0-9:() ]{0,20}", fullmatch=True))
NAMES = st.sampled_from(["coords", "limit", "p", "quantity", "guideline", "assume", "v", "parameter-name", "crs", "f"])
PATHS = st.sampled_from(["position", "map/legend", "tilejson.json", "limits", "map/tiles/WebMercatorQuad/9/171/264"])


@given(PATHS, st.dictionaries(NAMES, TEXTS, max_size=3))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_parameters_break_the_service(client: httpx.AsyncClient, path: str, query: dict[str, str]) -> None:
    response = await client.get(f"{SURFACE}/{path}", params=query)
    assert response.status_code in (200, 204, 400), response.text


@given(*(st.one_of(st.integers(-3, 2**34).map(str), st.text("0123456789abc.-", max_size=6)) for _ in range(3)))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_address_of_a_tile_breaks_the_service(
    client: httpx.AsyncClient, z: str, row: str, column: str
) -> None:
    for root in (f"{SURFACE}/map", "/collections/samples", "/collections/sources"):
        response = await client.get(f"{root}/tiles/WebMercatorQuad/{z}/{row}/{column}")
        assert response.status_code in (200, 204, 404)


async def test_the_file_can_be_read_in_parts(client: httpx.AsyncClient) -> None:
    whole = await client.get(f"{SURFACE}/coverage", headers={"Accept-Encoding": "gzip"})
    assert whole.headers["content-type"] == "image/tiff; application=geotiff"
    assert "content-encoding" not in whole.headers
    part = await client.get(f"{SURFACE}/coverage", headers={"Range": "bytes=4-19", "Accept-Encoding": "gzip"})
    assert (part.status_code, part.content) == (206, whole.content[4:20])


@pytest.mark.parametrize("address", ["position?coords=POINT(5.745 50.975)&", "map/legend?", "tilejson.json?"])
async def test_an_assumption_that_is_none_is_refused_even_where_it_changes_nothing(
    client: httpx.AsyncClient, address: str
) -> None:
    assert (await client.get(f"{SURFACE}/{address}assume=clay:10")).status_code == 200
    wrong = await client.get(f"{SURFACE}/{address}assume=garbage")
    assert wrong.status_code == 400
    assert "garbage" in wrong.json()["detail"]
