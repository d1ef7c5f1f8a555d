"""Files of samples into the tables: every row accounted for, nothing loaded half, nothing loaded twice."""

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Row, func, select

from db.engine import Database
from db.tables import dataset, layer_version, measurement, procedure, site, specimen
from db.versions import versions
from ingest.errors import IngestError
from ingest.load import load_samples
from ingest.profile import Profile, read_profile
from ingest.report import Report

Describe = Callable[..., Profile]
Write = Callable[..., Path]

HEADING = "id,x,y,zinc,lead,top,bottom,day\n"
CODED = 'code = { column = "id" }\n'
DEEP = 'upper_depth_cm = { column = "top" }\nlower_depth_cm = { column = "bottom" }\nsampled = { column = "day" }\n'
TWO = 'zinc = "zinc"\nlead = "Pb"'


def count(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def measured(connection: Connection, contaminant: str) -> list[Row[Any]]:
    columns = measurement.c
    statement = select(columns.lower, columns.upper, columns.original_text, columns.quality_flag, specimen.c.source_row)
    joined = statement.join(specimen, specimen.c.id == columns.specimen_id).where(columns.contaminant_id == contaminant)
    return list(connection.execute(joined.order_by(specimen.c.source_row)))


def layer_versions(connection: Connection) -> dict[str, int]:
    return {row.layer: row.version for row in connection.execute(versions())}


def rules(report: Report) -> dict[str, int]:
    return {problem.rule: problem.count for problem in report.problems if problem.severity != "info"}


def test_meuse(connection: Connection, meuse: Path) -> None:
    report = load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (155, 155, 0, 0)
    assert report.measurements == dict.fromkeys(("cadmium", "copper", "lead", "zinc"), 155)
    assert rules(report) == {"substituted-limit": 21}
    with (meuse / "meuse.csv").open() as handle:
        written = list(csv.DictReader(handle))
    stored = measured(connection, "zinc")
    assert [row.upper for row in stored] == [row.lower for row in stored] == [float(row["zinc"]) for row in written]
    assert [row.original_text for row in stored] == [row["zinc"] for row in written]
    assert [row.source_row for row in stored] == list(range(2, 157))
    suspects = {row.upper for row in measured(connection, "cadmium") if row.quality_flag == "substituted-limit"}
    assert suspects == {0.2}
    soil = connection.execute(select(specimen).order_by(specimen.c.source_row)).first()
    assert soil is not None
    assert (soil.organic_matter_percent, soil.support_m2, soil.upper_depth_cm, soil.land_use) == (13.6, 225, None, "Ah")
    assert (soil.x_as_given, soil.y_as_given, soil.crs_as_given) == (181072, 333611, "EPSG:28992")
    assert connection.execute(select(procedure.c.digestion)).scalars().all() == ["unknown"]


def test_the_same_file_twice_changes_nothing(connection: Connection, meuse: Path) -> None:
    first = load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    state = [connection.execute(select(table).order_by(table.c.id)).all() for table in (dataset, specimen, measurement)]
    layers = layer_versions(connection)
    second = load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))
    assert second.unchanged
    assert second == first.as_unchanged()
    assert layers == layer_versions(connection)
    assert state == [
        connection.execute(select(table).order_by(table.c.id)).all() for table in (dataset, specimen, measurement)
    ]


def test_a_corrected_file_replaces_the_rows_and_raises_the_versions(
    connection: Connection, write: Write, describe: Describe
) -> None:
    load_samples(connection, write("x,y,zinc\n5,50,7\n6,50,8\n"), describe())
    before = layer_versions(connection)
    report = load_samples(connection, write("x,y,zinc\n5,50,7\n6,50,9\n5.5,50,10\n"), describe())
    assert not report.unchanged
    assert [row.upper for row in measured(connection, "zinc")] == [7, 9, 10]
    assert connection.execute(select(dataset.c.version)).scalars().all() == [2]
    assert (count(connection, specimen), count(connection, site), count(connection, measurement)) == (3, 3, 3)
    after = layer_versions(connection)
    assert all(after[layer] > before[layer] for layer in ("samples", "sites"))
    assert not load_samples(
        connection, write("x,y,zinc\n5,50,7\n6,50,9\n5.5,50,10\n"), describe(crs="EPSG:4258")
    ).unchanged


def test_every_row_is_loaded_or_rejected_or_a_duplicate(
    connection: Connection, write: Write, describe: Describe, tmp_path: Path
) -> None:
    rows = [
        ("A,5,50,10,1,0,10,2020-05-01", None),
        ("A,5,50,10,1,0,10,2020-05-01", "duplicate-row"),
        ("A,5,50,11,1,0,10,2020-05-01", "duplicate-code"),
        ("B,5,50,<10,>1000,0,10,2020-05-01", None),
        ("C,5,50,abc,2,0,10,2020-05-01", "not-a-number"),
        ("D,5,50,abc,-2,0,10,2020-05-01", "all-rejected"),
        ("E,5,50,1,2,20,10,2020-05-01", "depth-order"),
        ("F,5,50,1,2,0,10,2199-05-01", "future-date"),
        ("G,5,50,1,2,0,10,01.05.2020", "not-a-date"),
        ("H,500,50,1,2,0,10,", "position-outside"),
        ("I,,50,1,2,0,10,", "position-missing"),
        ("J,0,0,1,2,0,10,", "position-at-origin"),
        ("K,five,50,1,2,0,10,", "position-unreadable"),
        (",5,50,1,2,0,10,", "no-code"),
        ("L,5,50,1,2,0", "ragged-row"),
        ("M,5,50,,,,,", "nothing-measured"),
        ("N,5,50,2000000,2,0,10,", "implausible-value"),
        ("O,5,50,1,2,deep,10,", "not-a-number"),
        ("P,33,151,1,2,0,10,", "position-swapped"),
    ]
    file = write(HEADING + "".join(f"{row}\n" for row, _ in rows))
    rejects = tmp_path / "rejected.csv"
    report = load_samples(connection, file, describe(specimen=CODED + DEEP, columns=TWO), rejected_to=rejects)
    assert {problem.rule for problem in report.problems} >= {rule for _, rule in rows if rule}
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (19, 7, 11, 1)
    codes = connection.execute(select(specimen.c.code).order_by(specimen.c.source_row)).scalars().all()
    assert codes == ["A", "B", "C", "G", "M", "N", "O"]
    assert [(row.lower, row.upper) for row in measured(connection, "lead")][1] == (1000, np.inf)
    assert [(row.lower, row.upper) for row in measured(connection, "zinc")][1] == (0, 10)
    with rejects.open(newline="") as handle:
        lines = list(csv.reader(handle))
    by_row = {int(line[1]): line for line in lines[1:]}
    assert lines[0][4:] == HEADING.strip().split(",")
    reason = "column zinc: 'abc' is not a number with decimal mark '.'"
    assert by_row[6][:4] == ["survey.csv", "6", "not-a-number", reason]
    assert by_row[6][4:] == rows[4][0].split(",")
    assert len(by_row) == len(lines) - 1
    rejected = {"duplicate-row", "nothing-measured", None}
    assert set(by_row) == {row for row, (_, rule) in enumerate(rows, start=2) if rule not in rejected}


def test_a_rejected_row_can_be_corrected_and_loaded(
    connection: Connection, write: Write, describe: Describe, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejected.csv"
    original = write("x,y,zinc\n5,50,1\n6,50,l7\n", "original.csv")
    load_samples(connection, original, describe(), rejected_to=rejects)
    ids = connection.execute(select(measurement.c.id)).scalars().all()
    corrected = write(rejects.read_text().replace("l7", "17"), "corrected.csv")
    report = load_samples(connection, corrected, describe())
    assert (report.rows_in, report.loaded, report.rejected) == (1, 1, 0)
    assert [row.upper for row in measured(connection, "zinc")] == [1, 17]
    assert set(ids) < set(connection.execute(select(measurement.c.id)).scalars().all())
    assert load_samples(connection, corrected, describe()).unchanged
    assert load_samples(connection, original, describe()).unchanged
    load_samples(connection, write("x,y,zinc\n5,50,1\n6,50,17\n"), describe(), rejected_to=rejects)
    assert [row.upper for row in measured(connection, "zinc")] == [1, 17]
    assert not rejects.exists()


def test_problems_name_row_and_column_and_count_the_rest(
    connection: Connection, write: Write, describe: Describe
) -> None:
    wrong = "".join(f"5,50,x{number}\n" for number in range(10))
    report = load_samples(connection, write("x,y,zinc\n5,50,1\n" + wrong), describe())
    problem = next(problem for problem in report.problems if problem.rule == "not-a-number")
    assert (problem.row, problem.column, problem.text, problem.count) == (3, "zinc", "x0", 10)
    assert problem.message == (
        "row 3, column zinc: 'x0' is not a number with decimal mark '.' (also rows 4, 5, 6, 7, 8, …; 10 in all)"
    )
    assert Report.from_dict(report.to_dict()) == report


LONG = """
[dataset]
name = "long"
title = "One measurement per row"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:4326"
x = { column = "x" }
y = { column = "y" }

[specimen]
code = { column = "sample" }
site = { column = "plot" }
medium = { column = "medium", values = { S = "mineral-horizon", M = "moss" } }

[measurements]
contaminant = { column = "element" }
value = { column = "result" }
unit = { column = "unit" }
digestion = { column = "method" }
lod = { column = "lod" }
basis = "dry"
"""
LONG_ROWS = """plot,sample,x,y,medium,element,result,unit,method,lod
P,P1,5,50,S,Zn,12,ppm,aqua-regia,1
P,P1,5,50,S,Zn,20,ppm,total,1
P,P1,5,50,S,Pb,n.d.,µg/kg,aqua-regia,500
P,P1,5,50,S,Zn,13,ppm,aqua-regia,1
P,P1,5.1,50,S,Cd,1,ppm,aqua-regia,1
P,P2,5,50,M,Unobtainium,1,ppm,aqua-regia,1
P,P2,5,50,M,Zn,1,mg/L,aqua-regia,1
P,P2,5,50,M,Zn,0.5,%,aqua-regia,
P,P3,5,50,X,Zn,7,ppm,aqua-regia,1
"""


def test_the_long_layout(connection: Connection, write: Write) -> None:
    report = load_samples(connection, write(LONG_ROWS), read_profile(write(LONG, "long.toml")))
    assert (report.rows_in, report.loaded, report.rejected) == (9, 5, 4)
    assert report.measurements == {"lead": 1, "zinc": 4}
    assert rules(report) == {
        "duplicate-measurement": 1,
        "duplicate-code": 1,
        "unknown-contaminant": 1,
        "unit-not-convertible": 1,
        "not-a-code": 1,
        "all-rejected": 3,
    }
    found = connection.execute(
        select(specimen.c.code, specimen.c.medium, procedure.c.digestion, measurement.c.lower, measurement.c.upper)
        .select_from(measurement)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .order_by(specimen.c.code, procedure.c.digestion, measurement.c.upper)
    ).all()
    assert [tuple(row) for row in found] == [
        ("P1", "mineral-horizon", "aqua-regia", 0, 0.5),
        ("P1", "mineral-horizon", "aqua-regia", 12, 12),
        ("P1", "mineral-horizon", "total", 20, 20),
        ("P2", "moss", "aqua-regia", 5000, 5000),
        ("P3", "unknown", "aqua-regia", 7, 7),
    ]
    assert connection.execute(select(site.c.code)).scalars().all() == ["P"]


def test_a_load_with_nothing_in_it_leaves_what_was_there(
    connection: Connection, write: Write, describe: Describe
) -> None:
    load_samples(connection, write("x,y,zinc\n5,50,7\n"), describe())
    layers = connection.execute(select(layer_version)).all()
    with pytest.raises(IngestError, match=r"nothing can be loaded; row 2, column zinc: 'none' is not a number"):
        load_samples(connection, write("x,y,zinc\n5,50,none\n"), describe())
    assert [row.upper for row in measured(connection, "zinc")] == [7]
    assert layers == connection.execute(select(layer_version)).all()


def test_two_loads_at_once_leave_one_dataset(database: Database, meuse: Path) -> None:
    engine = database.engine()

    def load(_: int) -> Report:
        with engine.begin() as connection:
            return load_samples(connection, meuse / "meuse.csv", read_profile("meuse"))

    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(load, range(3)))
    assert sorted(report.unchanged for report in reports) == [False, True, True]
    with engine.connect() as connection:
        assert (count(connection, dataset), count(connection, measurement)) == (1, 620)
    engine.dispose()


def test_progress_rises_to_what_there_is_to_do(
    connection: Connection, write: Write, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.readers.csv.BLOCK_BYTES", 4096)
    told: list[tuple[int, int]] = []
    rows = "".join(f"5,50,{number}\n" for number in range(1, 2000))
    load_samples(connection, write("x,y,zinc\n" + rows), describe(), progress=lambda *done: told.append(done))
    shares = [done / whole for done, whole in told]
    assert len(shares) > 8
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] <= 1
