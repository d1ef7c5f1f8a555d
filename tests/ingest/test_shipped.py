"""The shipped profiles, on small made-up files of the layout they describe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyproj import Transformer
from sqlalchemy import Connection, func, select

from db.tables import control, measurement, release, site, source, specimen
from ingest.load import load_samples, load_sources, unload
from ingest.profile import SHIPPED, Profile, columns_of, read_profile
from ingest.report import Report
from tests.ingest.workbooks import write_xlsx

Write = Callable[..., Path]


def headings_of(profile: Profile) -> list[str]:
    """Every column that a profile reads, once, in the order in which it names them."""
    assert profile.position is not None
    measured = list(profile.measurements.columns) if profile.measurements else []
    return list(dict.fromkeys([*(column for _, column in columns_of(profile)), *measured]))


def table(profile: Profile, *rows: dict[str, object], delimiter: str = ",") -> str:
    headings = headings_of(profile)
    lines = [headings, *([str(row.get(name, "")) for name in headings] for row in rows)]
    return "\n".join(delimiter.join(line) for line in lines) + "\n"


def rules(report: Report) -> dict[str, int]:
    found: dict[str, int] = {}
    for problem in report.problems:
        if problem.severity != "info":
            found[problem.rule] = found.get(problem.rule, 0) + problem.count
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.toml")))
def test_every_shipped_profile_can_be_read(name: str) -> None:
    profile = read_profile(name)
    assert profile.dataset.licence != "?"
    assert (profile.sources is None) != (profile.measurements is None)


@pytest.mark.parametrize(
    ("name", "crs", "keys"), [("gemas", 3035, "Xcoord Ycoord"), ("trondelag", 32632, "E32wgs N32wgs")]
)
def test_two_pairs_of_coordinates(connection: Connection, write: Write, name: str, crs: int, keys: str) -> None:
    profile = read_profile(name)
    to_metres = Transformer.from_crs(4326, crs, always_xy=True)
    rows: list[dict[str, object]] = []
    for number, (shift, blank) in enumerate([(0, False), (90, False), (218, False), (111_000, False), (0, True)]):
        longitude, latitude = 11.0 + number / 10, 64.0
        x, y = to_metres.transform(longitude, latitude)
        shown = {"longitude": "", "latitude": ""} if blank else {"longitude": longitude, "latitude": latitude}
        second = dict(zip(keys.split(), (x, y + shift), strict=True))
        rows.append({**shown, **second, "Zn": 10 + number, "X.Medium": "OHO", "X.Loc_ID": f"S{number}"})
    report = load_samples(connection, write(table(profile, *rows)), profile)
    assert (report.rows_in, report.loaded) == (5, 5)
    assert rules(report) == {"two-positions": 2, "position-from-second": 1}
    apart = [problem.message for problem in report.problems if problem.rule == "two-positions"]
    # a metre of a projection is not quite one on the ground
    lengths = [float(message.split(" lies ")[1].split()[0]) for message in apart]
    assert lengths == pytest.approx([218, 111.0], rel=0.01)
    last = select(func.ST_X(specimen.c.geom), func.ST_Y(specimen.c.geom)).order_by(specimen.c.source_row.desc())
    place = connection.execute(last).first()
    assert place is not None
    assert tuple(place) == pytest.approx((11.4, 64.0), abs=1e-6)


def test_a_disagreement_can_be_made_a_reason_to_reject(connection: Connection, write: Write) -> None:
    text = (SHIPPED / "gemas.toml").read_text() + '\n[rules]\ntwo-positions = "reject"\n'
    profile = read_profile(write(text, "strict.toml"))
    rows: list[dict[str, object]] = [
        {"longitude": 10, "latitude": 52, "Xcoord": x, "Ycoord": 3210000, "Zn": 5} for x in (4321000, 4400000)
    ]
    report = load_samples(connection, write(table(profile, *rows)), profile)
    assert (report.loaded, report.rejected) == (1, 1)


def test_jura(connection: Connection, write: Write) -> None:
    profile = read_profile("jura")
    file = write(table(profile, {"long": 6.85, "lat": 47.14, "Landuse": "Meadow", "Cd": 1.74, "Zn": 92.56}))
    report = load_samples(connection, file, profile)
    assert report.measurements == {"cadmium": 1, "zinc": 1}
    assert connection.execute(select(specimen.c.land_use)).scalars().all() == ["Meadow"]


def test_large_point_sources(connection: Connection, write: Write) -> None:
    profile = read_profile("de-prtr-lps")
    common = {"GNFR": "B_Industry", "Longitude (deg)": "14,1", "Latitude (deg)": "53,2"}
    key = "E-PRTR/PRTR Facility ID"
    rows: list[dict[str, object]] = [
        {"LPS": "One", key: "1", "NOx (as NO2) (kt)": "0,167", "Pb (t)": "0,25", "HCB (kg)": "3", **common},
        {"LPS": "Two", key: "2", "PCDD/ PCDF (dioxins/ furans)(g I-Teq)": "0,5", **common},
        {"LPS": "Three", key: "3", **common, "GNFR": "Z_Unheard"},
    ]
    report = load_sources(connection, write(table(profile, *rows, delimiter="|")), profile)
    assert (report.rows_in, report.loaded) == (3, 3)
    assert rules(report) == {"unknown-sector": 1}
    columns = release.c
    statement = select(columns.pollutant, columns.contaminant_id, columns.quantity_kg, columns.original_unit)
    found = {row[0]: tuple(row[1:]) for row in connection.execute(statement)}
    assert found == {
        "NOx (as NO2)": (None, 167_000, "kt"),
        "lead": ("lead", 250, "t"),
        "HCB": ("hexachlorobenzene", 3, "kg"),
        "PCDD/PCDF (I-TEQ)": ("pcddf-i-teq", 0.0005, "g I-TEQ"),
    }
    sectors = connection.execute(select(source.c.sector, source.c.sector_original).order_by(source.c.code)).all()
    assert [tuple(row) for row in sectors] == [("industry", "B_Industry")] * 2 + [("unknown", "Z_Unheard")]


def test_releases_in_rows_of_their_own(connection: Connection, write: Write) -> None:
    profile = read_profile("us-tri-fl")
    plant = {"TRIFID": "32809X", "FACILITY_NAME": "Plant", "PRIMARY_NAICS": 325510, "YEAR": 2024}
    place = {"LONGITUDE": -81.4, "LATITUDE": 28.4}
    amounts = {"ON_SITE_RELEASE_TOTAL": 2, "OFF_SITE_RELEASE_TOTAL": 0}
    rows: list[dict[str, object]] = [
        {**plant, **place, **amounts, "CHEMICAL": "Lead"},
        {**plant, **place, **amounts, "CHEMICAL": "Dioxin and dioxin-like compounds"},
        {**plant, **place, "CHEMICAL": "Lead", "ON_SITE_RELEASE_TOTAL": 7},
        {**plant, **place, **amounts, "CHEMICAL": "Zinc", "LATITUDE": 29.4},
    ]
    report = load_sources(connection, write(table(profile, *rows)), profile)
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (4, 3, 1, 0)
    assert rules(report) == {"duplicate-release": 1, "duplicate-code": 1}
    assert [tuple(row) for row in connection.execute(select(source.c.code, source.c.sector))] == [
        ("32809X", "chemicals")
    ]
    found = connection.execute(
        select(release.c.pollutant, release.c.quantity_kg)
        .where(release.c.medium == "on-site")
        .order_by(release.c.pollutant)
    ).all()
    assert [row.quantity_kg for row in found] == pytest.approx([0.002, 0.90718474])


NOTES: list[list[object]] = [["MANDATORY"], ["DEFINITION"]]
GSQ: dict[str, list[list[object]]] = {
    "SURFACE_SAMPLE": [
        ["FIELD", "SAMPLE_ID", "SAMPLE_MATERIAL", "SOIL_PH", "EASTING", "NORTHING", "COLLECTION_DATE"],
        *NOTES,
        ["", "S1", "SOIL", 6.5, 500000, 8000000, "01/02/2020"],
        ["", "S2", "SEDIMENT", "", 501000, 8001000, "2020-02-03"],
        ["", "S3", "SOIL", "", 502000, 8002000, "01/02/2020"],
    ],
    "GEOCHEMISTRY_META": [
        ["FIELD", "LABORATORY", "ASSAY_CODE", "ANALYTE", "UNIT_OF_MEASURE", "LOWER_DETECTION_LIMIT", "ACCURACY"],
        *NOTES,
        ["", "Lab", "IC587", "As", "ppm", "0.1", ""],
        ["", "Lab", "IC587", "K2O", "%", "0.01", ""],
        ["", "Lab", "FA50", "Au", "ppb", "1", ""],
    ],
    "SAMPLE_GEOCHEMISTRY": [
        ["FIELD", "JOB NUMBER", "SAMPLE_ID", "IC587_As", "IC587_K2O", "FA50_Au"],
        *NOTES,
        ["", "J1", "S1", 2.4, 1.0, "<1"],
        ["", "J1", "S1", 2.6, "", ""],
        ["", "J1", "S2", "nd", "", 7],
        ["", "J1", "S9", 5, "", ""],
    ],
    "QAQC_GEOCHEMISTY": [
        ["FIELD", "QAQC_TYPE", "ORIG_SAMPLE_ID", "JOB_NUMBER", "SAMPLE_ID", "IC587_As"],
        *NOTES,
        ["", "STANDARD", "S1", "J1", "S1A", 99],
    ],
}


def test_the_queensland_workbook(connection: Connection, tmp_path: Path) -> None:
    profile = read_profile("gsq-template")
    report = load_samples(connection, write_xlsx(tmp_path / "job.xlsx", GSQ), profile)
    assert (report.rows_in, report.loaded, report.rejected) == (9, 8, 1)
    assert report.measurements == {"arsenic": 3, "gold": 2, "potassium": 1}
    assert rules(report) == {"position-missing": 1}
    assert connection.execute(select(control.c.kind, control.c.code, control.c.lower)).all() == [
        ("reference-material", "S1A", 99.0)
    ]
    rows = connection.execute(
        select(
            specimen.c.code,
            measurement.c.contaminant_id,
            measurement.c.replicate,
            measurement.c.lower,
            measurement.c.upper,
        )
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .order_by(specimen.c.code, measurement.c.contaminant_id, measurement.c.replicate)
    ).all()
    potassium = 10_000 * 2 * 39.0983 / (2 * 39.0983 + 15.999)
    assert [tuple(row[:3]) for row in rows] == [
        ("S1", "arsenic", 1),
        ("S1", "arsenic", 2),
        ("S1", "gold", 1),
        ("S1", "potassium", 1),
        ("S2", "arsenic", 1),
        ("S2", "gold", 1),
    ]
    bounds = [(2.4, 2.4), (2.6, 2.6), (0, 0.001), (potassium, potassium), (0, 0.1), (0.007, 0.007)]
    assert [tuple(row[3:]) for row in rows] == [pytest.approx(bound) for bound in bounds]
    assert connection.execute(select(func.count()).select_from(specimen)).scalar_one() == 3


def test_a_dataset_taken_out_leaves_nothing_behind(connection: Connection, write: Write, tmp_path: Path) -> None:
    load_samples(connection, write_xlsx(tmp_path / "job.xlsx", GSQ), read_profile("gsq-template"))
    removed = unload(connection, "gsq-template")
    assert (removed.kind, removed.count) == ("samples", 3)
    for rows in (site, specimen, measurement):
        assert connection.execute(select(func.count()).select_from(rows)).scalar_one() == 0
    with pytest.raises(ValueError, match="there is no dataset 'gsq-template'; loaded are none"):
        unload(connection, "gsq-template")
