"""The inventory's sources against samples in the tables: Meuse, its river and sources that are far or private."""

from collections.abc import Iterator

import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import Connection, Engine

from app.work.attribution import AttributionRequest, attribute, attribute_material
from app.work.material import gather
from db.selection import Selection
from db.tables import release, source
from tests.app.conftest import World
from tests.app.seed import TO_DEGREES, add, add_dataset, point

ZINC = Selection(contaminant="zinc", dataset="meuse")


@pytest.fixture
def bench(world: World) -> Iterator[Connection]:
    engine: Engine = world.database.engine()
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def add_plant(connection: Connection, name: str, x: float, y: float, *, visibility: str = "public") -> int:
    dataset = add_dataset(connection, f"plants-{name}", kind="sources", visibility=visibility)
    values = {"code": name, "name": name, "sector": "metals", "geom": point(*TO_DEGREES.transform(x, y))}
    return int(add(connection, source, dataset_id=dataset, source_row=2, **values))


def test_zinc_decays_from_the_river(bench: Connection) -> None:
    found = attribute(bench, AttributionRequest(ZINC, draws=199))
    assert found.why_not is None
    best = found.ranked()[0]
    assert (best.name, best.released) == ("River Meuse", "released")
    assert best.p is not None
    assert best.p < 0.01
    assert best.factor is not None
    assert best.factor > 1.5
    told = found.to_dict()
    assert told["sectors"][0]["curve"]["background"][0] < told["sectors"][0]["curve"]["median"][0]
    assert told["overall_p"] < 0.05


def test_a_source_of_nothing_known_ranks_behind_the_river(bench: Connection) -> None:
    plant = add_plant(bench, "smelter", 180_500.0, 331_500.0)
    material = gather(bench, ZINC)
    found = attribute_material(bench, material, draws=99)
    to_metres = Transformer.from_crs("EPSG:28992", material.projection.crs, always_xy=True)
    place = shapely.Point(to_metres.transform(179_600.0, 331_400.0)).buffer(100.0)
    river, other = found.likeliest(place, most=2)
    assert river.name == "River Meuse"
    assert (other.id, other.released, other.private) == (plant, "likely", False)


def test_private_sources_stay_out_of_public_answers(bench: Connection) -> None:
    add_plant(bench, "secret", 180_000.0, 331_000.0, visibility="private")
    found = attribute(bench, AttributionRequest(ZINC, draws=99))
    assert "secret" not in str(found.to_dict())


def test_without_sources_it_is_said(bench: Connection) -> None:
    bench.execute(release.delete())
    bench.execute(source.delete())
    found = attribute(bench, AttributionRequest(ZINC))
    assert found.why_not == "no test possible: no source of an inventory lies near"
    assert found.likeliest(shapely.Point(0, 0)) == ()
    assert found.to_dict()["ranked"] == []
