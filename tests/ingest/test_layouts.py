"""Known public layouts with their shipped profiles, on small made-up files: every row is accounted for."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from db.tables import measurement, release, source, specimen
from ingest.contaminants import shipped_contaminants
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.report import Report
from tests.ingest.workbooks import write_xlsx

Write = Callable[..., Path]
Rows = list[Sequence[object]]


def as_csv(*rows: Sequence[object]) -> str:
    def cell(value: object) -> str:
        text = str(value)
        return f'"{text}"' if "," in text else text

    return "\n".join(",".join(cell(value) for value in row) for row in rows) + "\n"


def rules(report: Report) -> dict[str, int]:
    found: dict[str, int] = {}
    for problem in report.problems:
        if problem.severity != "info":
            found[problem.rule] = found.get(problem.rule, 0) + problem.count
    return found


def measured(connection: Connection) -> list[tuple[Any, ...]]:
    statement = (
        select(specimen.c.code, measurement.c.contaminant_id, measurement.c.lower, measurement.c.upper)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .order_by(specimen.c.code, measurement.c.contaminant_id, measurement.c.lower)
    )
    return [tuple(row) for row in connection.execute(statement)]


SAMPLES: Rows = [
    ("#sys_sample_code", "sample_matrix_code", "sample_type_code", "parent_sample_code", "sample_date", "sys_loc_code",
     "start_depth", "end_depth", "depth_unit"),
    ("S1", "SO", "N", "", "05/13/2021", "L1", 0, 1, "ft"),
    ("S2", "SO", "N", "", "05/14/2021", "L2", 1, 2, "ft"),
    ("S2D", "SO", "FD", "S2", "05/14/2021", "L2", 1, 2, "ft"),
    ("S3", "SE", "N", "", "05/15/2021", "L9", 0, 1, "ft"),
    ("LB1", "SQ", "LB", "", "05/15/2021", "", "", "", ""),
]  # fmt: skip
LOCATIONS: Rows = [("#sys_loc_code", "latitude", "longitude"), ("L1", 40.1, -75.1), ("L2", 40.2, -75.2)]
OF_RESULT = ("#sys_sample_code", "chemical_name", "cas_rn", "result_value", "detect_flag", "interpreted_qualifiers",
             "reporting_detection_limit", "result_unit", "basis", "lab_anl_method_name", "prep_method",
             "reportable_result", "result_type_code")  # fmt: skip


def result(
    sample: str, name: str, cas: str, value: object, *flags: str, reported: str = "Yes", kind: str = "TRG"
) -> tuple[object, ...]:
    detected, qualifiers = flags or ("Y", "")
    return (sample, name, cas, value, detected, qualifiers, 0.5, "mg/kg", "Dry", "SW6010", "SW3050", reported, kind)


RESULTS: Rows = [
    OF_RESULT,
    result("S1", "Lead", "7439-92-1", 12.5),
    result("S1", "Arsenic", "7440-38-2", "", "N", "U"),
    result("S1", "Zinc", "7440-66-6", 80, "Y", "R"),
    result("S1", "Cadmium", "7440-43-9", 9, reported="No"),
    result("S2", "Lead", "7439-92-1", 20),
    result("S2", "Arsenic", "7440-38-2", 0.7, "N", "UJ"),
    result("S2D", "Lead", "7439-92-1", 21),
    result("S3", "Lead", "7439-92-1", 30),
    result("S8", "Lead", "7439-92-1", 30),
    result("LB1", "Lead", "7439-92-1", "", "N", "U"),
    result("S1", "Scandium", "7440-20-2", 98, kind="SUR"),
]


def edd_in_sheets(folder: Path) -> Path:
    sheets = {"TestResultQC_v3": RESULTS, "Sample_v3": SAMPLES, "Location_v1": LOCATIONS}
    return write_xlsx(folder / "edd.xlsx", sheets)


def edd_in_files(folder: Path) -> Path:
    own = folder / "edd"
    own.mkdir()
    for name, rows in (("TestResultQC_v3", RESULTS), ("Sample_v3", SAMPLES), ("Location_v1", LOCATIONS)):
        (own / f"J123_{name}.txt").write_text(as_csv(*rows))
    return own


@pytest.mark.parametrize("write", [edd_in_sheets, edd_in_files])
def test_a_laboratory_deliverable(connection: Connection, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    report = load_samples(connection, write(tmp_path), read_profile("equis-edd"))
    assert report.rows_in == 11
    assert report.loaded + report.rejected + report.duplicates == 11
    found = rules(report)
    assert {name: found[name] for name in ("no-partner", "left-out", "rejected-by-laboratory")} == {
        "no-partner": 2,
        "left-out": 2,
        "rejected-by-laboratory": 1,
    }
    assert measured(connection) == [
        ("S1", "arsenic", 0, 0.5),
        ("S1", "lead", 12.5, 12.5),
        ("S2", "arsenic", 0, 0.7),
        ("S2", "lead", 20, 20),
    ]
    rows = connection.execute(select(specimen).order_by(specimen.c.code)).all()
    assert [(row.code, row.sampled_from, row.lower_depth_cm) for row in rows] == [
        ("S1", date(2021, 5, 13), pytest.approx(30.48)),
        ("S2", date(2021, 5, 14), pytest.approx(60.96)),
    ]


GLOSIS: dict[str, Rows] = {
    "Plot Data": [("Location",), ("plot_code", "profile_code", "date", "longitude", "latitude", "Landuse"),
                  ("P1", "F1", "2020-05-01", 36.8, -1.3, "AA - Annual"), ("P2", "F2", "2020-05-02", 36.9, -1.2, "")],
    "Profile Data": [("Description",), ("profile_code", "WRB Soil Group"), ("F1", "Acrisol")],
    "Element Data": [("Description",), ("profile_code", "element_code", "type", "upper_depth", "lower_depth"),
                     ("F1", "E1", "Horizon", 0, 20), ("F1", "E2", "Horizon", 20, 50), ("F2", "E1", "Horizon", 0, 30)],
    "Specimen Data": [("profile_code", "element_code", "specimen_code", "Zn", "Cd", "pH"),
                      ("F1", "E1", "A", 0.005, "<0.0001", 6.5), ("F1", "E2", "B", 0.004, "", 6.7),
                      ("F2", "E1", "C", "", "", "")],
    "Procedures": [("soil_property", "property_phys_chem_id", "procedure_phys_chem_id", "unit_of_measure_id"),
                   ("Zn", "zincProperty", "Extr_ap14", "%"), ("Cd", "cadmiumProperty", "Extr_ap14", "%"),
                   ("pH", "pHProperty", "pHH2O", "pH")],
}  # fmt: skip


def test_the_glosis_workbook(connection: Connection, tmp_path: Path) -> None:
    report = load_samples(connection, write_xlsx(tmp_path / "g.xlsx", GLOSIS), read_profile("glosis"))
    assert (report.rows_in, report.loaded + report.rejected) == (6, 6)
    assert measured(connection) == [("A", "cadmium", 0, 1), ("A", "zinc", 50, 50), ("B", "zinc", 40, 40)]
    rows = connection.execute(select(specimen).order_by(specimen.c.code)).all()
    assert [(row.code, row.upper_depth_cm, row.lower_depth_cm) for row in rows] == [
        ("A", 0, 20),
        ("B", 20, 50),
        ("C", 0, 30),
    ]
    assert rules(report)["unknown-contaminant"] == 2


def observation(number: int, name: str, value: object, place: tuple[float, float]) -> dict[str, Any]:
    link = "https://example.org/v1.1/"
    return {
        "@iot.id": number,
        "@iot.selfLink": f"{link}Observations({number})",
        "phenomenonTime": "2021-05-03T10:00:00Z",
        "result": value,
        "Datastream": {
            "name": f"{name} in soil",
            "unitOfMeasurement": {"name": "milligram per kilogram", "symbol": "mg/kg", "definition": ""},
            "ObservedProperty": {"name": name, "definition": ""},
            "Sensor": {"name": "XRF"},
            "Thing": {"name": "Field 7"},
        },
        "FeatureOfInterest": {
            "name": f"sample {place[0]}",
            "encodingType": "application/geo+json",
            "feature": {"type": "Point", "coordinates": list(place)},
        },
    }


def in_observations(folder: Path) -> Path:
    own = folder / "pages"
    own.mkdir()
    pages = [
        [observation(1, "lead", 12, (5.5, 50.5)), observation(2, "zinc", "<5", (5.5, 50.5))],
        [observation(3, "lead", 14.5, (5.6, 50.6)), observation(2, "zinc", "<5", (5.5, 50.5))],
        [],
    ]
    for number, page in enumerate(pages):
        content = {"@iot.nextLink": "https://example.org/v1.1/Observations?$skip=2", "value": page}
        (own / f"page{number}.json").write_text(json.dumps(content))
    return own


def in_things(folder: Path) -> Path:
    def stream(name: str, *results: tuple[object, tuple[float, float]]) -> dict[str, Any]:
        observed = [observation(0, name, value, place) for value, place in results]
        keys = ("phenomenonTime", "result", "FeatureOfInterest")
        return {**observed[0]["Datastream"], "Observations": [{key: one[key] for key in keys} for one in observed]}

    content = {
        "value": [
            {
                "@iot.selfLink": "https://example.org/v1.1/Things(1)",
                "name": "Field 7",
                "Locations": [{"name": "field", "location": {"type": "Point", "coordinates": [5.4, 50.4]}}],
                "Datastreams": [
                    stream("lead", (12, (5.5, 50.5)), (14.5, (5.6, 50.6))),
                    stream("zinc", ("<5", (5.5, 50.5))),
                ],
            }
        ]
    }
    path = folder / "things.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(("write", "repeated"), [(in_observations, 1), (in_things, 0)])
def test_pages_of_sensorthings(
    connection: Connection, tmp_path: Path, write: Callable[[Path], Path], repeated: int
) -> None:
    report = load_samples(connection, write(tmp_path), read_profile("sensorthings"))
    assert (report.rows_in, report.loaded, report.duplicates) == (3 + repeated, 3, repeated)
    assert measured(connection) == [
        ("sample 5.5", "lead", 12, 12),
        ("sample 5.5", "zinc", 0, 5),
        ("sample 5.6", "lead", 14.5, 14.5),
    ]
    places = select(func.ST_X(specimen.c.geom), func.ST_Y(specimen.c.geom)).order_by(specimen.c.code)
    assert [tuple(place) for place in connection.execute(places)] == [(5.5, 50.5), (5.6, 50.6)]


FEATURES = """
[dataset]
name = "features"
title = "Pages of features"
licence = "CC0-1.0"
provider = "the tests"

[specimen]
code = { column = "id" }
medium = "mineral-horizon"

[measurements]
unit = "mg/kg"

[measurements.columns]
Pb = "lead"
"""


def test_pages_of_features(connection: Connection, write: Write, tmp_path: Path) -> None:
    own = tmp_path / "pages"
    own.mkdir()
    for page, places in enumerate([((5, 50), (6, 51)), ((6, 51), (7, 52)), ()]):
        features = [
            {
                "type": "Feature",
                "id": f"s.{x}",
                "geometry": {"type": "Point", "coordinates": [x, y]},
                "properties": {"Pb": x * 2},
            }
            for x, y in places
        ]
        links = [{"rel": "next", "href": "https://example.org/collections/s/items?offset=2"}]
        content = {"type": "FeatureCollection", "numberMatched": 3, "links": links, "features": features}
        (own / f"items-{page}.json").write_text(json.dumps(content))
    report = load_samples(connection, own, read_profile(write(FEATURES, "features.toml")))
    assert (report.rows_in, report.loaded, report.duplicates) == (4, 3, 1)
    assert measured(connection) == [("s.5", "lead", 10, 10), ("s.6", "lead", 12, 12), ("s.7", "lead", 14, 14)]


FACILITIES: Rows = [
    ("Facility_INSPIRE_ID", "nameOfFeature", "mainActivityCode", "pointGeometryLon", "pointGeometryLat"),
    ("DE.1", "Smelter", "2(e)(i)", 10.1, 50.1),
    ("DE.2", "Quiet works", "5(d)", 11.1, 51.1),
]
RELEASED: Rows = [
    ("Facility_INSPIRE_ID", "reportingYear", "pollutantName", "medium", "totalPollutantQuantityKg"),
    ("DE.1", 2017, "Lead and compounds (as Pb)", "AIR", 250),
    ("DE.1", 2018, "Lead and compounds (as Pb)", "AIR", 260.5),
    ("DE.1", 2018, "Methane (CH4)", "AIR", 1e6),
    ("DE.7", 2018, "Zinc and compounds (as Zn)", "WATER", 100),
]


def test_tables_of_the_european_register(connection: Connection, tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        "2f_PollutantRelease": RELEASED,
        "2_ProductionFacility": FACILITIES,
        "2a_ProductionFacilityDetails": [("a",)],
    }
    report = load_sources(connection, write_xlsx(tmp_path / "eea.xlsx", sheets), read_profile("eea-industrial"))
    assert (report.rows_in, report.loaded, report.rejected) == (5, 4, 1)
    assert rules(report) == {"no-partner": 1}
    rows = connection.execute(
        select(source.c.code, source.c.sector, release.c.contaminant_id, release.c.year, release.c.quantity_kg)
        .join(release, isouter=True)
        .order_by(source.c.code, release.c.contaminant_id, release.c.year)
    )
    assert [tuple(row) for row in rows] == [
        ("DE.1", "metals", "lead", 2017, 250),
        ("DE.1", "metals", "lead", 2018, 260.5),
        ("DE.1", "metals", None, 2018, 1e6),
        ("DE.2", "landfill", None, None, None),
    ]


TRI = ("1. YEAR", "2. TRIFD", "4. FACILITY NAME", "12. LATITUDE", "13. LONGITUDE", "{a}. PRIMARY NAICS",
       "{a}1. CHEMICAL", "{a}2. UNIT OF MEASURE", "{a}3. 5.1 - FUGITIVE AIR", "{a}4. 5.2 - STACK AIR",
       "{a}5. 5.3 - WATER", "{a}6. 5.4 - UNDERGROUND", "{a}7. 5.5.1 - LANDFILLS", "{a}8. 5.5.2 - LAND TREATMENT",
       "{a}9. 5.5.3 - SURFACE IMPNDMNT", "{a}0. 5.5.4 - OTHER DISPOSAL", "88. OFF-SITE RELEASE TOTAL")  # fmt: skip


def test_years_of_an_inventory_in_a_folder(connection: Connection, tmp_path: Path) -> None:
    own = tmp_path / "tri"
    own.mkdir()
    for year, number, name, latitude in ((2019, 3, "OLD NAME", 29.5), (2020, 4, "NEW NAME", 29.6)):
        headings = [heading.format(a=number) for heading in TRI]
        plant = (year, "32809X", name, latitude, -81.5, 325510)
        rows = [
            (*plant, "Lead And Lead Compounds", "Pounds", 10, 20, *[0] * 7),
            (*plant, "Dioxin and dioxin-like compounds", "Grams", 0.5, 0, *[0] * 7),
        ]
        (own / f"tri_{year}_us.csv").write_text(as_csv(headings, *rows))
    report = load_sources(connection, own, read_profile("us-tri-basic"))
    assert rules(report) == {"source-renamed": 2, "source-moved": 2}
    assert (report.rows_in, report.loaded, report.rejected) == (4, 4, 0)
    assert [tuple(row) for row in connection.execute(select(source.c.code, source.c.name))] == [("32809X", "NEW NAME")]
    found = connection.execute(
        select(release.c.pollutant, release.c.contaminant_id, release.c.year, release.c.quantity_kg)
        .where(release.c.medium == "fugitive air")
        .order_by(release.c.pollutant, release.c.year)
    )
    assert [(*row[:3], round(row[3], 9)) for row in found] == [
        ("Dioxin and dioxin-like compounds", None, 2019, 0.0005),
        ("Dioxin and dioxin-like compounds", None, 2020, 0.0005),
        ("Lead And Lead Compounds", "lead", 2019, 4.5359237),
        ("Lead And Lead Compounds", "lead", 2020, 4.5359237),
    ]
    (said,) = [problem for problem in report.problems if problem.rule == "compounds-as-element"]
    assert "counts lead with its compounds; the mass is that of the element" in said.message


REGISTERS: dict[str, tuple[str, Rows, list[tuple[Any, ...]]]] = {
    "superfund-npl": (
        "npl.csv",
        [
            ("Site Name", "Site Score", "Site EPA ID", "Status", "Latitude", "Longitude", "Listing Date"),
            ("Wood Preservers, Inc.", 42.31, "MDD1", "Deleted NPL Site", 39.16, -76.69, "06/10/1986"),
        ],
        [("MDD1", "contaminated-site", "Deleted NPL Site", date(1986, 6, 10), None)],
    ),
    "mrds": (
        "mrds.csv",
        [
            ("dep_id", "site_name", "latitude", "longitude", "commod1", "commod2", "commod3", "oper_type", "dev_stat"),
            (1, "Horse Mountain", 39.7, -106.2, "Uranium, Vanadium", "", "", "Unknown", "Occurrence"),
        ],
        [("1", "mining", "Occurrence", None, "uranium"), ("1", "mining", "Occurrence", None, "vanadium")],
    ),
    "lmop": (
        "lmop.xlsx",
        [
            (
                "Landfill ID",
                "Landfill Name",
                "State",
                "Latitude",
                "Longitude",
                "Ownership Type",
                "Current Landfill Status",
            ),
            (1994, "Anchorage", "AK", 61.3, -149.6, "Public", "Open"),
        ],
        [("1994", "landfill", "Open", None, None)],
    ),
}


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_of_sites_mines_and_landfills(
    connection: Connection, write: Write, tmp_path: Path, name: str
) -> None:
    file, rows, expected = REGISTERS[name]
    path = write_xlsx(tmp_path / file, {"LMOP Database": rows}) if file.endswith("xlsx") else write(as_csv(*rows), file)
    report = load_sources(connection, path, read_profile(name))
    assert (report.rows_in, report.loaded) == (1, 1)
    found = connection.execute(
        select(source.c.code, source.c.sector, source.c.status, source.c.status_since, release.c.contaminant_id)
        .join(release, isouter=True)
        .order_by(release.c.contaminant_id)
    )
    assert [tuple(row) for row in found] == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lead And Lead Compounds", ("lead", False)),
        ("Arsenic and compounds (as As)", ("arsenic", True)),
        ("Blei und Verbindungen (als Pb)", ("lead", True)),
        ("Chrome et ses composés", ("chromium", False)),
        ("Zinc compounds", ("zinc", False)),
        ("Nickel and compounds, expressed as Ni", ("nickel", True)),
        ("Dioxin and dioxin-like compounds", None),
        ("Volatile organic compounds", None),
        ("Lead", None),
        ("Mercury (and its compounds)", ("mercury", False)),
        ("Blei (und Verbindungen) (als Pb)", ("lead", True)),
        ("Dioxins (and furans)", None),
    ],
)
def test_elements_with_their_compounds(text: str, found: tuple[str, bool] | None) -> None:
    meant = shipped_contaminants().compounds(text)
    assert (None if meant is None else (meant.contaminant, meant.as_element)) == found


def test_the_same_keys_everywhere() -> None:
    profiles: Mapping[str, Any] = {name: read_profile(name) for name in ("eea-industrial", "eea-releases")}
    assert profiles["eea-industrial"].sources == profiles["eea-releases"].sources
