"""Suspicions about whole files: what was done is found, however the file is cut; what is usual is left alone."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contaminants import shipped_contaminants
from ingest.errors import IngestError
from ingest.profile import Profile
from ingest.suspicions import Contents, Depths, Places, Suspicion, usual_contents, usual_in

seeds = st.integers(0, 2**32 - 1)
DAY = dt.date(2015, 6, 1)


def contents(contaminant: str, values: Any, digestion: str = "unknown") -> pa.Table:
    values = np.asarray(values, dtype=np.float64)
    texts = {name: pa.array(["x"] * len(values)) for name in ("instrument", "standard", "basis", "column")}
    return pa.table(
        {
            "contaminant": pa.array([contaminant] * len(values)),
            **texts,
            "digestion": pa.array([digestion] * len(values)),
            "lower": values,
            "upper": values,
            "row": np.arange(2, len(values) + 2),
            "original_text": pa.array([f"{value:g}" for value in values]),
        }
    )


def said(suspicion: Suspicion, specimens: Any, measurements: Any = None, cuts: int = 1) -> list[tuple[str, list[int]]]:
    """What is suspected of a table that comes in so many chunks."""
    table = specimens if measurements is None else measurements
    for part in np.array_split(np.arange(table.num_rows), cuts):
        chunk = table.take(pa.array(part))
        suspicion.look(chunk, np.ones(len(part), np.bool_), chunk)
    return [(finding.rule.name, finding.rows.tolist()) for finding in suspicion.findings()]


def test_usual_contents_are_of_known_contaminants() -> None:
    known = {entry.id for entry in shipped_contaminants().entries}
    assert set(usual_contents()) <= known
    assert min(usual_contents().values()) > 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": ""}, "zinc has no source"),
        ({"source": " "}, "zinc has no source"),
        ({"source": None}, "zinc has no source"),
        ({"mg_per_kg": "0"}, "'0' is no content"),
        ({"mg_per_kg": "many"}, "'many' is no content"),
        ({"mg_per_kg": "nan"}, "'nan' is no content"),
    ],
)
def test_usual_contents_have_a_figure_and_a_source(changed: dict[str, str | None], said: str) -> None:
    row = {"contaminant": "zinc", "mg_per_kg": "53", "source": "someone 1993"}
    assert usual_in([row]) == {"zinc": 53.0}
    with pytest.raises(IngestError, match=f"row 3: .*{said}"):
        usual_in([row | {"contaminant": "lead"}, row | changed])
    with pytest.raises(IngestError, match="row 3: zinc is there twice"):
        usual_in([row, row])


@pytest.mark.parametrize("contaminant", sorted(usual_contents()))
@pytest.mark.parametrize("slip", [1e-3, 1e3])
def test_units_that_slip_are_found_and_others_left_alone(contaminant: str, slip: float) -> None:
    draw = np.random.default_rng(5)
    values = usual_contents()[contaminant] * draw.lognormal(0.0, 0.8, 60)
    assert said(Contents(), contents(contaminant, values)) == []
    assert [rule for rule, _ in said(Contents(), contents(contaminant, slip * values))] == ["unit-slip"]


@pytest.mark.parametrize(("slip", "found"), [(1e-3, []), (1e3, ["unit-slip"])])
def test_weak_extracts_may_hold_a_thousandth_of_the_content(slip: float, found: list[str]) -> None:
    values = slip * usual_contents()["lead"] * np.random.default_rng(5).lognormal(0.0, 0.8, 60)
    for extract in ("ammonium-nitrate", "calcium-chloride", "edta"):
        assert [rule for rule, _ in said(Contents(), contents("lead", values, extract))] == found


@settings(max_examples=20)
@given(seeds, st.integers(1, 7))
def test_the_cut_into_chunks_does_not_matter(seed: int, cuts: int) -> None:
    values = 1000 * usual_contents()["zinc"] * np.random.default_rng(seed).lognormal(0, 1, 50)
    assert said(Contents(), contents("zinc", values), cuts=cuts) == said(Contents(), contents("zinc", values))


@pytest.mark.parametrize(("step", "found"), [(0.1, False), (1.0, False), (20.0, True), (50.0, True)])
def test_values_rounded_coarsely(step: float, found: bool) -> None:
    values = step * np.ceil(np.random.default_rng(7).lognormal(np.log(60), 0.6, 300) / step)
    rules = [rule for rule, _ in said(Contents(), contents("zinc", values))]
    assert rules == (["coarse-values"] if found else [])


def places(longitude: Any, latitude: Any) -> pa.Table:
    rows = np.arange(2, len(longitude) + 2)
    return pa.table({"row": rows, "longitude": np.asarray(longitude, float), "latitude": np.asarray(latitude, float)})


@settings(max_examples=20)
@given(seeds, st.integers(1, 5), st.sampled_from([(-3.7, 40.4), (150.0, -33.0), (160.5, -17.0)]))
def test_a_sign_that_was_lost_lies_far_away(seed: int, cuts: int, middle: tuple[float, float]) -> None:
    draw = np.random.default_rng(seed)
    longitude, latitude = (centre + draw.normal(0, 0.05, 80) for centre in middle)
    assert said(Places(), places(longitude, latitude), cuts=cuts) == []
    longitude[40], latitude[7] = -longitude[40], -latitude[7]
    found = said(Places(), places(longitude, latitude), cuts=cuts)
    assert sorted(row for _, rows in found for row in rows) == [9, 42]


def test_a_continent_is_no_suspicion() -> None:
    draw = np.random.default_rng(3)
    longitude, latitude = np.append(draw.uniform(-10, 35, 2000), -16.0), np.append(draw.uniform(36, 70, 2000), 28.3)
    assert said(Places(), places(longitude, latitude)) == []


def test_a_chunk_without_a_position_says_nothing() -> None:
    assert said(Places(), places([np.nan], [np.nan])) == []


def profile(site: list[str], upper: list[float | None], lower: list[float | None], **columns: Any) -> pa.Table:
    count = len(site)
    return pa.table(
        {
            "row": np.arange(2, count + 2),
            "site": pa.array(site),
            "medium": pa.array(["soil"] * count),
            "sampled_from": pa.array(columns.get("day", [DAY] * count), pa.date32()),
            "upper_depth_cm": pa.array(upper, pa.float64()),
            "lower_depth_cm": pa.array(lower, pa.float64()),
        }
    )


@pytest.mark.parametrize("cuts", [1, 2, 4])
def test_depths_that_overlap(cuts: int) -> None:
    sound = profile(["A", "A", "B", "A"], [0, 20, 10, 40], [20, 40, 30, 60])
    assert said(Depths(), sound, cuts=cuts) == []
    clash = profile(["A", "B", "A", "C"], [0, 0, 10, None], [20, 20, 30, 20])
    assert said(Depths(), clash, cuts=cuts) == [("depth-overlap", [4])]


def test_the_same_depth_twice_and_another_day_are_no_overlap() -> None:
    assert said(Depths(), profile(["A", "A"], [0, 0], [20, 20])) == []
    assert said(Depths(), profile(["A", "A"], [0, 10], [20, 30], day=[DAY, dt.date(2016, 6, 1)])) == []


def test_a_suspicion_cannot_reject_rows() -> None:
    part = {"dataset": {"name": "x", "title": "", "licence": "", "provider": ""}, "rules": {"unit-slip": "reject"}}
    with pytest.raises(ValueError, match="judges the file as a whole"):
        Profile.model_validate(part)
