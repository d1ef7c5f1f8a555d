"""Maps that cannot be made are refused with a sentence, and nothing is left behind."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, func, select

from app.limits import Limit
from app.settings import Settings
from app.work.hotspot_catalogue import publish
from app.work.hotspots import regulatory
from app.work.maps import DAY, MapRequest, make_map
from app.work.material import gather
from db.selection import Selection
from db.tables import VISIBILITIES, hot_spot_run, surface
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies

WHAT = Selection(contaminant="nickel")
PROFILE = """[dataset]
name = "few"
title = "A few samples"
licence = "CC0-1.0"
provider = "nobody"
visibility = "{visibility}"
[position]
crs = "EPSG:25832"
x = { column = "x" }
y = { column = "y" }
[specimen]
medium = "mineral-horizon"
[measurements]
unit = "mg/kg"
digestion = "aqua-regia"
basis = "dry"
columns = { nickel = "nickel" }
"""


def load(connection: Connection, folder: Path, places: np.ndarray, visibility: str = "public") -> None:
    lines = [f"{500_000 + x},{5_600_000 + y},{5 + row % 4}" for row, (x, y) in enumerate(places)]
    (folder / "few.csv").write_text("\n".join(["x,y,nickel", *lines, ""]), encoding="utf-8")
    (folder / "few.toml").write_text(PROFILE.replace("{visibility}", visibility), encoding="utf-8")
    load_vocabularies(connection)
    load_samples(connection, folder / "few.csv", read_profile(str(folder / "few.toml")))


def square(places: int = 5) -> np.ndarray:
    return np.array([(100.0 * x, 90.0 * y) for x in range(places) for y in range(places)])


def number_of_maps(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(surface)).scalar_one()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_samples_along_a_line_with_coarse_cells_give_no_empty_map(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    load(connection, tmp_path, np.column_stack([37.0 * np.arange(20), np.zeros(20)]))
    with pytest.raises(ValueError, match="no cell of 50 m has its centre"):
        make_map(settings, connection, MapRequest(WHAT, 50.0))
    assert number_of_maps(connection) == 0
    assert make_map(settings, connection, MapRequest(WHAT, 10.0)).created


@pytest.mark.parametrize("metres", [1e5, 1e7, 1e9])
def test_cells_as_large_as_a_country_are_refused(
    connection: Connection, settings: Settings, tmp_path: Path, metres: float
) -> None:
    load(connection, tmp_path, square())
    with pytest.raises(ValueError, match="cell"):
        make_map(settings, connection, MapRequest(WHAT, metres))
    assert number_of_maps(connection) == 0


def test_an_area_beyond_the_samples_is_refused(connection: Connection, settings: Settings, tmp_path: Path) -> None:
    load(connection, tmp_path, square())
    far = tmp_path / "far.geojson"
    far.write_text(shapely.to_geojson(shapely.box(5.7, 50.9, 5.8, 51.0)), encoding="utf-8")
    with pytest.raises(ValueError, match=r"far\.geojson: the area lies beyond the samples"):
        make_map(settings, connection, MapRequest(WHAT, 50.0, far))


def test_a_title_tells_data_set_and_what_is_not_the_default(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    load(connection, tmp_path, square())
    plain = make_map(settings, connection, MapRequest(WHAT, 50.0))
    other = make_map(settings, connection, MapRequest(WHAT, 50.0, transform="identity", neighbours=9))
    assert plain.title == "nickel, few, ordinary kriging, 50 m"
    assert other.title == "nickel, few, ordinary kriging, identity scale, 9 neighbours, 50 m"


def test_what_a_killed_run_left_goes_after_a_day(connection: Connection, settings: Settings, tmp_path: Path) -> None:
    load(connection, tmp_path, square())
    old, new = (settings.surfaces / name for name in (".surface-old", ".surface-new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "surface.tif").touch()
    past = time.time() - DAY - 60
    for path in (old / "surface.tif", old):
        os.utime(path, (past, past))
    make_map(settings, connection, MapRequest(WHAT, 50.0))
    assert not old.exists()
    assert new.exists()


def seen(connection: Connection) -> set[str]:
    return {connection.execute(select(table.c.visibility).distinct()).scalar_one() for table in (surface, hot_spot_run)}


def test_what_was_made_from_a_data_set_follows_its_visibility(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    """A survey that is withdrawn takes its maps and hot spots along; shown again, they are when asked for again."""

    def make() -> bool:
        everything = Selection(contaminant="nickel", visibilities=VISIBILITIES)
        made = make_map(settings, connection, MapRequest(everything, 50.0))
        material = gather(connection, everything)
        published = publish(connection, material, regulatory(material, made, Limit(6.0, "a limit")))
        return made.created or published.created

    load(connection, tmp_path, square())
    assert make()
    assert seen(connection) == {"public"}
    load(connection, tmp_path, square(), "private")
    assert seen(connection) == {"private"}
    load(connection, tmp_path, square(), "public")
    assert seen(connection) == {"private"}
    assert not make()
    assert seen(connection) == {"public"}
