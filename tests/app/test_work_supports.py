"""Limits against means over blocks and zones, on the Meuse."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from app.limits import Limit
from app.settings import Settings
from app.work.exceedance import areas_above, areas_of
from app.work.hotspot_search import HotspotRequest
from app.work.hotspots import regulatory
from app.work.maps import MapRequest, make_map
from app.work.material import gather
from app.work.published import PublishedMap
from app.work.supports import Support, means_over
from db.engine import Database
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile
from mapping.surface import Surface

LIMIT = Limit(500.0, "500 mg/kg")


@pytest.fixture(scope="module")
def connection(session_database: Database, meuse: Path) -> Iterator[Connection]:
    engine = session_database.engine()
    with engine.connect() as connection, connection.begin() as transaction:
        load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.fixture(scope="module")
def zinc(connection: Connection, meuse: Path, tmp_path_factory: pytest.TempPathFactory) -> PublishedMap:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return make_map(settings, connection, MapRequest(Selection("zinc"), 100.0, meuse / "study_area.geojson"))


def test_means_of_larger_blocks_vary_less_and_cover_the_same_ground(zinc: PublishedMap, connection: Connection) -> None:
    points = Surface.read(zinc.path)
    expected = np.nanmean(points.prediction.expected())
    spread = []
    for side in (100.0, 250.0, 800.0):
        means = means_over(connection, zinc, Support("block", side))
        assert means.area.sum() == pytest.approx(zinc_area(zinc), rel=0.05)
        assert np.average(means.simulation.values.mean(axis=0), weights=means.area) == pytest.approx(expected, rel=0.05)
        spread.append(float(np.average(means.simulation.values.std(axis=0), weights=means.area)))
        probability = means.on_grid(500.0)
        inside = np.isfinite(probability)
        assert inside.sum() == len(means.area)
        (above,) = areas_of(means, [LIMIT])
        np.testing.assert_allclose(probability[inside] @ means.area, above.area.expected, rtol=1e-6)
    assert spread == sorted(spread, reverse=True)
    (of_points,) = areas_above(connection, zinc, [LIMIT])
    assert spread[0] < np.nanmean(points.prediction.sd())
    assert of_points.area.expected > 0.0


def test_regulatory_hot_spots_of_blocks_are_fewer_and_say_so(zinc: PublishedMap, connection: Connection) -> None:
    """A mean exceeds a high limit in less of the area than single measurements do with doubt."""
    material, means = gather(connection, Selection("zinc")), means_over(connection, zinc, Support("block", 200.0))
    of_blocks, of_points = regulatory(material, zinc, LIMIT, means=means), regulatory(material, zinc, LIMIT)
    assert of_blocks.definition.startswith(f"Blocks of 200 m of map {zinc.id} whose mean exceeds 500 mg/kg")
    assert of_blocks.parameters["support"] == "block:200"
    blocks, points = of_blocks.report["area_m2"], of_points.report["area_m2"]
    assert sum(blocks.values()) == pytest.approx(np.isfinite(means.on_grid(500.0)).sum() * 200.0**2)
    share = blocks["undecided"] / sum(blocks.values())
    assert share < points["undecided"] / sum(points.values())
    selection = Selection("zinc")
    with pytest.raises(ValueError, match="only regulatory hot spots can be of blocks"):
        HotspotRequest(selection, limit=500.0, support=Support("zone-mean"))
    with pytest.raises(ValueError, match="only regulatory hot spots can be of blocks"):
        HotspotRequest(selection, support=Support("block", 100.0))


def zinc_area(made: PublishedMap) -> float:
    return float(np.isfinite(Surface.read(made.path).prediction.mean).sum() * 100.0**2)


def test_the_mean_of_the_whole_map_has_an_interval(zinc: PublishedMap, connection: Connection) -> None:
    means = means_over(connection, zinc, Support("zone-mean"))
    (zone,) = means.zones([LIMIT])
    expected = float(np.nanmean(Surface.read(zinc.path).prediction.expected()))
    assert zone["zone"] == "all of the map"
    assert zone["area_m2"] == pytest.approx(zinc_area(zinc))
    assert zone["low"] < expected < zone["high"]
    assert zone["mean"] == pytest.approx(expected, rel=0.03)
    assert zone["exceedance"] == [0.0]
    assert (zone["high"] - zone["low"]) < 0.3 * expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("volume", "support must be point, block:<metres>"),
        ("block", "support must be"),
        ("block:wide", "got 'block:wide'"),
        ("block:-5", "support must be"),
        ("point:5", "support must be"),
    ],
)
def test_a_support_that_there_is_not_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Support.parse(text)


@pytest.mark.parametrize("text", ["point", "block:100", "zone-mean", "zone-mean:counties", "zone-mean:a:b"])
def test_a_support_is_written_as_it_is_read(text: str) -> None:
    assert str(Support.parse(text)) == text


def test_what_has_no_mean_is_said(zinc: PublishedMap, connection: Connection) -> None:
    with pytest.raises(ValueError, match="no layer 'counties'"):
        means_over(connection, zinc, Support.parse("zone-mean:counties"))
    with pytest.raises(ValueError, match="points take too long"):
        means_over(connection, zinc, Support("block", 10.0))
