"""Pollution sources: points with what they release, and an outline that is one source."""

from collections.abc import Callable
from pathlib import Path

import geopandas
import pytest
import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import Connection, select

from db.tables import release, source
from db.versions import versions
from ingest.errors import IngestError
from ingest.load import load_sources
from ingest.profile import ProfileError, read_profile

Write = Callable[..., Path]

INVENTORY = """
[dataset]
name = "plants"
title = "Plants"
licence = "CC0-1.0"
provider = "the tests"

[file]
decimal = ","

[position]
crs = "EPSG:4326"
x = { column = "Longitude" }
y = { column = "Latitude" }

[sources]
code = { column = "ID" }
name = { column = "Name" }
sector = { column = "GNFR", values = { B_Industry = "industry", J_Waste = "waste" } }
sector_original = { column = "GNFR" }
releases = [
    { pollutant = "Blei", medium = "air", year = 2017.0, quantity = { column = "Pb (t)" }, unit = "t" },
    { pollutant = "NOx", medium = "air", year = 2017.0, quantity = { column = "NOx (kt)" }, unit = "kt" },
]
"""
PLANTS = """ID|Name|GNFR|Longitude|Latitude|Pb (t)|NOx (kt)
1|One|B_Industry|14,14|53,2|0,25|0,5
1|One|B_Industry|14,14|53,2|0,25|0,5
2|Two|J_Waste|10,3|47,7||
3|Three|B_Industry|53,2|214,14|1|
4|Four|B_Industry|10,3|47,7|much|0
1|Other|B_Industry|10|50|1|
"""


def test_the_meuse_is_one_diffuse_area(connection: Connection, meuse: Path) -> None:
    report = load_sources(connection, meuse / "meuse_river_outline.csv", read_profile("meuse-river"))
    assert (report.kind, report.rows_in, report.loaded, report.rejected) == ("sources", 176, 176, 0)
    rows = connection.execute(select(source)).all()
    assert [(row.name, row.sector, row.diffuse) for row in rows] == [("Meuse", "flood-sediment", True)]
    outline = to_shape(rows[0].geom)
    assert isinstance(outline, shapely.Polygon)
    assert len(set(outline.exterior.coords)) == 175
    found = connection.execute(select(release.c.contaminant_id, release.c.quantity_kg)).all()
    assert sorted(tuple(row) for row in found) == [(name, None) for name in ("cadmium", "copper", "lead", "zinc")]
    assert load_sources(connection, meuse / "meuse_river_outline.csv", read_profile("meuse-river")).unchanged
    assert [row.version for row in connection.execute(versions()) if row.layer == "sources"] == [1]


def test_one_source_per_row_with_its_releases_in_kg(connection: Connection, write: Write) -> None:
    report = load_sources(connection, write(PLANTS), read_profile(write(INVENTORY, "plants.toml")))
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (6, 3, 2, 1)
    assert report.measurements == {"NOx": 2, "lead": 1}
    assert {problem.rule for problem in report.problems if problem.severity == "reject"} == {
        "position-outside",
        "not-a-number",
        "duplicate-code",
    }
    found = connection.execute(
        select(source.c.code, source.c.sector, release.c.pollutant, release.c.contaminant_id, release.c.quantity_kg)
        .join(release, isouter=True)
        .order_by(source.c.code, release.c.pollutant)
    )
    assert [tuple(row) for row in found] == [
        ("1", "industry", "Blei", "lead", 250),
        ("1", "industry", "NOx", None, 500_000),
        ("2", "waste", None, None, None),
        ("4", "industry", "NOx", None, 0),
    ]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (
            "5,50\n6,50\n6,51\n500,51\n",
            "the outline cannot do without a row; row 5, column x, y: '500 51' lies more than",
        ),
        ("5,50\n6,50\n", "a polygon needs at least 3 different points"),
        ("5,50\n6,51\n6,50\n5,51\n", "the outline is not a polygon: Self-intersection"),
    ],
)
def test_an_outline_is_whole_or_refused(connection: Connection, write: Write, rows: str, complaint: str) -> None:
    text = read_profile("meuse-river").to_dict()
    profile = type(read_profile("meuse-river")).model_validate(
        text | {"position": text["position"] | {"crs": "EPSG:4326"}}
    )
    with pytest.raises(IngestError) as refusal:
        load_sources(connection, write("x,y\n" + rows), profile)
    assert complaint in str(refusal.value)


def test_a_unit_that_is_no_mass_is_refused(connection: Connection, write: Write) -> None:
    profile = read_profile(write(INVENTORY.replace('unit = "kt"', 'unit = "litres"'), "plants.toml"))
    with pytest.raises(ProfileError, match=r"sources.releases: unit 'litres' is not a mass"):
        load_sources(connection, write(PLANTS), profile)


def test_an_outline_reads_nothing_but_positions(write: Write) -> None:
    text = INVENTORY.replace("[sources]", '[sources]\ngeometry = "line"')
    with pytest.raises(ProfileError, match="the rows draw one line, so nothing but the position"):
        read_profile(write(text, "plants.toml"))


AREAS = """
[dataset]
name = "areas"
title = "Areas"
licence = "CC0-1.0"
provider = "the tests"

[sources]
geometry = "file"
code = { column = "code" }
name = { column = "title" }
sector = "mining"
"""


def test_points_lines_and_areas_of_a_geographic_file(connection: Connection, write: Write, tmp_path: Path) -> None:
    shapes = [
        shapely.Point(500_000, 5_500_000),
        shapely.LineString([(500_000, 5_500_000), (501_000, 5_501_000)]),
        shapely.box(500_000, 5_500_000, 502_000, 5_502_000),
        None,
    ]
    content = {"code": list("ABCD"), "title": ["shaft", "road", "pit", "nowhere"]}
    file = tmp_path / "areas.gpkg"
    geopandas.GeoDataFrame(content, geometry=shapes, crs=32632).to_file(file)
    report = load_sources(connection, file, read_profile(write(AREAS, "areas.toml")))
    assert (report.rows_in, report.loaded, report.rejected) == (4, 3, 1)
    stored = [to_shape(geom) for geom in connection.execute(select(source.c.geom).order_by(source.c.code)).scalars()]
    assert [shape.geom_type for shape in stored] == ["Point", "LineString", "Polygon"]
    back = geopandas.GeoSeries(stored, crs=4326).to_crs(32632)
    assert (back[0].x, back[0].y) == pytest.approx((500_000, 5_500_000), abs=0.01)
    assert stored[0].x == pytest.approx(9.0)  # the middle of zone 32
    assert back[2].area == pytest.approx(4e6, rel=1e-6)
