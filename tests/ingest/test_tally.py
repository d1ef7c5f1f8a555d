"""What a tally says does not depend on how the file was cut, is true to the values, and stays small."""

import datetime as dt
import itertools
import json
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.tally import SampleTally, SourceTally
from ingest.tally.concentrations import ACCURACY, EXACT, Concentrations
from ingest.tally.counts import Counts
from ingest.tally.keys import MOST_KEYS
from ingest.tally.places import MOST_CELLS, Positions

Array = np.ndarray[Any, Any]
cuts = st.lists(st.integers(0, 300), max_size=6)
seeds = st.integers(0, 2**32 - 1)


def values(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Bounds of all sorts: measured, below, above and between."""
    lower = np.round(rng.lognormal(2, 1.5, count), 2) + 0.01
    upper = lower.copy()
    kind = rng.integers(0, 6, count)
    lower[kind == 0] = 0
    upper[kind == 1] = np.inf
    upper[kind == 2] *= 3
    return lower, upper


def specimens(rng: np.random.Generator, count: int) -> Any:
    days = [dt.date(2020, 1, 1) + dt.timedelta(int(day)) for day in rng.integers(0, 700, count)]
    return pa.table(
        {
            "row": np.arange(2, count + 2),
            "longitude": rng.uniform(5, 8, count),
            "latitude": rng.uniform(45, 48, count),
            "medium": rng.choice(["moss", "o-horizon"], count),
            "upper_depth_cm": pa.array(rng.choice([0.0, 5.0, np.nan], count), from_pandas=True),
            "lower_depth_cm": pa.array(rng.choice([20.0, np.nan], count), from_pandas=True),
            "sampled_from": pa.array(days, pa.date32()),
            "sampled_to": pa.array([None] * count, pa.date32()),
        }
    )


def measurements(rng: np.random.Generator, count: int) -> Any:
    lower, upper = values(rng, count)
    return pa.table(
        {
            "record": np.arange(count),
            "contaminant": rng.choice(["zinc", "lead", "cadmium"], count),
            "digestion": rng.choice(["total", "aqua-regia"], count),
            "instrument": ["ICP-MS"] * count,
            "standard": [""] * count,
            "basis": ["dry"] * count,
            "lower": lower,
            "upper": upper,
            "quality_flag": rng.choice(["ok", "approximate"], count),
            "original_text": [f"text {row}" for row in range(count)],
            "original_unit": rng.choice(["mg/kg", "ppb"], count),
        }
    )


def chunked(places: Any, table: Any, where: list[int]) -> list[SampleTally]:
    edges = [0, *sorted(min(cut, places.num_rows) for cut in where), places.num_rows]
    tallies = []
    for start, end in itertools.pairwise(edges):
        here, there = places.slice(start, end - start), table.slice(start, end - start)
        there = there.set_column(0, "record", pa.array(np.arange(end - start)))
        tallies.append(SampleTally.of(here, there, doubted=np.array([3, 7, 250])))
    return tallies


@given(seeds, cuts)
@settings(max_examples=30)
def test_a_sample_tally_is_the_same_in_any_cut(seed: int, where: list[int]) -> None:
    rng = np.random.default_rng(seed)
    places, table = specimens(rng, 300), measurements(rng, 300)
    whole = chunked(places, table, [])[0].summary()
    parts = chunked(places, table, where)
    assert reduce(SampleTally.merge, parts, SampleTally()).summary() == whole
    right = reduce(lambda later, earlier: earlier.merge(later), reversed(parts))
    assert right.summary() == whole
    assert sum(one["count"] for one in whole["series"]) == 300
    assert sum(medium["specimens"] for medium in whole["media"]) == 300
    assert sum(cell[2] for cell in whole["places"]["loaded"]["cells"]) == 300
    assert sum(cell[2] for cell in whole["places"]["doubted"]["cells"]) == 3


@given(seeds, st.integers(1, 3 * EXACT), st.lists(st.integers(0, 3 * EXACT), max_size=3))
@settings(max_examples=20)
def test_quantiles_and_bars_of_concentrations(seed: int, count: int, where: list[int]) -> None:
    """Quantiles are numpy's, exactly or to the accuracy stated; the bars add up to all values."""
    lower, upper = values(np.random.default_rng(seed), count)
    edges = [0, *sorted(min(cut, count) for cut in where), count]
    parts = [
        Concentrations.of(lower[start:end], upper[start:end], 0, str)
        for start, end in itertools.pairwise(edges)
        if end > start
    ]
    found = reduce(Concentrations.merge, parts)
    assert (found.exact is not None) == (count <= EXACT)
    assert found.count == count
    for name, share in {"p25": 0.25, "median": 0.5, "p95": 0.95}.items():
        quantile = found.quantiles()[name]
        method = "linear" if count <= EXACT else "nearest"
        allowed = 1e-9 if count <= EXACT else 1.01 * ACCURACY
        assert quantile["lower"] == pytest.approx(_quantile(lower, share, method), rel=allowed)
        expected = _quantile(upper, share, method)
        got = np.inf if quantile["upper"] is None else quantile["upper"]
        assert got == expected or got == pytest.approx(expected, rel=allowed)
    bars = found.histogram()
    assert sum(bars["measured"]) + sum(bars["censored"]) == pytest.approx(count, rel=1e-3)
    assert sum(bars["measured"]) == pytest.approx(found.measured, abs=0.1)


def _quantile(ordered: Array, share: float, method: str) -> float:
    ordered = np.sort(ordered)
    if method == "nearest":
        return float(ordered[int(share * (len(ordered) - 1) + 0.5)])
    place = share * (len(ordered) - 1)
    low, high = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    return float(low if low == high else low + (high - low) * (place - np.floor(place)))


def test_a_value_below_a_limit_is_drawn_below_it() -> None:
    lower, upper = np.array([0.0] * 8 + [1.0, 2.0, 3.0]), np.array([0.5] * 8 + [1.0, 2.0, 3.0])
    bars = Concentrations.of(lower, upper, 0, str).histogram()
    ends = bars["start_mg_per_kg"] * 10 ** ((np.arange(len(bars["censored"])) + 1) / bars["bars_per_decade"])
    hatched = np.array(bars["censored"]) > 0
    assert hatched.sum() > 1
    assert ends[hatched].max() <= 0.5 * 10 ** (1 / bars["bars_per_decade"])


@given(st.lists(st.integers(-(2**40), 2**40), max_size=50), st.integers(0, 50))
def test_counts_count(numbers: list[int], cut: int) -> None:
    array = np.array(numbers, np.int64)
    found = Counts.of(array[:cut]).merge(Counts.of(array[cut:]))
    assert dict(zip(found.codes.tolist(), found.counts.tolist(), strict=True)) == {
        number: numbers.count(number) for number in numbers
    }
    assert [found.at(rank) for rank in range(len(numbers))] == sorted(numbers)


@given(seeds, st.integers(0, 3000), st.floats(1e-5, 90), st.integers(0, 3000))
@settings(max_examples=20)
def test_positions_lie_within_their_cell(seed: int, count: int, spread: float, cut: int) -> None:
    degrees = np.random.default_rng(seed).uniform(-spread, spread, (count, 2))
    found = Positions.of(*degrees[:cut].T).merge(Positions.of(*degrees[cut:].T)).summary()
    assert found == Positions.of(*degrees.T).summary()
    assert len(found["cells"]) <= MOST_CELLS
    assert sum(cell[2] for cell in found["cells"]) == count
    middles = np.array([cell[:2] for cell in found["cells"]]).reshape(-1, 2)
    for place in degrees[:20]:
        assert np.abs(middles - place).max(axis=1).min() <= found["cell_degrees"] / 2 + 1e-6


def test_positions_at_the_ends_of_the_earth_and_nowhere() -> None:
    found = Positions.of([180.0, -180.0, np.nan, 0.0], [90.0, -90.0, 0.0, np.nan]).summary()
    assert sum(cell[2] for cell in found["cells"]) == 2


def test_a_hostile_number_of_series_stays_small() -> None:
    rng = np.random.default_rng(1)
    places, table = specimens(rng, 3 * MOST_KEYS), measurements(rng, 3 * MOST_KEYS)
    names = pa.array([f"instrument {number}" for number in range(3 * MOST_KEYS)])
    table = table.set_column(table.schema.get_field_index("instrument"), "instrument", names)
    found = SampleTally().merge(SampleTally.of(places, table, doubted=np.array([]))).summary()
    assert len(found["series"]) == MOST_KEYS
    assert found["further"] == 2 * MOST_KEYS


def releases(rng: np.random.Generator, count: int) -> Any:
    quantities = np.where(rng.random(count) < 0.2, np.nan, rng.lognormal(3, 2, count))
    return pa.table(
        {
            "record": np.zeros(count, np.int64),
            "pollutant": rng.choice(["Pb", "NOx"], count),
            "contaminant_id": pa.array([None] * count, pa.string()),
            "medium": rng.choice(["air", "water"], count),
            "year": pa.array(rng.integers(2000, 2005, count)),
            "quantity_kg": pa.array(quantities, from_pandas=True),
        }
    )


def sources(rng: np.random.Generator, count: int) -> Any:
    shapes = [shapely.Point(7, 50), shapely.box(7, 50, 8, 51), shapely.LineString([(7, 50), (8, 51)])]
    return pa.table(
        {
            "row": np.arange(2, count + 2),
            "sector": rng.choice(["metals", "unknown"], count),
            "sector_original": [""] * count,
            "status": pa.array(rng.choice(["open", "closed"], count)),
            "geom": pa.array([shapely.to_wkb(shapes[place % 3]) for place in range(count)]),
        }
    )


@given(seeds, st.integers(0, 100))
@settings(max_examples=20)
def test_a_source_tally_is_the_same_in_any_cut(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    places, table = sources(rng, 100), releases(rng, 100)
    nothing = np.array([], np.int64)
    whole = SourceTally.of(places, table, doubted=nothing).summary()
    first = SourceTally.of(places.slice(0, cut), table.slice(0, cut), doubted=nothing)
    found = first.merge(SourceTally.of(places.slice(cut), table.slice(cut), doubted=nothing)).summary()
    for one, other in zip(found["released"], whole["released"], strict=True):
        assert one["kg"] == pytest.approx(other["kg"], rel=1e-12)
        one["kg"] = other["kg"]
    assert found == whole
    assert sum(year["releases"] for year in whole["years"]) == 100
    assert whole["places"]["loaded"]["cells"]


def test_a_summary_is_json() -> None:
    rng = np.random.default_rng(0)
    summary = SampleTally.of(specimens(rng, 50), measurements(rng, 50), doubted=np.array([2])).summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == json.loads(json.dumps(summary))
    assert json.dumps(SampleTally().summary(), allow_nan=False)
    assert json.dumps(SourceTally().summary(), allow_nan=False)
