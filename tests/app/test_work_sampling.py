"""Plans and gaps of a map of the Meuse: kept once, seen by who may see the map, written for the field."""

from collections.abc import Iterator
from pathlib import Path

import pyogrio
import pytest
import shapely
from sqlalchemy import Connection, func, select, update

from app.limits import Limit
from app.settings import Settings
from app.work.gaps import GapRequest, coverage, look_for_gaps, map_gaps
from app.work.maps import MapRequest, make_map
from app.work.published import PublishedMap
from app.work.sampling_plan import PlanRequest, plan_samples, write_sites
from db.engine import Database
from db.selection import Selection
from db.tables import planned_site, sampling_plan, surface
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.plain_raster import PlainRaster

LIMIT = Limit(500.0, "500 mg/kg")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture
def connection(database: Database, meuse: Path) -> Iterator[Connection]:
    engine = database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        load_vocabularies(connection)
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.fixture
def made(settings: Settings, connection: Connection) -> PublishedMap:
    return make_map(settings, connection, MapRequest(Selection(contaminant="zinc"), 200.0, fitted_by="wls"))


def test_a_plan_is_kept_once_and_goes_with_its_map(connection: Connection, made: PublishedMap) -> None:
    request = PlanRequest(4, LIMIT, spacing=150.0)
    first, again = (plan_samples(connection, made, request) for _ in range(2))
    assert first.created
    assert not again.created
    assert again.sites == first.sites
    assert [site.rank for site in first.sites] == [1, 2, 3, 4]
    report = first.report
    assert report["before"] - sum(site.gain for site in first.sites) == pytest.approx(report["after"])
    connection.execute(update(surface).values(visibility="private"))
    plan_samples(connection, made, request)
    assert connection.execute(select(sampling_plan.c.visibility)).scalar_one() == "private"
    connection.execute(surface.delete())
    assert connection.execute(select(func.count()).select_from(planned_site)).scalar_one() == 0


def test_what_is_avoided_and_what_is_offered(connection: Connection, made: PublishedMap) -> None:
    free = plan_samples(connection, made, PlanRequest(3))
    around = shapely.Point(free.sites[0].longitude, free.sites[0].latitude).buffer(0.002)
    other = plan_samples(connection, made, PlanRequest(3, avoid=around))
    assert not any(around.contains(shapely.Point(site.longitude, site.latitude)) for site in other.sites)
    offered = tuple((site.longitude, site.latitude) for site in other.sites[:2])
    chosen = plan_samples(connection, made, PlanRequest(2, candidates=offered))
    assert {(site.longitude, site.latitude) for site in chosen.sites} == set(offered)


def test_sites_are_written_for_the_field(connection: Connection, made: PublishedMap, tmp_path: Path) -> None:
    plan = plan_samples(connection, made, PlanRequest(3))
    for suffix in (".gpkg", ".gpx", ".geojson", ".csv"):
        file = tmp_path / f"sites{suffix}"
        write_sites(file, plan)
        read = pyogrio.read_dataframe(file, layer=pyogrio.list_layers(file)[0][0])
        assert len(read) == 3
        assert next(iter(read["name"])).endswith("-001")
    with pytest.raises(ValueError, match="by the suffix"):
        write_sites(tmp_path / "sites.docx", plan)


def test_gaps_become_a_map_and_areas(settings: Settings, connection: Connection, made: PublishedMap) -> None:
    found = map_gaps(settings, connection, made, GapRequest())
    assert found.made is not None
    raster = PlainRaster.read(found.made.path)
    assert raster.quantity == "data-gaps"
    assert not map_gaps(settings, connection, made, GapRequest()).made.created  # type: ignore[union-attr]
    alone = look_for_gaps(connection, made, GapRequest(radius=100.0, fewest=2))
    assert alone.report["gap_m2"] > found.report["gap_m2"]
    assert sum(area for _, area in alone.gaps) <= alone.report["gap_m2"] * (1 + 1e-9)


def test_what_was_never_measured_is_a_zero(connection: Connection) -> None:
    rows = coverage(connection, ("public",))
    assert {row.contaminant: row.measured for row in rows}["zinc"] == 155
    assert all(row.specimens == 155 for row in rows)
    assert coverage(connection, ()) == []
