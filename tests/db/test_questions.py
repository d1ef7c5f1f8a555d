"""What the tables answer: pages without gaps, boxes over the antimeridian, and nothing private."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from db.engine import Database
from db.questions import layer
from db.questions.contaminants import contaminant_named
from db.questions.guideline_values import GUIDELINE_VALUES
from db.questions.hotspots import HOTSPOTS
from db.questions.layer import Layer
from db.questions.order import Page, Place
from db.questions.samples import samples
from db.questions.sites import SITES
from db.questions.sources import SOURCES
from db.questions.surfaces import surfaces
from db.selection import Bounds, Selection
from tests.app.seed import scatter, seed, zinc_guidelines

EVERYTHING = Selection()
ZINC = Selection(contaminant="zinc")
LAYERS: dict[str, tuple[Callable[[Selection], Layer], int]] = {
    "samples": (samples, 155),
    "sites": (lambda _: SITES, 155),
    "sources": (lambda _: SOURCES, 1),
    "hotspots": (lambda _: HOTSPOTS, 2),
    "guideline-values": (lambda _: GUIDELINE_VALUES, len(zinc_guidelines())),
}


@pytest.fixture(scope="module")
def seeded(session_database: Database, meuse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    engine = session_database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        seed(connection, meuse, tmp_path_factory.mktemp("home"))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.fixture
def world(seeded: Connection) -> Iterator[Connection]:
    """The seeded tables; what a test adds is taken back."""
    with seeded.begin_nested() as savepoint:
        yield seeded
        savepoint.rollback()


def read(connection: Connection, asked: Layer, selection: Selection, size: int = 1000) -> list[dict[str, Any]]:
    """All features by pages of `size`."""
    found: list[dict[str, Any]] = []
    place = None
    while True:
        rows = connection.execute(layer.page(asked, selection, Page(size, place))).all()
        found += [{"id": row.id, **json.loads(row.properties)} for row in rows]
        if len(rows) < size:
            return found
        place = Place(rows[-1].id)


@pytest.mark.parametrize("selection", [EVERYTHING, ZINC], ids=["all", "zinc"])
@pytest.mark.parametrize("name", LAYERS)
def test_pages_count_and_features_agree(world: Connection, name: str, selection: Selection) -> None:
    choose, expected = LAYERS[name]
    asked = choose(selection)
    whole = read(world, asked, selection)
    assert len(whole) == expected == world.execute(layer.count(asked, selection)).scalar_one()
    assert read(world, asked, selection, size=7) == whole
    assert world.execute(layer.one(asked, selection, whole[-1]["id"])).one().id == whole[-1]["id"]


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_private_is_told(world: Connection, name: str) -> None:
    choose, _ = LAYERS[name]
    for selection in (EVERYTHING, ZINC):
        told = json.dumps(read(world, choose(selection), selection))
        assert "secret" not in told.lower()
        assert "66666" not in told


def test_the_private_is_told_to_who_may_see_it(world: Connection) -> None:
    allowed = Selection(contaminant="zinc", visibilities=("public", "private"))
    values = [feature["value"] for feature in read(world, samples(allowed), allowed)]
    assert 66_666.0 in values
    assert len(values) == 156


def test_a_private_place_does_not_widen_the_extent(world: Connection) -> None:
    public = world.execute(layer.extent(samples(EVERYTHING), EVERYTHING)).one()
    assert public.west > 5.72
    assert public.east < 5.77
    assert public.first is None


def test_surfaces_are_listed_by_visibility(world: Connection) -> None:
    assert [row.id for row in world.execute(surfaces(("public",)))] == ["zinc-0a1b2c3d"]
    assert len(world.execute(surfaces(("public", "private"))).all()) == 2


@pytest.mark.parametrize("name", ["zinc", "Zn", "ZINC", "7440-66-6", "Zink", "zinc "])
def test_a_contaminant_goes_by_any_name(world: Connection, name: str) -> None:
    assert world.execute(contaminant_named(name)).scalars().first() == "zinc"


def test_an_unknown_contaminant_is_not_found(world: Connection) -> None:
    assert world.execute(contaminant_named("kryptonite")).first() is None


def test_a_censored_value_keeps_its_bounds_and_has_no_value(world: Connection) -> None:
    selection = Selection(contaminant="cadmium")
    features = read(world, samples(selection), selection)
    censored = [feature for feature in features if feature["censored"]]
    assert censored
    for feature in censored:
        assert (feature["value"], feature["lower"], feature["upper"]) == (None, 0.0, 0.2)


def test_a_box_over_the_antimeridian_is_the_union_of_its_halves(world: Connection) -> None:
    scatter(world, [(179.9, 0.0), (-179.9, 0.1), (180.0, 0.2), (-180.0, 0.3), (0.0, 0.0), (170.0, 0.0)])

    def codes(*boxes: Bounds) -> set[str]:
        selections = [Selection(contaminant="zinc", bounds=box) for box in boxes]
        return {feature["specimen"] for chosen in selections for feature in read(world, samples(chosen), chosen)}

    across = codes(Bounds(179.0, -1.0, -179.0, 1.0))
    assert across == codes(Bounds(179.0, -1.0, 180.0, 1.0), Bounds(-180.0, -1.0, -179.0, 1.0))
    assert across == {f"scattered-{number}" for number in range(4)}


def test_a_box_is_exact_beyond_single_precision(world: Connection) -> None:
    scatter(world, [(10.0, 10.0)])
    east_of_it = Selection(contaminant="zinc", bounds=Bounds(10.0 + 1e-9, 9.0, 11.0, 11.0))
    assert read(world, samples(east_of_it), east_of_it) == []
