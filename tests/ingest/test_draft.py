"""Drafts of surveys never seen: what is guessed has a reason, and with its questions answered a draft loads."""

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from db.tables import measurement, site, specimen
from ingest.contaminants import shipped_contaminants
from ingest.draft import draft_profile
from ingest.draft.contents import content_of
from ingest.draft.grid import Layout, layout_of
from ingest.draft.inventories import medium_said
from ingest.draft.words import IN_SO_MANY_WORDS, meaning_score, meanings
from ingest.headings import split_heading
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from tests.ingest.workbooks import write_xlsx

Write = Callable[..., Path]

# name: (text, encoding, answers to what is open, rows, measurements)
SURVEYS: dict[str, tuple[str, str, dict[str, str], int, dict[str, int]]] = {
    "german": (
        ("Bodenschutzprogramm 2019;;;;;;;;\nStand: 3.4.2020;;;;;;;;\n"
        "Proben-Nr.;Rechtswert (UTM32);Hochwert (UTM32);Tiefe [cm];Datum;Nutzung;Blei [mg/kg TM];"
        "Cadmium [mg/kg TM];Hg (µg/kg)\n"
        "P1;605000,5;5800000,2;0-30;03.05.2019;Acker;12,5;<0,1;45\n"
        "P2;605100,5;5800100,2;0-30;04.05.2019;Grünland;22,5;0,3;50\n"
        "P3;605200,5;5800300,2;30-60;24.05.2019;Acker;9;0,2;12\n"
        "Mittelwert;;;;;;14,7;0,25;28\n"),
        "cp1252", {}, 3, {"lead": 3, "cadmium": 3, "mercury": 3},
    ),
    "french": (
        ("Code échantillon;X_L93;Y_L93;Profondeur min (cm);Profondeur max (cm);Date de prélèvement;"
        "Plomb (mg/kg MS);Zinc (mg/kg MS)\n"
        "E1;650000;6860000;0;20;12/05/2018;35;120\nE2;651000;6861000;0;20;25/05/2018;55;<90\n"),
        "utf-8", {}, 2, {"lead": 2, "zinc": 2},
    ),
    "spanish": (
        ('Muestra,Latitud,Longitud,Fecha,Plomo (mg/kg p.s.),Níquel (ppm)\n'
        'M1,"37°23\'15,5""N","5°59\'02,1""O",12/03/2020,45,12\n'
        'M2,"37°24\'00""N","6°00\'30""O",15/03/2020,60,<5\n'),
        "utf-8", {}, 2, {"lead": 2, "nickel": 2},
    ),
    "portuguese": (
        ("Amostra;Leste;Norte;Profundidade;Chumbo (mg/kg);Zinco (mg/kg);Ferro (%)\n"
        "A1;620000;7780000;0-20;15,2;80;4,2\nA2;621000;7781000;20-40;17,1;85;3,9\n"),
        "utf-8", {"crs": "EPSG:31983"}, 2, {"lead": 2, "zinc": 2, "iron": 2},
    ),
    "russian": (
        ("Номер пробы;Широта;Долгота;Глубина;Свинец, мг/кг;Цинк, мг/кг\n1;55,75;37,61;0-20;32,1;100\n"
        "2;55,76;37,62;0-20;<5;110\n"),
        "cp1251", {}, 2, {"lead": 2, "zinc": 2},
    ),
    "chinese": (
        ("样品编号,经度,纬度,采样日期,铅(mg/kg),镉(mg/kg),pH值\nS1,116.3,39.9,2020-05-01,25,0.12,7.8\n"
        "S2,116.4,39.8,2020-05-02,30,0.2,7.9\n"),
        "gb18030", {}, 2, {"lead": 2, "cadmium": 2},
    ),
    "long, a zone in each row": (
        ("SampleID,Easting,Northing,UTM zone,Top depth (m),Bottom depth (m),Analyte,CAS No,Result,Units,Qualifier,"
        "MDL,Method\n"
        "A1,500000,5500000,32N,0,0.3,Lead,7439-92-1,12,mg/kg,,0.5,Aqua regia ICP-MS\n"
        "A1,500000,5500000,32N,0,0.3,Zinc,7440-66-6,80,mg/kg,,1,Aqua regia ICP-MS\n"
        "B1,500000,5500000,33N,0,0.3,Lead,7439-92-1,0.5,mg/kg,U,0.5,Aqua regia ICP-MS\n"),
        "utf-8", {}, 3, {"lead": 2, "zinc": 1},
    ),
    "methods side by side": (
        ("ID,LON,LAT,Pb_AR_mg_kg,Pb_XRF_mg_kg,As_INAA_ppm,K2O_XRF_pct,Au_ppb_FA\n1,-3.5,51.5,12,15,3.5,2.1,<1\n"
        "2,-3.6,51.6,14,18,3.9,2.2,2\n3,-3.7,51.7,-999,18,3.9,2.2,2\n"),
        "utf-8", {}, 3, {"lead": 5, "arsenic": 3, "potassium": 3, "gold": 3},
    ),
    "four media side by side": (
        "ID,XCOO,YCOO,MOSS_Zn,MOSS_Pb,HUM_Zn,HUM_Pb,BHO_Zn,BHO_Pb,CHO_Zn,CHO_Pb\n,m,m," + ",".join(["mg/kg"] * 8) + "\n"
        "1,400000,7600000,30,3.3,48,20,16,4,20,3\n2,410000,7610000,31,3.4,49,21,17,5,21,4\n",
        "utf-8", {"crs": "EPSG:32636"}, 8, {"zinc": 8, "lead": 8},
    ),
    "limits above, means below": (
        ("Table 3. Contents of soils\nSample,Latitude,Longitude,As,Cd\nUnit,deg,deg,mg/kg,mg/kg\nLOD,,,0.1,0.05\n"
        "S1,48.1,16.2,5.2,0.2\nS2,48.2,16.3,<LOD,0.3\nS3,48.3,16.4,4.1,<LOD\nMean,,,4.6,0.25\n"),
        "utf-8", {}, 3, {"arsenic": 3, "cadmium": 3},
    ),
    "flags and limits beside": (
        ("id,lon,lat,Pb,Pb_flag,Cd (mg/kg),CdCen,Cd_LOD,As mg/kg\n"
        "1,5,50,12,,0.2,FALSE,0.1,nd\n2,5.1,50,5,<,0.1,TRUE,0.1,3\n"),
        "utf-8",
        {"unit": "ppm"},
        2,
        {"lead": 2, "cadmium": 2, "arsenic": 1},
    ),
    "axes swapped": ("id,lat,lon,Zn ppm\na,151.2,-33.8,80\nb,150.9,-33.9,90\n", "utf-8", {}, 2, {"zinc": 2}),
    "feet": (
        "SampleNo,X (ft),Y (ft),Lead mg/kg\n1,981000,220000,250\n2,982000,221000,310\n",
        "utf-8", {"crs": "EPSG:2263"}, 2, {"lead": 2},
    ),
    "words nobody knows beside those that count": (
        ("BARCODE_ID;POINT_ID;TH_LAT;TH_LONG;SURVEY_DATE;LC1;Clay_0_20 (%);Cd [mg/kg];Hg [µg/kg];Date of analysis\n"
        "20001;360018;47.51;14.52;16/05/2009;B11;22;0.3;45;01/02/2010\n"
        "20002;360019;47.61;14.62;17/05/2009;B12;25;0.4;40;02/02/2010\n"),
        "utf-8", {}, 2, {"cadmium": 2, "mercury": 2},
    ),
    "metres without a word for them": (
        ("id_site;x_theo;y_theo;occup;Profondeur sup;Profondeur inf;date_complete;pb_tot_hf;zn_tot_hf;ph_eau_6_1\n"
        "1;652000;6862000;prairie;0;30;2003-05-01;31,5;88,2;6,1\n2;668000;6862000;bois;0;30;2003-05-02;25;70;5,2\n"),
        "utf-8", {"crs": "EPSG:2154", "unit": "mg/kg"}, 2, {"lead": 2, "zinc": 2},
    ),
    "on its side, with units and limits": (
        ("Sample ID,,,BH01,BH01,BH02,TP03\nLatitude,,,51.1,51.1,51.2,51.3\nLongitude,,,0.1,0.1,0.2,0.3\n"
        "Depth (m),,,0.2,1.0,0.5,0.3\nDate sampled,,,01/03/2021,01/03/2021,02/03/2021,02/03/2021\n"
        "Determinand,Units,LOD,,,,\nHeavy metals,,,,,,\nArsenic,mg/kg,1,12,8,15,22\nLead,mg/kg,2,150,<2,88,410\n"
        "Benzo(a)pyrene,mg/kg,0.1,1.2,<0.1,0.4,3.5\n"),
        "utf-8", {}, 4, {"arsenic": 4, "lead": 4, "benzo-a-pyrene": 4},
    ),
    "the Water Quality Exchange, what was not detected without a unit": (
        ("ActivityIdentifier,ActivityMediaName,ActivityStartDate,MonitoringLocationIdentifier,"
        "ResultDetectionConditionText,CharacteristicName,ResultMeasureValue,ResultMeasure/MeasureUnitCode,"
        "DetectionQuantitationLimitMeasure/MeasureValue,LatitudeMeasure,LongitudeMeasure\n"
        "A1,Soil,2015-06-01,L1,Not Detected,Arsenic,,,0.5,40.1,-105.1\n"
        "A1,Soil,2015-06-01,L1,,Lead,21.5,mg/kg,0.5,40.1,-105.1\n"
        "A2,Soil,2015-06-02,L2,,Arsenic,7.5,mg/kg,0.5,40.2,-105.2\n"),
        "utf-8", {}, 3, {"arsenic": 2, "lead": 1},
    ),
    "polish": (
        ("Nr próbki;Długość geograficzna;Szerokość geograficzna;Głębokość;Użytkowanie;Ołów [mg/kg s.m.];"
        "Kadm [mg/kg s.m.]\nP1;20,01;50,01;0-20;łąka;25,5;<0,5\nP2;20,02;50,02;0-20;pole;35,5;0,8\n"),
        "cp1250", {}, 2, {"lead": 2, "cadmium": 2},
    ),
    "italian": (
        ("Codice campione;Coord. X (UTM33-WGS84);Coord. Y (UTM33-WGS84);Profondità da (m);Profondità a (m);"
        "Data prelievo;Arsenico (mg/kg s.s.);Piombo (mg/kg s.s.)\nC1;290000;4640000;0;0,2;11/05/2016;8,1;< 1\n"
        "C2;290100;4640150;0;0,2;21/05/2016;9,4;35,2\n"),
        "utf-8", {}, 2, {"arsenic": 2, "lead": 2},
    ),
    "minutes in columns": (
        ("ID,Lat_deg,Lat_min,Lat_sec,Lat_NS,Lon_deg,Lon_min,Lon_sec,Lon_EW,Pb ppm\n1,33,52,10.5,S,151,12,30,E,25\n"
        "2,33,53,11.5,S,151,13,31,E,35\n"),
        "utf-8", {}, 2, {"lead": 2},
    ),
}  # fmt: skip


def answered(toml: str, answers: dict[str, str]) -> str:
    """The draft with what it asks for filled in."""
    text = toml.replace('crs = "?"', f'crs = "{answers.get("crs", "")}"')
    text = text.replace('\nunit = "?"', f'\nunit = "{answers.get("unit", "?")}"')
    return text.replace('medium = "?"', 'medium = "mineral-horizon"').replace('"?"', '"unknown"')


@pytest.mark.parametrize("name", SURVEYS)
def test_a_draft_loads_when_its_questions_are_answered(connection: Connection, write: Write, name: str) -> None:
    text, encoding, answers, rows, measurements = SURVEYS[name]
    file = write(text, "survey.csv", encoding)
    draft = draft_profile(file, shipped_contaminants())
    asked = " ".join(draft.open_questions)
    for key in re.findall(r'^(\w+) = "\?"', draft.toml, re.MULTILINE):
        assert key in asked, f"{key} is open, and nobody is asked for it"
    assert "medium" in asked or "media" in asked
    report = load_samples(connection, file, read_profile(write(answered(draft.toml, answers), "drafted.toml")))
    assert (report.rows_in, report.loaded, report.rejected) == (rows, rows, 0), report.problems
    assert report.measurements == measurements


def test_bounds_of_a_table_on_its_side(connection: Connection, write: Write) -> None:
    text, encoding, answers, *_ = SURVEYS["on its side, with units and limits"]
    file = write(text, "lab.csv", encoding)
    drafted = answered(draft_profile(file, shipped_contaminants()).toml, answers)
    load_samples(connection, file, read_profile(write(drafted, "drafted.toml")))
    columns = (specimen.c.lower_depth_cm, measurement.c.lower, measurement.c.upper, measurement.c.source_row)
    lead = select(*columns).join(measurement, measurement.c.specimen_id == specimen.c.id)
    found = connection.execute(lead.where(measurement.c.contaminant_id == "lead").order_by(measurement.c.source_row))
    assert [tuple(row) for row in found] == [(20, 150, 150, 4), (100, 0, 2, 5), (50, 88, 88, 6), (30, 410, 410, 7)]
    assert connection.execute(select(site.c.code).order_by(site.c.code)).scalars().all() == ["BH01", "BH02", "TP03"]


def test_sheets_that_belong_together(connection: Connection, write: Write, tmp_path: Path) -> None:
    sheets: dict[str, list[Sequence[object]]] = {
        "Read me": [["This is a survey"], ["by nobody"]],
        "Locations": [["LocID", "Longitude", "Latitude"], ["L1", 5.1, 50.1], ["L2", 5.2, 50.2]],
        "Samples": [["SampleID", "LocID", "Depth from (cm)", "Depth to (cm)"], ["S1", "L1", 0, 10],
                    ["S2", "L2", 0, 10]],
        "Results": [["SampleID", "Element", "Value", "Unit"], ["S1", "Pb", 12, "mg/kg"], ["S1", "Zn", 50, "mg/kg"],
                    ["S2", "Pb", "<5", "mg/kg"]],
    }  # fmt: skip
    file = write_xlsx(tmp_path / "survey.xlsx", sheets)
    draft = draft_profile(file, shipped_contaminants())
    drafted = tomllib.loads(draft.toml)
    assert [join["table"] for join in drafted["file"]["joins"]] == ["Samples", "Locations"]
    report = load_samples(connection, file, read_profile(write(answered(draft.toml, {}), "drafted.toml")))
    assert report.measurements == {"lead": 2, "zinc": 1}


INVENTORIES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "register": (
        ("Site EPA ID,Site Name,Status,Listing Date,Latitude,Longitude,Contaminants of concern\n"
        'M1,Wood,Deleted,06/10/1986,39.16,-76.69,"Arsenic; Chromium"\nM2,Other,Final,12/30/1990,39.2,-76.7,Lead\n'),
        2, {"code": {"column": "Site EPA ID"}, "status": {"column": "Status"}},
    ),
    "German register": (
        ("Kennziffer;Bezeichnung des Standorts;Branche;Bearbeitungsstand;Ostwert (UTM32);Nordwert (UTM32);Schadstoffe\n"
        "A-1;Gaswerk;Gaswerk;saniert;605000;5800000;Benzol\nA-2;Deponie;Deponie;offen;606000;5801000;Blei\n"),
        2, {"status": {"column": "Bearbeitungsstand"}, "sector": {"column": "Branche"}},
    ),
    "releases by year": (
        ("FacilityID,FacilityName,MainActivityCode,Long,Lat,ReportingYear,PollutantName,Medium,TotalQuantity,Unit\n"
        "1,Plant A,2.(b),10.1,50.1,2017,Lead and compounds (as Pb),AIR,250,KG\n"
        "1,Plant A,2.(b),10.1,50.1,2018,Lead and compounds (as Pb),AIR,0.3,T\n"),
        2, {"layout": "one-row-per-release"},
    ),
    "two languages": (
        ("Reporting_Year / Année,NPRI_ID / No_INRP,Facility_Name / Installation,NAICS / Code_SCIAN,CAS_Number / No_CAS,"
        "Substance Name (English) / Nom de substance (Anglais),Group (English) / Groupe (Anglais),Quantity / Quantité,"
        "Units / Unités,Latitude,Longitude\n"
        "2019,100,Smelter,331410,NA - 09,Lead (and its compounds),Releases to Air,1.5,tonnes,49.1,-117.7\n"
        "2019,100,Smelter,331410,7440-43-9,Cadmium,Releases to Water Bodies,12,kg,49.1,-117.7\n"),
        2, {"sector": {"column": "NAICS / Code_SCIAN", "scheme": "naics"}},
    ),
    "masses by medium, pollutants by row": (
        ("report_year,facility_name,jurisdiction_facility_id,primary_anzsic_class_code,substance_name,"
        "air_total_emission_kg,water_emission_kg,land_emission_kg,latitude,longitude\n"
        "2020,Works,5000,2133,Lead & compounds,350.5,2,,-33.2,137.9\n"
        "2020,Works,5000,2133,Zinc and compounds,800,,1,-33.2,137.9\n"),
        2, {"sector": {"column": "primary_anzsic_class_code", "scheme": "anzsic"}, "layout": "one-row-per-release"},
    ),
    "a register without sectors": (
        ("Site Name,Site ID,Status,Listing Date,Site Score,Latitude,Longitude\n"
        "Smelter,800001,NPL Site,01/08/1983,50,38.2,-104.6\nYard,800002,Deleted NPL Site,02/08/1983,40,38.3,-104.7\n"),
        2, {"sector": "contaminated-site", "status": {"column": "Status"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INVENTORIES)
def test_drafts_of_inventories(connection: Connection, write: Write, name: str) -> None:
    text, rows, expected = INVENTORIES[name]
    file = write(text, "list.csv")
    draft = draft_profile(file, shipped_contaminants())
    drafted = tomllib.loads(draft.toml)["sources"]
    assert {key: drafted[key] for key in expected} == expected
    both = ("01/08/1983" in text, any("day or month comes first" in question for question in draft.open_questions))
    assert both in ((True, True), (False, False))
    report = load_sources(connection, file, read_profile(write(answered(draft.toml, {}), "drafted.toml")))
    assert (report.rows_in, report.loaded) == (rows, rows), report.problems
    assert bool(report.measurements) == ("releases" in drafted)


def test_a_medium_is_read_in_words() -> None:
    said = {"Releases to Air": "air", "water_emission_kg": "water", "On-site Land": "land", "Luft": "air"}
    assert {text: medium_said(text) for text in said} == said
    assert medium_said("air and water") is None
    assert medium_said("Repairs") is None


def test_a_known_layout_is_named(write: Write) -> None:
    text = "dep_id,site_name,latitude,longitude,commod1,commod2,commod3,dev_stat\n1,A,39.7,-106.2,Copper,,,Producer\n"
    assert "shipped profile 'mrds'" in draft_profile(write(text), shipped_contaminants()).open_questions[0]


UNITS = {"mg/kg": "mg/kg", "ppm": "ppm", "µg/g": "µg/g", "g/t": "g/t", "%": "%", "ppb": "ppb", "wt.%": "wt.%"}
NOTATIONS = ["{n} ({u})", "{n} [{u}]", "{n}, {u}", "{n} {u}", "{n}_{u}", "{n} ({u} TS)", "{n} in {u}", "{n} {u} d.w."]


@given(
    name=st.sampled_from(["Pb", "Zinc", "Benzo(a)pyren", "Cd total", "Quecksilber", "свинец", "铅"]),
    unit=st.sampled_from(sorted(UNITS)),
    notation=st.sampled_from(NOTATIONS),
)
def test_units_in_headings_in_any_notation(name: str, unit: str, notation: str) -> None:
    label, found = split_heading(notation.format(n=name, u=unit))
    assert found == unit
    assert label.removesuffix(" in") == name


@pytest.mark.parametrize(
    "heading",
    ["As received moisture (%)", "In situ pH", "sample no", "At depth", "No", "LOI (%)", "pH", "Depth (cm)", "Date",
     "Be careful", "total N species count"],
)  # fmt: skip
def test_headings_that_name_no_contaminant(heading: str) -> None:
    assert content_of(heading, shipped_contaminants()) is None


NOT_DETECTED = [
    "N.N.", "nicht nachgewiesen", "< NWG", "non détecté", "non decele", "No Detectado", "não detectado", "<LDM",
    "non rilevabile", "niet aantoonbaar", "не обнаружено", "н/о", "未检出", "불검출", "Not-Detected", "below LOD", "U",
]  # fmt: skip
OTHER_WORDS = ["abc", "pending", "lost", "see note", "trace", "<LOQ", ">LOD", "k.A.", "?"]


def drafted_of(write: Write, cells: Sequence[str]) -> tuple[str, Sequence[str], Path]:
    """The draft of a survey with these cells among its contents of lead, its questions, and the file."""
    rows = "".join(
        f"{n};{50 + n / 100};{7 + n / 100};0;20;{cell}\n" for n, cell in enumerate([*cells, *"123456789" * 20])
    )
    file = write(f"Sample ID;Latitude;Longitude;Upper depth (cm);Lower depth (cm);Pb (mg/kg)\n{rows}", "words.csv")
    draft = draft_profile(file, shipped_contaminants())
    return draft.toml, draft.open_questions, file


def test_words_that_say_not_detected_are_drafted_so_and_asked_about(write: Write) -> None:
    toml, asked, _ = drafted_of(write, NOT_DETECTED)
    drafted = set(tomllib.loads(toml)["measurements"]["notation"]["nondetect"])
    (question,) = (question for question in asked if "nothing was detected" in question)
    for word in NOT_DETECTED:
        assert word.lower() in drafted
        assert repr(word.lower()) in question


def test_no_bound_is_made_of_any_other_word(connection: Connection, write: Write) -> None:
    toml, asked, file = drafted_of(write, [*OTHER_WORDS, "n.d."])
    assert "notation" not in tomllib.loads(toml)["measurements"]
    (question,) = (question for question in asked if "mean among the contents" in question)
    assert all(repr(word.lower()) in question for word in OTHER_WORDS)
    report = load_samples(connection, file, read_profile(write(answered(toml, {}), "drafted.toml")))
    assert report.measurements == {"lead": 180}
    assert (report.rejected, report.duplicates) == (len(OTHER_WORDS) + 1, 0)


def test_of_many_words_some_are_shown(write: Write) -> None:
    _, asked, _ = drafted_of(write, [f"remark {letter}" for letter in "abcdefghijklmnop"])
    assert any("'remark a'" in question and "and 6 others" in question for question in asked)


@pytest.mark.parametrize(
    "heading",
    ["Land use", "LandUse", "Nutzung", "Nutzungsart", "Flächennutzung", "Uso", "Uso del suelo", "USO DE SUELO",
     "Uso actual", "Occupation du sol", "Usage du sol", "Uso do solo", "Uso e ocupação do solo", "Uso suolo",
     "Destinazione d'uso", "Bodemgebruik", "Markanvändning", "Землепользование", "土地利用类型"],
)  # fmt: skip
def test_land_use_in_the_languages_of_surveys(write: Write, heading: str) -> None:
    file = write(f"Sample ID;Latitude;Longitude;{heading};Pb (mg/kg)\na;50;7;arable;12\nb;51;8;forest;30\n", "use.csv")
    drafted = tomllib.loads(draft_profile(file, shipped_contaminants()).toml)
    assert drafted["specimen"]["land_use"] == {"column": heading}


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Pb_AR_mg_kg", ("Pb", "mg/kg", "aqua-regia", None)),
        ("As_INAA_ppm", ("As", "ppm", "total", "INAA")),
        ("Blei (Königswasser) mg/kg", ("Blei", "mg/kg", "aqua-regia", None)),
        ("Total lead (mg/kg)", ("lead", "mg/kg", "total", None)),
        ("ZN_ICPMS_PPM", ("ZN", "PPM", None, "ICP-MS")),
        ("Cd (HNO3) [µg/kg]", ("Cd", "µg/kg", "nitric-acid", None)),
        ("SiO2", ("SiO2", None, None, None)),
    ],
)
def test_headings_of_contents(heading: str, said: tuple[str | None, ...]) -> None:
    found = content_of(heading, shipped_contaminants())
    assert found is not None
    assert (found.contaminant, found.unit, found.digestion, found.instrument) == said


def test_no_word_means_two_things_of_one_kind() -> None:
    words = meanings()
    for one, other in (("x", "y"), ("upper", "lower"), ("lod", "loq"), ("contaminant", "value"), ("unit", "value")):
        assert not words[one] & words[other], (one, other)
    for name, known in words.items():
        assert all(meaning_score(word, name) == IN_SO_MANY_WORDS for word in known if word.isascii() and len(word) > 3)


@given(notes=st.integers(0, 3), units=st.booleans(), limits=st.booleans(), totals=st.booleans(), rows=st.integers(2, 8))
def test_where_a_table_begins_and_ends(notes: int, units: bool, limits: bool, totals: bool, rows: int) -> None:
    table = [[f"Note {number}", "", "", ""] for number in range(notes)]
    table.append(["id", "x", "y", "Pb"])
    table += [["", "m", "m", "mg/kg"]] * units + [["LOD", "", "", "0.5"]] * limits
    first = len(table)
    table += [[f"S{number}", str(number), "5", "12.5"] for number in range(rows)]
    table += [["", "", "", ""], ["Mean", "", "", "12.5"]] * totals
    after = notes + 2
    assert layout_of(table) == Layout(
        heading_row=notes + 1,
        unit_row=after if units else None,
        lod_row=after + units if limits else None,
        last_row=first + rows if totals else None,
    )
