"""The curve goes through every place once, and from each to one beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from db.tables import measurement, site, specimen
from ingest.curve import along_curve
from ingest.load import load_samples
from ingest.profile import Profile
from ingest.rows import FEWEST_TO_ORDER


@pytest.mark.parametrize("side", [2, 4, 16, 64])
def test_each_step_leads_to_a_neighbour(side: int) -> None:
    column, row = (each.ravel() for each in np.meshgrid(np.arange(side), np.arange(side)))
    order = along_curve((column + 0.5) / side * 360.0 - 180.0, (row + 0.5) / side * 180.0 - 90.0)
    assert sorted(order.tolist()) == list(range(side * side))
    steps = np.abs(np.diff(column[order])) + np.abs(np.diff(row[order]))
    assert (steps == 1).all()


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=60))
def test_any_places_have_an_order(places: list[tuple[float, float]]) -> None:
    xy = np.array(places, dtype=np.float64).reshape(-1, 2)
    assert sorted(along_curve(xy[:, 0], xy[:, 1]).tolist()) == list(range(len(xy)))


def test_equal_places_keep_their_order_and_unknown_ones_come_first() -> None:
    longitude = np.array([5.0, np.nan, 5.0, np.nan, 5.0])
    assert along_curve(longitude, np.where(np.isnan(longitude), np.nan, 50.0)).tolist() == [1, 3, 0, 2, 4]


def test_large_files_are_stored_along_the_ground(
    connection: Connection, write: Callable[..., Path], describe: Callable[..., Profile]
) -> None:
    """Neighbours follow each other, and every value stays with its specimen, its row and its place."""
    count = FEWEST_TO_ORDER + 500
    draw = np.random.default_rng(8)
    x, y = draw.uniform(5, 6, count).round(5), draw.uniform(50, 51, count).round(5)
    lines = [f"S{n},{x[n]},{y[n]},{n + 1}" for n in range(count)]
    profile = describe(specimen='code = { column = "code" }', columns='zinc = "zinc"')
    load_samples(connection, write("\n".join(["code,x,y,zinc", *lines]) + "\n"), profile)
    columns = (specimen.c.code, specimen.c.x_as_given, specimen.c.source_row, measurement.c.upper, site.c.code)
    joined = select(*columns).join(measurement, measurement.c.specimen_id == specimen.c.id)
    rows = connection.execute(joined.join(site, site.c.id == specimen.c.site_id).order_by(specimen.c.id)).all()
    numbers = np.array([int(code[1:]) for code, *_ in rows])
    assert sorted(numbers) == list(range(count))
    for number, (code, as_given, row, value, place) in zip(numbers, rows, strict=True):
        assert (code, as_given, row, value, place) == (f"S{number}", x[number], number + 2, number + 1, f"S{number}")
    assert _length(x[numbers], y[numbers]) < 0.1 * _length(x, y)


def _length(x: np.ndarray[tuple[int], np.dtype[np.float64]], y: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.hypot(np.diff(x), np.diff(y)).sum())
