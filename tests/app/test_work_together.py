"""Coexistence, indices, summaries and trends on a survey of campaigns: what they say, refuse and keep private."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy import Connection, Engine, select, text, update

from app.cli.choices import map_of
from app.limits import LimitError
from app.processes import process_called
from app.processes.inputs import checked_inputs
from app.settings import Settings
from app.work.coexistence import CoexistenceRequest, coexistence
from app.work.index_choice import chosen
from app.work.index_maps import IndexMapRequest, index_map
from app.work.indices import NAMES, IndexRequest, index_table
from app.work.orders import Bench
from app.work.summary import SummaryRequest, summaries, table
from app.work.trends import TrendRequest, trend_table
from db import migrate
from db.engine import Database
from db.selection import Selection
from db.several import read_several
from db.tables import dataset, surface
from db.visibility import hide_what_rests_on
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.plain_raster import PlainRaster

METALS = ("cadmium", "lead", "zinc")
LIMITS = (("cadmium", 1.0), ("lead", 40.0), ("zinc", 120.0))
PROFILE = """
[dataset]
name = "{name}"
title = "Campaigns"
licence = "CC0-1.0"
provider = "somebody"

[position]
crs = "EPSG:32633"
x = {{ column = "x" }}
y = {{ column = "y" }}

[specimen]
code = {{ column = "code" }}
site = {{ column = "site" }}
medium = {{ column = "medium" }}
sampled = {{ column = "day" }}

[measurements]
unit = "mg/kg"
digestion = "aqua-regia"
basis = "dry"
laboratory = {{ column = "laboratory" }}

[measurements.columns]
Cd = "cadmium"
Pb = "lead"
Zn = "zinc"
Al = "aluminium"
"""


def campaigns(
    folder: Path, name: str, years: tuple[int, ...], medium: str = "mineral-horizon", laboratory: str = "a"
) -> Path:
    """60 sites in each of the years; metals vary together and fall by 5 % a year; some cadmium is below 0.4."""
    rng = np.random.default_rng(11)
    xy = np.column_stack([500_000.0 + rng.uniform(0, 2_000, 60), 5_400_000.0 + rng.uniform(0, 2_000, 60)])
    shared = np.exp(1.2 * np.exp(-((xy - xy.mean(axis=0)) ** 2).sum(axis=1) / 5e5) + 0.3 * rng.standard_normal(60))
    lines = ["code,site,x,y,medium,day,laboratory,Cd,Pb,Zn,Al"]
    for year in years:
        for site in range(60):
            level = shared[site] * 0.95 ** (year - 2000) * np.exp(0.08 * rng.standard_normal(4))
            cadmium = f"{0.4 * level[0]:.3f}" if 0.4 * level[0] > 0.4 else "<0.4"
            values = f"{cadmium},{20 * level[1]:.2f},{60 * level[2]:.2f},{9000 * level[3] ** 0.1:.0f}"
            place = f"{xy[site, 0]:.1f},{xy[site, 1]:.1f}"
            lines.append(f"P{site}-{year},P{site},{place},{medium},{year}-06-01,{laboratory},{values}")
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.toml").write_text(PROFILE.format(name=name))
    return folder / f"{name}.csv"


@pytest.fixture(scope="module")
def engine(server: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("CREATE DATABASE edaphos_campaigns"))
    engine = Database(server.url.set(database="edaphos_campaigns")).engine()
    migrate.upgrade(engine)
    folder = tmp_path_factory.mktemp("campaigns")
    with engine.begin() as connection:
        load_vocabularies(connection)
        load(connection, campaigns(folder, "once", (2000,)))
        load(connection, campaigns(folder, "again", (2000, 2005, 2010)))
        load(connection, campaigns(folder, "humus", (2000,), "o-horizon"))
    yield engine
    engine.dispose()
    with administration.connect() as connection:
        connection.execute(text("DROP DATABASE edaphos_campaigns WITH (FORCE)"))
    administration.dispose()


def load(connection: Connection, file: Path) -> None:
    assert load_samples(connection, file, read_profile(file.with_suffix(".toml"))).rejected == 0


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


ONCE = Selection(dataset="once")
TOGETHER = CoexistenceRequest(ONCE, METALS, 200.0, LIMITS, realisations=40)


def test_several_contaminants_stand_side_by_side(connection: Connection) -> None:
    rows = read_several(connection, ONCE, METALS)
    assert rows.lower.shape == (60, 3)
    assert rows.complete.all()
    assert (rows.lower[:, 0] == 0.0).sum() == (rows.upper[:, 0] == 0.4).sum() > 0
    with pytest.raises(ValueError, match="no measurements of copper"):
        read_several(connection, ONCE, ("zinc", "copper"))
    with pytest.raises(ValueError, match=r"must not be pooled.*o-horizon"):
        read_several(connection, Selection(), ("zinc", "lead"))
    with pytest.raises(ValueError, match="different contaminants"):
        read_several(connection, ONCE, ("zinc", "zinc"))


def test_coexistence_is_mapped_kept_and_hidden_with_its_data(connection: Connection, settings: Settings) -> None:
    found = coexistence(settings, connection, TOGETHER)
    raster = PlainRaster.read(found.made.path)
    assert raster.band("at-least-2").shape == raster.grid.shape
    inside = np.isfinite(raster.band("at-least-1"))
    assert (raster.band("at-least-3") <= raster.band("at-least-1"))[inside].all()
    report = found.report
    assert report["below_detection"]["cadmium"] > 0
    assert report["at_least"][2]["area_m2"]["expected"] > report["at_least"][2]["area_if_independent_m2"]
    again = coexistence(settings, connection, TOGETHER)
    assert (again.made.id, again.made.created) == (found.made.id, False)
    assert again.to_dict()["exactly"] == found.to_dict()["exactly"]
    other = coexistence(settings, connection, replace(TOGETHER, limits=(*LIMITS[:2], ("zinc", 130.0))))
    assert other.made.id != found.made.id
    row = connection.execute(select(surface).where(surface.c.id == found.made.id)).mappings().one()
    assert (row["quantity"], row["contaminant_id"], row["visibility"]) == ("joint-exceedance", None, "public")
    hide_what_rests_on(connection, "once")
    seen = select(surface.c.visibility).where(surface.c.id == found.made.id)
    assert connection.execute(seen).scalar_one() == "private"


def test_a_private_survey_makes_a_private_map(connection: Connection, settings: Settings) -> None:
    connection.execute(update(dataset).where(dataset.c.name == "once").values(visibility="private"))
    with pytest.raises(ValueError, match="no measurements"):
        coexistence(settings, connection, TOGETHER)
    mine = replace(TOGETHER, selection=replace(ONCE, visibilities=("public", "private")))
    made = coexistence(settings, connection, mine).made
    seen = select(surface.c.visibility).where(surface.c.id == made.id)
    assert connection.execute(seen).scalar_one() == "private"


def test_a_derived_map_is_not_taken_for_one_of_concentrations(connection: Connection, settings: Settings) -> None:
    made = coexistence(settings, connection, TOGETHER).made
    with pytest.raises(ValueError, match="there is no map"):
        map_of(settings, connection, "zinc", made.id)


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [((("lead", 40.0), ("zinc", 120.0)), "cadmium: give either"), ((*LIMITS, ("gold", 1.0)), "gold is not among")],
)
def test_each_contaminant_needs_a_limit(
    connection: Connection, settings: Settings, limits: tuple[tuple[str, float], ...], complaint: str
) -> None:
    with pytest.raises(LimitError, match=complaint):
        coexistence(settings, connection, replace(TOGETHER, limits=limits))


@pytest.mark.parametrize("name", [each for each in NAMES if each != "cancer-risk"])
def test_every_index_of_a_survey(connection: Connection, name: str) -> None:
    metals = ("cadmium", "zinc") if name == "hazard-index" else METALS
    found = index_table(
        connection, IndexRequest(ONCE, metals, name, "data", limits=LIMITS if name == "toxic-units" else ())
    )
    assert len(found.table()) == 60
    assert (found.low <= found.high).all()
    assert all(sum(counts.values()) == 60 for counts in found.counts().values())
    assert found.to_dict()["source"]
    if name != "toxic-units":
        assert (found.low < found.high).any()


def test_backgrounds_of_another_ground_are_refused(connection: Connection) -> None:
    humus = IndexRequest(Selection(dataset="humus"), METALS, "nemerow", "rudnick-gao-2003")
    with pytest.raises(ValueError, match=r"samples are of o-horizon.*means nothing"):
        index_table(connection, humus)
    with pytest.raises(ValueError, match="same medium and procedure"):
        index_table(connection, replace(humus, background="data:once"))
    assert index_table(connection, replace(humus, background="data")).described["caveats"]
    with pytest.raises(ValueError, match="there is no background 'moon'"):
        index_table(connection, replace(humus, background="moon"))
    once = index_table(connection, IndexRequest(ONCE, METALS, "nemerow", "rudnick-gao-2003"))
    assert "total contents" in once.described["caveats"][0]


@pytest.mark.parametrize("name", ["nemerow", "potential-ecological-risk", "hazard-index"])
def test_an_index_of_all_together_is_mapped(connection: Connection, settings: Settings, name: str) -> None:
    index = IndexRequest(ONCE, ("cadmium", "zinc"), name, "data:again" if name == "nemerow" else "data")
    request = IndexMapRequest(index, 400.0, realisations=20)
    made = index_map(settings, connection, request)
    raster = PlainRaster.read(made.path)
    low, middle, high = (raster.band(each)[np.isfinite(raster.band(each))] for each in ("p05", "median", "p95"))
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert made.parameters["classes"]["source"]
    assert made.parameters["datasets"] == (["again", "once"] if name == "nemerow" else ["once"])
    assert not index_map(settings, connection, request).created


def test_all_contaminants_that_an_index_can_be_computed_of(connection: Connection) -> None:
    choice = chosen(connection, IndexRequest(ONCE, (), "potential-ecological-risk", "hakanson-1980"))
    assert choice.request.contaminants == METALS
    assert list(choice.left_out) == ["aluminium"]
    hazard = chosen(connection, IndexRequest(ONCE, (), "hazard-index"))
    assert hazard.request.contaminants == ("cadmium", "zinc")
    assert "lead has no reference dose" in hazard.left_out["lead"]
    enriched = chosen(connection, IndexRequest(ONCE, (), "enrichment-factor", "data"))
    assert enriched.request.contaminants == METALS
    with pytest.raises(ValueError, match="can be computed of no contaminant"):
        chosen(connection, IndexRequest(Selection(dataset="humus"), (), "nemerow", "rudnick-gao-2003"))


def test_an_index_of_one_contaminant_is_a_limit_of_its_map() -> None:
    with pytest.raises(ValueError, match="follows from a map of it"):
        IndexMapRequest(IndexRequest(ONCE, METALS, "geo-accumulation", "data"), 100.0)


def test_risk_is_refused_for_lead_and_told_for_others(connection: Connection) -> None:
    with pytest.raises(ValueError, match="lead has no reference dose"):
        index_table(connection, IndexRequest(ONCE, METALS, "hazard-index"))
    found = index_table(connection, IndexRequest(ONCE, ("cadmium", "zinc"), "hazard-index", exposure=(("years", 3.0),)))
    assert found.described["receptor"]["years"] == 3.0
    np.testing.assert_allclose(found.high[:, 2], found.high[:, :2].sum(axis=1))
    with pytest.raises(ValueError, match="no value from which a cancer-risk follows"):
        index_table(connection, IndexRequest(ONCE, ("zinc",), "cancer-risk"))
    own = IndexRequest(ONCE, ("zinc",), "cancer-risk", toxicity=(("zinc", "slope", 0.1),))
    assert "replaced: slope" in index_table(connection, own).described["toxicity"]["zinc"]["source"]


def test_summaries_never_pool(connection: Connection) -> None:
    found = summaries(connection, SummaryRequest(Selection(contaminant="cadmium")))
    assert [(each.dataset, each.summary is not None) for each in found] == [
        ("again", True),
        ("humus", True),
        ("once", True),
    ]
    assert "o-horizon" in found[1].population
    assert len({tuple(row) for row in table(found)}) == 1
    with pytest.raises(ValueError, match="no measurements"):
        summaries(connection, SummaryRequest(Selection(dataset="nothing")))
    with pytest.raises(ValueError, match="say which"):
        SummaryRequest(ONCE, levels=(1.0,))
    with pytest.raises(ValueError, match="from zero on, got -1"):
        SummaryRequest(Selection(contaminant="zinc"), levels=(-1.0,))
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        SummaryRequest(ONCE, substitute=2.0)


def test_campaigns_that_fall_improve(connection: Connection) -> None:
    found = trend_table(connection, TrendRequest(Selection(contaminant="zinc"), ("again",)))
    region = found.found.region
    assert region.verdict == "improving"
    assert region.low is not None
    assert region.high is not None
    assert region.low <= -0.05 <= region.high
    assert len(found.table()) == 60
    single = trend_table(connection, TrendRequest(Selection(contaminant="zinc"), ("again",), measurement_error=0.08))
    assert single.found.counts()["improving"] > 30


def test_another_laboratory_is_a_break_and_another_dataset_a_campaign(connection: Connection, tmp_path: Path) -> None:
    load(connection, campaigns(tmp_path, "late", (2015,)))
    load(connection, campaigns(tmp_path, "strange", (2020,), laboratory="b"))
    zinc = Selection(contaminant="zinc")
    found = trend_table(connection, TrendRequest(zinc, ("once", "late")))
    assert (found.found.region.verdict, len(found.table())) == ("improving", 60)
    broken = trend_table(connection, TrendRequest(zinc, ("once", "strange")))
    assert broken.found.region.verdict == "not testable"
    assert "a, digestion aqua-regia" in broken.table()[0]["breaks"]
    with pytest.raises(ValueError, match="must not be pooled"):
        trend_table(connection, TrendRequest(zinc, ("once", "humus")))
    with pytest.raises(ValueError, match="no measurements of zinc in nothing"):
        trend_table(connection, TrendRequest(zinc, ("nothing",)))


ASKED: dict[str, dict[str, Any]] = {
    "coexistence": {
        "contaminants": ["Cd", "lead", "Zn"],
        "dataset": "once",
        "resolution": 250,
        "limits": {"cadmium": 1, "Pb": 40, "zinc": 120},
        "realisations": 20,
    },
    "indices": {"contaminants": ["Cd", "Zn"], "dataset": "once", "index": "nemerow", "background": "data"},
    "index-map": {
        "contaminants": ["Cd", "Zn"],
        "dataset": "once",
        "index": "hazard-index",
        "resolution": 500,
        "realisations": 20,
    },
    "summary": {"dataset": "once", "contaminant": "Cd", "levels": [1.0]},
    "trends": {"contaminant": "zinc", "datasets": ["again"], "measurement_error": 0.1},
}


@pytest.mark.parametrize("name", ASKED)
def test_each_is_a_process_too(engine: Engine, settings: Settings, name: str) -> None:
    process = process_called(name)
    bench = Bench(settings, engine, lambda _done, _total: None)
    given = process.run(bench, checked_inputs(process.inputs, ASKED[name]))
    assert given.keys() == process.outputs.keys()
    orjson.dumps(dict(given), option=orjson.OPT_SERIALIZE_NUMPY)


def test_a_process_reads_no_files_of_the_server(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("contaminant,mg_per_kg,of,source\nZn,60,soil,x\nCd,1,soil,x\n")
    process = process_called("indices")
    asked = checked_inputs(process.inputs, ASKED["indices"] | {"background": str(tmp_path / "own.csv")})
    with pytest.raises(ValueError, match="there is no background"):
        process.run(Bench(settings, engine, lambda _done, _total: None), asked)
