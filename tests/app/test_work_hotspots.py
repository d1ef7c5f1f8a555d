"""Searches for hot spots on the Meuse: every kind and statistic, published, shown, hidden with what they rest on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, func, select, update

from app.settings import Settings
from app.work.hotspot_catalogue import PublishedFinding
from app.work.hotspot_search import KINDS, STATISTICS, HotspotRequest, find_hotspots
from app.work.maps import MapRequest, make_map
from app.work.neighbourhoods import KINDS as NEIGHBOURS
from app.work.neighbourhoods import Chosen, Neighbourhood
from app.work.published import PublishedMap
from db.questions.hotspots import HOTSPOTS
from db.selection import Selection
from db.tables import dataset, hot_spot, hot_spot_run, source, surface
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.hotspots import NotTestable
from mapping.plain_raster import PlainRaster
from mapping.samples import Samples

ZINC = Selection(contaminant="zinc")
NEEDED = {"scan": 500.0, "dbscan": 500.0, "hdbscan": 500.0}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def zinc(settings: Settings, connection: Connection, meuse: Path) -> PublishedMap:
    load_vocabularies(connection)
    load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    load_sources(connection, meuse / "meuse_river_outline.csv", read_profile("meuse-river"))
    return make_map(settings, connection, MapRequest(ZINC, 80.0, meuse / "study_area.geojson"))


def search(settings: Settings, connection: Connection, made: PublishedMap | None, **asked: Any) -> PublishedFinding:
    answer = find_hotspots(settings, connection, HotspotRequest(ZINC, **asked), made)
    return answer.findings[-1]


def shown(connection: Connection, selection: Selection = ZINC) -> list[Mapping[str, Any]]:
    columns = [column.label(name) for name, column in HOTSPOTS.properties(selection).items()]
    query = select(*columns).select_from(HOTSPOTS.rows).where(*HOTSPOTS.conditions(selection))
    return [dict(row) for row in connection.execute(query.order_by(hot_spot.c.id)).mappings()]


def test_every_kind_and_statistic_is_published_and_shown(
    settings: Settings, connection: Connection, zinc: PublishedMap
) -> None:
    found = [search(settings, connection, zinc, statistic=name, limit=NEEDED.get(name)) for name in STATISTICS[:3]]
    found += [
        search(settings, connection, zinc, kinds=("statistical",), statistic=name, limit=500.0)
        for name in STATISTICS[3:]
    ]
    found += [search(settings, connection, zinc, kinds=(kind,), limit=500.0) for kind in KINDS[1:]]
    assert [one.finding.why_not for one in found] == [None] * len(found)
    runs = connection.execute(select(hot_spot_run.c.kind, hot_spot_run.c.statistic)).all()
    assert {statistic for _, statistic in runs} == {*STATISTICS, "probability", "local-background", "simulation"}
    assert len(runs) == len(found)
    rows = shown(connection)
    assert len(rows) == sum(len(one.finding.spots) for one in found)
    for row in rows:
        assert row["definition"]
        assert row["area_m2"] > 0
        if row["statistic"] == "simulation":
            assert row["area_low_m2"] <= row["expected_area_m2"] <= row["area_high_m2"]
            assert row["existence"] >= row["mean_probability"] >= 0.5
    high = [
        row for row in rows if row["class"] in ("hot", "exceeding") and row["statistic"] in ("gi-star", "simulation")
    ]
    assert high
    assert all(row["likeliest_sources"] and row["nearest_source"] for row in high)
    told = [one.to_dict() for one in found]
    assert not [value for one in told for spot in one["spots"] for value in spot.values() if value != value]  # noqa: PLR0124


def test_a_simulated_hot_spot_is_a_map_too(settings: Settings, connection: Connection, zinc: PublishedMap) -> None:
    first = search(settings, connection, zinc, kinds=("simulated",), limit=500.0, smallest_m2=20_000.0)
    again = search(settings, connection, zinc, kinds=("simulated",), limit=500.0, smallest_m2=20_000.0)
    assert (first.created, again.created, again.run) == (True, False, first.run)
    made = first.finding.raster
    assert made is not None
    row = connection.execute(select(surface).where(surface.c.id == made.id)).mappings().one()
    assert (row["quantity"], row["contaminant_id"], row["visibility"]) == ("hot-spot-probability", "zinc", "public")
    read = PlainRaster.read(made.path)
    values = read.values[np.isfinite(read.values)]
    assert 0 <= values.min() < values.max() <= 1
    assert first.finding.spots[0].area_m2 >= 20_000 * 0.1


def test_hot_spots_and_sources_are_hidden_with_what_they_rest_on(
    settings: Settings, connection: Connection, zinc: PublishedMap
) -> None:
    search(settings, connection, zinc)
    assert any(row["likeliest_sources"] for row in shown(connection))
    secret = connection.execute(select(source.c.dataset_id).limit(1)).scalar_one()
    connection.execute(update(dataset).where(dataset.c.id == secret).values(visibility="private"))
    hidden = shown(connection)
    assert hidden
    assert not any(row["likeliest_sources"] or row["nearest_source"] for row in hidden)
    everything = Selection(contaminant="zinc", visibilities=("public", "private"))
    assert any(row["likeliest_sources"] and row["nearest_source"] for row in shown(connection, everything))
    connection.execute(update(surface).values(visibility="private"))
    private = search(settings, connection, zinc, kinds=("anomalous", "simulated"), limit=500.0)
    assert private.finding.raster is not None
    seen = select(func.count()).select_from(hot_spot_run).where(hot_spot_run.c.visibility == "public")
    assert connection.execute(seen).scalar() == 1
    kept = select(surface.c.visibility).where(surface.c.id == private.finding.raster.id)
    assert connection.execute(kept).scalar() == "private"


def test_samples_are_searched_without_a_map(settings: Settings, connection: Connection, zinc: PublishedMap) -> None:
    alone = search(settings, connection, None)
    assert alone.finding.report["hot_samples"] > 0
    with pytest.raises(ValueError, match="there is no map of zinc"):
        search(settings, connection, None, kinds=("anomalous",))
    for asked, said in (
        ({"kinds": ("odd",)}, "no kind of hot spot is called 'odd'"),
        ({"statistic": "odd"}, "no statistic is called 'odd'"),
        ({"kinds": ("simulated",)}, "simulated: hot spots above a limit need a limit"),
        ({"statistic": "scan"}, "scan: hot spots above a limit need a limit"),
        ({"false_discovery_rate": 2.0}, "between 0 and 1"),
        ({"smallest_m2": -1.0}, "smallest area"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(ValueError, match=said):
            HotspotRequest(ZINC, **asked)
    nothing = search(settings, connection, zinc, kinds=("statistical",), statistic="scan", limit=1e6)
    assert "no sample exceeds" in (nothing.finding.why_not or "")
    assert nothing.run is None


@pytest.mark.parametrize("kind", NEIGHBOURS)
@pytest.mark.parametrize("band", [None, "700", "profile"])
def test_neighbours_are_chosen_as_asked(kind: str, band: str | None) -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 5000, (200, 2))
    samples = Samples.measured(xy, np.exp(xy[:, 0] / 2000 + 0.5 * rng.normal(size=200)))
    if kind == "nearest" and band is not None:
        with pytest.raises(ValueError, match="take no band"):
            Neighbourhood.parse(kind, band)
        return
    chosen = Neighbourhood.parse(kind, band).chosen(samples)
    assert isinstance(chosen, Chosen)
    assert (chosen.caveats != ()) == (band == "profile")
    assert ("profile" in chosen.report) == (band == "profile")
    if band == "700":
        assert chosen.graph.band == 700
    if band == "profile":
        assert "Exploratory" in chosen.caveats[0]
        noise = Samples.measured(xy, rng.normal(size=200))
        assert isinstance(Neighbourhood.parse(kind, band).chosen(noise), NotTestable)


@pytest.mark.parametrize(
    ("neighbours", "band", "said"),
    [
        ("far", None, "'far' is not known"),
        ("nearest:many", None, "only nearest takes a number"),
        ("band:3", None, "only nearest takes a number"),
        ("nearest:0", None, "at least one"),
        ("band", "nan", "above zero"),
        ("band", "-5", "above zero"),
        ("band", "wide", "or the word profile"),
    ],
)
def test_what_is_no_neighbourhood_is_said(neighbours: str, band: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Neighbourhood.parse(neighbours, band)
