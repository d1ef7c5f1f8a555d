"""Pages under any order: nothing lost, nothing repeated, the same backwards, and whatever is added in between."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from db.engine import Database
from db.questions import layer
from db.questions.hotspots import HOTSPOTS
from db.questions.layer import Layer
from db.questions.order import By, Page, Place
from db.questions.samples import MEASUREMENTS, SPECIMENS
from db.questions.sites import SITES
from db.selection import Selection
from tests.app.seed import scatter, seed

LAYERS = {"specimens": SPECIMENS, "measurements": MEASUREMENTS, "sites": SITES, "hotspots": HOTSPOTS}
ORDERS: dict[str, list[tuple[By, ...]]] = {
    "specimens": [
        (By("upper_depth_cm", descending=True),),
        (By("ph"), By("specimen", descending=True)),
        (By("dataset"),),
    ],
    "measurements": [(By("value", descending=True),), (By("censored"), By("value")), (By("upper", descending=True),)],
    "sites": [(By("specimens"),), (By("site", descending=True),)],
    "hotspots": [(By("assumptions"),), (By("mean_z"), By("mean_probability", descending=True))],
}
CASES = [(name, order) for name, orders in ORDERS.items() for order in orders]
EVERYTHING = Selection()


@pytest.fixture(scope="module")
def world(session_database: Database, meuse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    engine = session_database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        seed(connection, meuse, tmp_path_factory.mktemp("home"))
        yield connection
        transaction.rollback()
    engine.dispose()


def pages(
    connection: Connection, asked: Layer, order: tuple[By, ...], size: int, place: Place | None = None
) -> Iterator[list[int]]:
    """Keys page by page, from a place on, in the direction of the place."""
    while True:
        rows = connection.execute(layer.page(asked, EVERYTHING, Page(size, place, order))).all()
        yield [row.id for row in rows]
        if len(rows) < size:
            return
        place = Place(rows[-1].id, tuple(json.loads(rows[-1].sorted_by)), place is not None and place.backwards)


@pytest.mark.parametrize(("name", "order"), CASES)
def test_pages_are_the_whole_in_pieces(world: Connection, name: str, order: tuple[By, ...]) -> None:
    (whole,) = pages(world, LAYERS[name], order, 10_000)
    assert len(set(whole)) == len(whole)
    assert list(itertools.chain(*pages(world, LAYERS[name], order, 41))) == whole


@pytest.mark.parametrize(("name", "order"), CASES)
def test_the_way_back_is_the_way_there(world: Connection, name: str, order: tuple[By, ...]) -> None:
    (whole,) = pages(world, LAYERS[name], order, 10_000)
    last = world.execute(layer.page(LAYERS[name], EVERYTHING, Page(10_000, None, order))).all()[-1]
    place = Place(last.id, tuple(json.loads(last.sorted_by)), backwards=True)
    back = list(itertools.chain(*pages(world, LAYERS[name], order, 41, place)))
    assert back == whole[-2::-1]


def test_values_come_in_order_and_what_has_none_comes_last(world: Connection) -> None:
    for descending in (False, True):
        asked = Page(10_000, None, (By("value", descending),))
        rows = world.execute(layer.page(MEASUREMENTS, Selection(contaminant="cadmium"), asked)).all()
        values = [json.loads(row.properties)["value"] for row in rows]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=descending)
        assert values[: len(known)] == known
        assert len(known) < len(values)


def test_rows_added_between_pages_lose_and_repeat_nothing(world: Connection) -> None:
    order = (By("value"),)
    with world.begin_nested() as savepoint:
        before = next(pages(world, MEASUREMENTS, order, 10_000))
        turn = pages(world, MEASUREMENTS, order, 50)
        found = next(turn)
        scatter(world, [(5.74, 50.97 + step / 1000) for step in range(20)])
        found += itertools.chain(*turn)
        savepoint.rollback()
    assert len(set(found)) == len(found)
    assert set(before) <= set(found)


def test_a_place_of_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match="another order"):
        Page(10, Place(1, ("a",)), ())
