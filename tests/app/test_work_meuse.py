"""The main job on the Meuse, against what R gstat says of the same data."""

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rio_cogeo.cogeo import cog_validate
from sqlalchemy import Connection, Engine, func, select, update

from app.limits import Limit
from app.settings import Settings
from app.work.exceedance import areas_above
from app.work.hotspot_catalogue import publish
from app.work.hotspots import regulatory, statistical
from app.work.maps import MapRequest, make_map, rebuild
from app.work.material import gather
from app.work.published import PublishedMap
from db.engine import Database
from db.selection import Selection
from db.tables import dataset, hot_spot, hot_spot_run, layer_version, measurement, procedure, surface
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.surface import Surface

GSTAT = Path(__file__).resolve().parents[1] / "reference" / "gstat"
ZINC = Selection(contaminant="zinc")


def gstat_of(file: str, **where: str) -> list[dict[str, str]]:
    with (GSTAT / file).open(encoding="utf-8") as handle:
        return [row for row in csv.DictReader(handle) if all(row[key] == value for key, value in where.items())]


@pytest.fixture
def loaded(database: Database, meuse: Path) -> Iterator[Engine]:
    engine = database.engine()
    with engine.begin() as connection:
        load_vocabularies(connection)
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
        load_sources(connection, meuse / "meuse_river_outline.csv", read_profile("meuse-river"))
    yield engine
    engine.dispose()


@pytest.fixture
def connection(loaded: Engine) -> Iterator[Connection]:
    with loaded.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def zinc(settings: Settings, connection: Connection, meuse: Path) -> PublishedMap:
    return make_map(settings, connection, MapRequest(ZINC, 40.0, meuse / "study_area.geojson"))


def test_the_map_is_gstats(zinc: PublishedMap) -> None:
    # gstat's search stops a little short of the least squares (SSErr 9.01119440e-06, ours 9.01119432e-06): hence 1e-4.
    nugget, spherical = gstat_of("variogram_models.csv", name="logzinc_OK_Sph")
    components = {part["structure"]: part for part in zinc.parameters["model"]["covariance"]["terms"]}
    assert components["nugget"]["partial_sill"] == pytest.approx(float(nugget["psill"]), rel=1e-4)
    assert components["spherical"]["partial_sill"] == pytest.approx(float(spherical["psill"]), rel=1e-4)
    assert components["spherical"]["range"] == pytest.approx(float(spherical["range"]), rel=1e-4)
    (rmse,) = gstat_of("stats.csv", model="OK_Sph_global", what="cv_RMSE")
    assert zinc.scores["rmse"] == pytest.approx(float(rmse["value"]), rel=1e-5)
    read = Surface.read(zinc.path)
    expected = {(float(row["x"]), float(row["y"])): row for row in gstat_of("meuse_ok.csv")}
    mapped = np.isfinite(read.prediction.mean).ravel()
    assert mapped.sum() == len(expected) == 3103
    cells = read.grid.centres()[mapped]
    mean, variance = (np.array([float(expected[x, y][column]) for x, y in cells]) for column in ("pred", "var"))
    np.testing.assert_allclose(read.prediction.mean.ravel()[mapped], mean, rtol=1e-5)
    np.testing.assert_allclose(read.prediction.variance.ravel()[mapped], variance, rtol=1e-4)


def test_the_file_is_a_cloud_optimised_geotiff_that_gdal_reads(zinc: PublishedMap) -> None:
    valid, errors, warnings = cog_validate(zinc.path, strict=True)
    assert (valid, errors, warnings) == (True, [], [])
    told = subprocess.run(["gdalinfo", zinc.path], capture_output=True, text=True, check=True).stdout
    for phrase in ("RD New", "LAYOUT=COG", "EDAPHOS_PROVENANCE", "mean on the log scale", "Type=Float32"):
        assert phrase in told


def test_areas_carry_an_honest_interval(zinc: PublishedMap, connection: Connection) -> None:
    """With gstat's model the mean P(zinc > 720) on these cells is 0.132, the expected area 0.655 km²."""
    probability = Surface.read(zinc.path).prediction.exceedance(720.0)
    assert np.nanmean(probability) == pytest.approx(0.132, abs=0.0005)
    (above,) = areas_above(connection, zinc, [Limit(720.0, "720 mg/kg")])
    assert above.mapped == pytest.approx(3103 * 1600)
    assert above.area.expected == pytest.approx(0.655e6, rel=0.03)
    assert areas_above(connection, zinc, [Limit(720.0, "720 mg/kg")])[0] == above  # kept beside the map
    independent = 2 * 1.645 * 1600 * np.sqrt(np.nansum(probability * (1 - probability)))
    assert (above.area.high - above.area.low) / independent > 2.5


def test_making_it_again_changes_nothing(
    zinc: PublishedMap, settings: Settings, connection: Connection, meuse: Path
) -> None:
    before = zinc.path.stat().st_mtime_ns
    again = make_map(settings, connection, MapRequest(ZINC, 40.0, meuse / "study_area.geojson"))
    assert (again.created, again.id, again.path.stat().st_mtime_ns) == (False, zinc.id, before)
    assert dict(again.scores) == pytest.approx(dict(zinc.scores))
    assert connection.execute(select(func.count()).select_from(surface)).scalar() == 1


def test_a_lost_file_is_made_again(zinc: PublishedMap, settings: Settings, connection: Connection, meuse: Path) -> None:
    content = zinc.path.read_bytes()
    zinc.path.unlink()
    again = make_map(settings, connection, MapRequest(ZINC, 40.0, meuse / "study_area.geojson"))
    assert again.created
    assert again.path.read_bytes() == content


def test_the_model_is_rebuilt_from_the_catalogue(zinc: PublishedMap, connection: Connection) -> None:
    model = rebuild(connection, zinc)
    fitted, grid = model.fitted, model.grid
    surface_read = Surface.read(zinc.path)
    cell = np.argwhere(np.isfinite(surface_read.prediction.mean))[100]
    place = grid.centres().reshape(*grid.shape, 2)[tuple(cell)]
    assert fitted.predict([place]).mean[0] == pytest.approx(surface_read.prediction.mean[tuple(cell)], rel=1e-6)


def test_a_second_procedure_is_not_pooled_silently(connection: Connection) -> None:
    other = connection.execute(
        procedure.insert().values(digestion="aqua-regia", instrument="x").returning(procedure.c.id)
    ).scalar_one()
    some = select(measurement.c.id).where(measurement.c.contaminant_id == "zinc").limit(50)
    connection.execute(update(measurement).where(measurement.c.id.in_(some)).values(procedure_id=other))
    with pytest.raises(ValueError, match=r"must not be pooled.*aqua-regia.*unknown"):
        gather(connection, ZINC)
    assert len(gather(connection, Selection(contaminant="zinc", digestion="aqua-regia")).rows) == 50


def test_a_map_of_private_samples_is_private(settings: Settings, connection: Connection) -> None:
    connection.execute(update(dataset).values(visibility="private"))
    selection = Selection(contaminant="lead", visibilities=("public", "private"))
    made = make_map(settings, connection, MapRequest(selection, 100.0))
    assert connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar() == "private"
    with pytest.raises(ValueError, match="no measurements of lead"):
        gather(connection, Selection(contaminant="lead"))


def test_hot_spots_are_published_once_and_replaced_by_a_new_answer(zinc: PublishedMap, connection: Connection) -> None:
    material = gather(connection, ZINC)
    first = publish(connection, material, regulatory(material, zinc, Limit(720.0, "720 mg/kg")))
    again = publish(connection, material, regulatory(material, zinc, Limit(720.0, "720 mg/kg")))
    assert (first.created, again.created, again.run) == (True, False, first.run)
    clusters = publish(connection, material, statistical(material))
    assert clusters.created
    newer = publish(connection, material, statistical(material, seed=1))
    runs = connection.execute(select(hot_spot_run.c.id, hot_spot_run.c.kind)).all()
    assert set(runs) == {(first.run, "regulatory"), (newer.run, "statistical")}
    layer = select(layer_version.c.version).where(layer_version.c.layer == "hotspots")
    assert connection.execute(layer).scalar() == 3


def test_each_hot_spot_names_its_nearest_source(zinc: PublishedMap, connection: Connection) -> None:
    material = gather(connection, ZINC)
    publish(connection, material, regulatory(material, zinc, Limit(720.0, "720 mg/kg")))
    rows = connection.execute(select(hot_spot.c.nearest_source_id, hot_spot.c.nearest_source_m)).all()
    assert rows
    assert all(source is not None and 0 <= distance < 2_000 for source, distance in rows)


def test_three_classes_cover_the_map(zinc: PublishedMap, connection: Connection) -> None:
    finding = regulatory(gather(connection, ZINC), zinc, Limit(300.0, "300 mg/kg"))
    assert sum(finding.report["area_m2"].values()) == pytest.approx(3103 * 1600)
    assert all((spot.mean_probability or 0) > 0.8 for spot in finding.spots if spot.class_ == "exceeding")


def test_too_few_samples_are_no_test_and_no_row(connection: Connection) -> None:
    keep = select(measurement.c.id).where(measurement.c.contaminant_id == "zinc").order_by(measurement.c.id).limit(4)
    connection.execute(
        measurement.delete().where(measurement.c.contaminant_id == "zinc", measurement.c.id.not_in(keep))
    )
    material = gather(connection, ZINC)
    published = publish(connection, material, statistical(material))
    assert "no test possible: 4 samples" in (published.finding.why_not or "")
    assert connection.execute(select(func.count()).select_from(hot_spot_run)).scalar() == 0
