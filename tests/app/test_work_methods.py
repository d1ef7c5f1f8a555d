"""Maps by methods that need more than samples of one contaminant: others beside it, or limits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, select, update

from app.jobs import as_json, from_json
from app.limits import Limit
from app.settings import Settings
from app.work.comparison import ComparisonRequest, compare_methods
from app.work.exceedance import areas_above
from app.work.map_request import COKRIGING, INDICATORS, MapRequest
from app.work.maps import make_map, rebuild
from app.work.published import PublishedMap
from db.engine import Database
from db.selection import Selection
from db.tables import dataset, measurement, surface
from ingest.load import load_samples
from ingest.profile import read_profile
from mapping.plain_raster import PlainRaster
from mapping.surface import Surface

ZINC = Selection(contaminant="zinc", dataset="meuse")


@pytest.fixture(scope="module")
def loaded(session_database: Database, meuse: Path) -> Iterator[Connection]:
    """The Meuse survey, taken back after the module."""
    engine = session_database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.fixture
def connection(loaded: Connection) -> Iterator[Connection]:
    with loaded.begin_nested() as savepoint:
        yield loaded
        savepoint.rollback()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


def request(meuse: Path, **options: Any) -> MapRequest:
    return MapRequest(ZINC, 100.0, meuse / "study_area.geojson", **options)


@pytest.fixture(scope="module")
def cokriged(settings: Settings, loaded: Connection, meuse: Path) -> PublishedMap:
    return make_map(settings, loaded, request(meuse, method=COKRIGING, secondary=("lead", "copper")))


def test_a_cokriged_map_is_a_map_as_any(cokriged: PublishedMap, connection: Connection, settings: Settings) -> None:
    told = cokriged.parameters
    assert cokriged.title == "zinc, meuse, cokriging with lead + copper, 100 m"
    assert [each["contaminant"] for each in told["secondary"]] == ["lead", "copper"]
    assert told["model"]["correlation"]["lead"] > 0.8
    assert set(told["validation"]["scores"]) >= {"random", "blocked"}
    read, model = Surface.read(cokriged.path), rebuild(connection, cokriged)
    cells, _ = model.cells()
    mapped = np.isfinite(read.prediction.mean)
    np.testing.assert_allclose(model.model.predict(cells).mean, read.prediction.mean[mapped], rtol=1e-6)
    with pytest.raises(ValueError, match="is cokriged"):
        _ = model.fitted
    (above,) = areas_above(connection, cokriged, [Limit(500.0, "500 mg/kg")])
    expected = np.nansum(read.prediction.exceedance(500.0)) * 100.0**2
    assert above.area.expected == pytest.approx(expected, rel=0.05)
    assert above.area.low < expected < above.area.high


def test_the_same_cokriged_map_is_made_once(
    cokriged: PublishedMap, connection: Connection, settings: Settings, meuse: Path
) -> None:
    asked = request(meuse, method=COKRIGING, secondary=("lead", "copper"))
    assert make_map(settings, connection, asked).created is False
    assert from_json(json.loads(json.dumps(as_json(asked)))) == asked
    other = make_map(settings, connection, replace(asked, secondary=("lead",)))
    assert other.id != cokriged.id


def test_a_map_with_private_secondary_samples_is_private(
    settings: Settings, connection: Connection, meuse: Path
) -> None:
    """Lead is of a private dataset, zinc of a public one, both at the same places."""
    load_samples(connection, meuse / "meuse.csv", replace_name(read_profile("meuse"), "meuse-lead"))
    connection.execute(update(dataset).where(dataset.c.name == "meuse-lead").values(visibility="private"))
    numbers = {row.name: row.id for row in connection.execute(select(dataset.c.name, dataset.c.id))}
    for name, lost in (("meuse", "lead"), ("meuse-lead", "zinc")):
        gone = measurement.c.contaminant_id == lost
        connection.execute(measurement.delete().where(measurement.c.dataset_id == numbers[name], gone))
    both = Selection("zinc", visibilities=("public", "private"))
    asked = replace(request(meuse, method=COKRIGING, secondary=("lead",)), selection=both)
    made = make_map(settings, connection, asked)
    assert connection.execute(select(surface.c.visibility).where(surface.c.id == made.id)).scalar() == "private"
    assert made.parameters["datasets"] == ["meuse", "meuse-lead"]


def replace_name(profile: Any, name: str) -> Any:
    return profile.model_copy(update={"dataset": profile.dataset.model_copy(update={"name": name})})


def test_indicators_are_mapped_and_scored(settings: Settings, connection: Connection, meuse: Path) -> None:
    asked = request(meuse, method=INDICATORS, limits=(720.0, 200.0, 500.0))
    made = make_map(settings, connection, asked)
    raster = PlainRaster.read(made.path)
    assert [band.name for band in raster.bands] == ["above-200", "above-500", "above-720"]
    inside = np.isfinite(raster.values[0])
    assert ((raster.values[:, inside] >= 0) & (raster.values[:, inside] <= 1)).all()
    assert (np.diff(raster.values[:, inside], axis=0) <= 0).all()
    model = made.parameters["model"]
    assert (np.array(model["brier"]) < 0.75 * np.array(model["brier_of_share"])).all()
    again = make_map(settings, connection, asked)
    assert (again.created, again.id) == (False, made.id)
    with pytest.raises(ValueError, match="and 0 below"):
        make_map(settings, connection, request(meuse, method=INDICATORS, limits=(100.0,)))


def test_methods_are_compared(connection: Connection, tmp_path: Path) -> None:
    """On every third place of the flood plain."""
    connection.execute(measurement.delete().where(measurement.c.specimen_id % 3 > 0))
    found = compare_methods(tmp_path, connection, ComparisonRequest(ZINC, secondary=("lead",)))
    told = found.to_dict()
    scored = [score["method"] for score in told["scores"]]
    assert {"ordinary-kriging", "simple-kriging", "ordinary-kriging by reml", "inverse-distance"} <= set(scored)
    assert scored.index("ordinary-kriging by reml") < scored.index("nearest-sample")
    assert "cokriging with lead" in scored
    assert told["refused"] == {}
    assert json.dumps(told)


def test_methods_for_samples_without_variation_or_with_none_are_refused(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no measurements of mercury"):
        compare_methods(tmp_path, connection, ComparisonRequest(Selection("mercury")))
    with pytest.raises(ValueError, match="named once"):
        ComparisonRequest(ZINC, secondary=("zinc",))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"method": COKRIGING}, "needs the other contaminants"),
        ({"secondary": ("lead",)}, "only it takes them"),
        ({"method": COKRIGING, "secondary": ("lead", "lead")}, "named once"),
        ({"method": COKRIGING, "secondary": ("zinc",)}, "named once"),
        ({"method": COKRIGING, "secondary": ("lead",), "transform": "auto"}, "needs a scale that is given"),
        ({"method": COKRIGING, "secondary": ("lead",), "compressed": True}, "computed exactly"),
        ({"method": INDICATORS}, "needs the limits"),
        ({"limits": (5.0,)}, "needs the limits"),
        ({"method": INDICATORS, "limits": (float("inf"),)}, "finite limits"),
        ({"method": "gold"}, "known are ordinary-kriging"),
    ],
)
def test_what_does_not_go_together_is_said(meuse: Path, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        request(meuse, **options)
