"""The page of a report: closed to the outside, open to every reader, and small whatever came in."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError
from ingest.findings import RULES, Finding
from ingest.profile import read_profile
from ingest.report import Report, broken_by, problems_of, refusal
from ingest.report_page import POLICY, STYLE, figures, render
from ingest.report_page.chart import chart
from ingest.report_page.histogram import TALL, WIDTH, bars
from ingest.tally.concentrations import Concentrations
from ingest.tally.contents import Bounds, Content, Places, Series
from ingest.tally.places import Mapped
from ingest.tally.samples import SampleTally
from ingest.tally.sources import SourceTally

HOSTILE = ("<script>alert(1)</script>", "\u202egnp.exe", "\x1b[2J\x00", '"><img src=x onerror=alert(1)>', "]]>&amp;")
VOID = {"meta", "br", "link", "img", "hr"}


class Parsed(HTMLParser):
    """Tags with their attributes, the words between them, and what was left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def places(count: int) -> Mapped:
    rng = np.random.default_rng(3)
    degrees = rng.uniform(-60, 60, (2, count))
    return Mapped.of((degrees[0], degrees[1]), rng.random(count) < 0.5, (degrees[0] + 1, degrees[1]))


def concentrations(count: int = 500) -> Concentrations:
    lower = np.random.default_rng(1).lognormal(3, 3, count)
    upper = np.where(lower < 5, 5.0, lower)
    return Concentrations.of(np.where(lower < 5, 0.0, lower), upper, 3, lambda _: HOSTILE[0])


def sample_content(series: int, hostile: str = "zinc") -> Content:
    shared = concentrations()
    found = {(hostile, hostile, hostile, f"{turn}", "", "dry", hostile): shared for turn in range(series)}
    return SampleTally(found, places=places(5000)).summary()


def source_content(count: int) -> Content:
    kinds = [pa.array([f"{HOSTILE[0]} {turn}" for turn in range(count)])] * 2
    releases = pa.table(
        {
            "record": np.zeros(count, np.int64),
            "pollutant": kinds[0],
            "contaminant_id": pa.array([None] * count, pa.string()),
            "medium": kinds[1],
            "year": pa.array([2020] * count),
            "quantity_kg": np.full(count, 5.0),
        }
    )
    geometry = pa.array([bytes.fromhex("0101000000000000000000000000000000000000") + b"\0"] * count)
    sources = pa.table(
        {"row": np.arange(count), "sector": kinds[0], "sector_original": kinds[1], "status": kinds[0], "geom": geometry}
    )
    return SourceTally.of(sources, releases, doubted=np.array([])).summary()


def report_of(content: Content | None, findings: list[Finding], title: str = "A survey") -> Report:
    empty = refusal(Path("a.csv"), read_profile("meuse"), IngestError("?"))
    assert empty.origin is not None
    return replace(
        empty,
        title=title,
        refused=None,
        rows_in=1000,
        loaded=900,
        rejected=60,
        duplicates=40,
        problems=problems_of(findings),
        broken=broken_by(findings),
        content=content,
        origin=replace(empty.origin, provider=title, licence=title, columns=((title, title),)),
    )


def everything(reasons: int) -> list[Finding]:
    return [
        Finding(
            rule, np.arange(2, 9), [text * 20 for text in (*HOSTILE, "&" * 80, "'")], f"{reason} {'<&>' * 200}", "c"
        )
        for rule in RULES.values()
        for reason in range(reasons)
    ]


@pytest.fixture(scope="module")
def pages() -> list[str]:
    """Reports of all kinds, with hostile words in every place that takes words."""
    return [render(report_of(sample_content(3, text), everything(1), text)) for text in HOSTILE] + [
        render(report_of(source_content(5), everything(1), HOSTILE[0])),
        render(report_of(None, [])),
        render(replace(report_of(None, everything(1)), refused=HOSTILE[3], loaded=0, rejected=960)),
        render(report_of(sample_content(2), []).as_unchanged()),
    ]


def test_no_word_of_a_file_becomes_markup(pages: list[str]) -> None:
    for page in pages:
        parsed = Parsed(page)
        assert not parsed.open
        assert not {tag for tag, _ in parsed.tags} & {"script", "img", "iframe", "object", "link", "a", "form"}
        assert not [name for _, given in parsed.tags for name in given if name.startswith("on") or name == "style"]
        assert "\u202e" not in page
        assert "\x00" not in page


def test_the_page_asks_for_nothing_from_outside(pages: list[str]) -> None:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert "default-src 'none'" in POLICY
    assert f"'sha256-{digest}'" in POLICY
    assert re.findall(r"url\(([^)]*)\)", STYLE) == ["#hatch"]
    assert "@import" not in STYLE
    for page in pages:
        assert f"<style>{STYLE}</style>" in page
        for _, attributes in Parsed(page).tags:
            assert not {"src", "href", "srcset", "data", "action"} & set(attributes)


def test_tables_and_pictures_speak(pages: list[str]) -> None:
    for page in pages:
        tags = Parsed(page).tags
        assert all("scope" in given for tag, given in tags if tag == "th")
        assert all("aria-label" in given or "aria-hidden" in given for tag, given in tags if tag == "svg")
        regions = [given for _, given in tags if given.get("role") == "region"]
        assert all(region.get("tabindex") == "0" and region.get("aria-label") for region in regions)
        assert len(regions) == sum(tag == "table" for tag, _ in tags)
        levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(later - former <= 1 for former, later in pairwise(levels))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2])
def test_words_and_marks_stand_out(scheme: int) -> None:
    """By day, by night and on paper: words 4.5 : 1, graphics 3 : 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    block = re.findall(r":root \{([^}]*)\}", STYLE)[scheme]
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
    for name in ("ink", "soft", "accent", "flag", "reject", "info"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name
        assert contrast(colours[name], colours["card"]) >= 4.5, name
    for name in ("bar", "accent", "flag", "reject"):
        assert contrast(colours[name], colours["ground"]) >= 3, name
        assert contrast(colours[name], colours["paper"]) >= 3, name


def test_a_page_is_small_whatever_came_in() -> None:
    findings = everything(10)
    assert len(render(report_of(sample_content(300, "<" * 40), findings)).encode()) <= 1_000_000
    assert len(render(report_of(source_content(400), findings)).encode()) <= 1_000_000
    ordinary = [Finding(rule, np.arange(2, 9), ["abc"] * 7, "is not a number", "zinc") for rule in RULES.values()]
    assert len(render(report_of(sample_content(300), ordinary * 10)).encode()) <= 1_000_000


@given(st.floats(1e-6, 1e12))
def test_numbers_keep_four_digits(value: float) -> None:
    assert float(figures.number(value).replace(figures.THIN, "")) == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"lower": 18.1, "upper": 18.1}, "18.1"),
        ({"lower": 0.0, "upper": 0.05}, "<0.05"),
        ({"lower": 1000.0, "upper": None}, f">1{figures.THIN}000"),
        ({"lower": 0.01, "upper": 0.03}, "0.01–0.03"),
    ],
)
def test_bounds_are_written_as_laboratories_do(bounds: Bounds, text: str) -> None:
    assert figures.bounds(bounds) == text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_all_or_nothing_only_where_it_is(part: int, more: int) -> None:
    whole = part + more
    assert (figures.share(part, whole) == "0 %") == (part == 0)
    assert figures.share(part, whole) != "100 %"
    assert figures.share(whole, whole) == "100 %"


def test_masses_take_the_unit_that_suits_them() -> None:
    assert [figures.mass(kg) for kg in (0.0, 2e-5, 0.00035, 1.0, 1840, 2.5e7)] == [
        "0 kg",
        "20 mg",
        "350 mg",
        "1 kg",
        "1.84 t",
        "25 kt",
    ]


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.floats(0.01, 4))
def test_bars_stay_in_their_picture_and_ticks_are_few(seed: int, count: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    upper = rng.lognormal(0, spread, count)
    lower = np.where(rng.random(count) < 0.3, 0, upper)
    drawn = bars(Concentrations.of(lower, upper, 0, str).histogram())
    assert bool(drawn.measured) == bool((lower == upper).any())
    assert bool(drawn.censored) == bool((lower < upper).any())
    for path in (drawn.measured, drawn.censored):
        across = [float(x) for x in re.findall(r"[MH]([-\d.]+)", path)]
        down = [float(y) for y in re.findall(r"V([-\d.]+)", path)]
        assert all(0 <= x <= WIDTH for x in across)
        assert all(0 <= y <= TALL for y in down)
    assert len(drawn.ticks) <= 6
    assert all(0 <= tick.x <= WIDTH for tick in drawn.ticks)


def where(*points: tuple[float, float]) -> Places:
    longitudes, latitudes = zip(*points, strict=True)
    return Mapped.of((longitudes, latitudes), np.zeros(len(points), np.bool_), ((), ())).summary()


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-89, 89)), min_size=1, max_size=30))
def test_all_positions_lie_on_the_chart(points: list[tuple[float, float]]) -> None:
    drawn = chart(where(*points))
    assert drawn is not None
    assert 0 < drawn.width < 700
    assert 0 < drawn.height < 500
    for dots in drawn.dots["loaded"]:
        for x, y in re.findall(r"M([-\d.e]+) ([-\d.e]+)", dots.path):
            assert -1 <= float(x) <= drawn.width + 1
            assert -1 <= float(y) <= drawn.height + 1
    assert 0 < drawn.scale.at <= 0.3 * drawn.width


def test_a_survey_across_the_antimeridian_is_one_chart() -> None:
    drawn = chart(where((179.5, -17), (-179.5, -18), (178, -16)))
    assert drawn is not None
    labels = [line.label for line in drawn.meridians]
    assert (labels[0], labels[-1]) == ("178.0° E", "179.5° W")
    assert "180.0°" in labels


def test_without_positions_there_is_no_chart() -> None:
    assert chart(Mapped.nowhere().summary()) is None


def test_what_is_cut_is_said() -> None:
    words = Parsed(render(report_of(sample_content(400), []))).words
    assert "… and 200 more series" in words


def test_a_censored_series_shows_its_limit() -> None:
    content = sample_content(1)
    assert content["kind"] == "samples"
    series: Series = content["series"][0]
    assert series["limits"] == [5.0, 5.0]
    assert series["quantiles"]["min"] == {"lower": 0.0, "upper": 5.0}
    assert "<5" in Parsed(render(report_of(content, []))).words
