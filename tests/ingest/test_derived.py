"""Sums of congeners of a loaded survey: whole ones unasked, partial ones when asked for, reported ones compared."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from db.tables import measurement, specimen
from ingest import derived
from ingest.errors import IngestError
from ingest.load import load_samples
from ingest.profile import Profile
from ingest.report import Report

Describe = Callable[..., Profile]
Write = Callable[..., Path]
PCB = ("28", "52", "101", "138", "153", "180")
COLUMNS = "\n".join(f'"PCB {number}" = "PCB {number}"' for number in PCB)
HEADING = ",".join(["code", "x", "y", *(f"PCB {number}" for number in PCB)])


def load(connection: Connection, write: Write, describe: Describe, rows: list[str], **parts: str) -> Report:
    parts = {"specimen": 'code = { column = "code" }', "columns": COLUMNS, **parts}
    return load_samples(connection, write("\n".join([HEADING, *rows]) + "\n"), describe(**parts))


def sums(connection: Connection, contaminant: str = "pcb-sum-6") -> list[tuple[str, float, float, str, str]]:
    columns = (specimen.c.code, measurement.c.lower, measurement.c.upper, measurement.c.quality_flag)
    query = select(*columns, measurement.c.original_text).join(measurement, measurement.c.specimen_id == specimen.c.id)
    rows = connection.execute(query.where(measurement.c.contaminant_id == contaminant).order_by(specimen.c.code))
    return [tuple(row) for row in rows]


def test_whole_sums_are_made_and_partial_ones_are_not(connection: Connection, write: Write, describe: Describe) -> None:
    report = load(connection, write, describe, ["A,5,50,1,2,3,4,5,<6", "B,5,51,1,2,3,4,5,"])
    assert sums(connection) == [
        ("A", 15.0, 21.0, "derived-sum", "pcb-sum-6: 6 of 6 members, 1 known as bounds"),
    ]
    assert report.measurements["pcb-sum-6"] == 1
    assert (report.rows_in, report.loaded) == (2, 2)


def test_a_partial_sum_is_asked_for_and_says_what_is_missing(
    connection: Connection, write: Write, describe: Describe
) -> None:
    report = load(connection, write, describe, ["B,5,51,1,2,3,4,5,"], measurements='sums = ["pcb-sum-6"]')
    text = "pcb-sum-6: 5 of 6 members; missing: pcb-180"
    assert sums(connection) == [("B", 15.0, float("inf"), "partial-sum", text)]
    (said,) = (problem for problem in report.problems if problem.rule == "partial-sum")
    assert (said.severity, text in said.message) == ("flag", True)


def test_none_where_none_are_wanted(connection: Connection, write: Write, describe: Describe) -> None:
    load(connection, write, describe, ["A,5,50,1,2,3,4,5,6"], measurements="sums = []")
    assert sums(connection) == []


def test_what_is_no_sum_is_refused(connection: Connection, write: Write, describe: Describe) -> None:
    with pytest.raises(IngestError, match="'zinc' is no sum made of members"):
        load(connection, write, describe, ["A,5,50,1,2,3,4,5,6"], measurements='sums = ["zinc"]')


def test_a_reported_sum_stays_and_a_contradiction_is_flagged(
    connection: Connection, write: Write, describe: Describe
) -> None:
    columns = f'{COLUMNS}\ntotal = "pcb-sum-6"'
    text = f"{HEADING},total\nA,5,50,1,2,3,4,5,6,21.3\nB,5,51,1,2,3,4,5,6,40\n"
    profile = describe(specimen='code = { column = "code" }', columns=columns)
    report = load_samples(connection, write(text), profile)
    assert [row[:4] for row in sums(connection)] == [("A", 21.3, 21.3, "ok"), ("B", 40.0, 40.0, "ok")]
    (said,) = (problem for problem in report.problems if problem.rule == "sum-contradiction")
    assert (said.row, said.text, said.severity) == (3, "40", "flag")
    assert "its members add up to 21 to 21 mg/kg" in said.message


def test_a_corrected_file_has_its_sums_made_anew(connection: Connection, write: Write, describe: Describe) -> None:
    load(connection, write, describe, ["A,5,50,1,2,3,4,5,6"])
    load(connection, write, describe, ["A,5,50,1,2,3,4,5,7"])
    assert [row[:3] for row in sums(connection)] == [("A", 22.0, 22.0)]


@pytest.mark.parametrize("rows", [1, 5, 7, 1000])
def test_specimens_are_never_cut_in_two(
    connection: Connection, write: Write, describe: Describe, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(derived, "CHUNK_ROWS", rows)
    load(connection, write, describe, [f"S{place},5,{40 + place},1,2,3,4,5,{place + 1}" for place in range(8)])
    assert [row[:2] for row in sums(connection)] == [(f"S{place}", 16.0 + place) for place in range(8)]


def test_corrected_rows_of_specimens_with_sums_make_them_anew(
    connection: Connection, write: Write, describe: Describe, tmp_path: Path
) -> None:
    """A derived sum stands in no row: it is in nobody's way when rows beside it are corrected."""
    columns = f'{COLUMNS}\nzinc = "zinc"'
    profile = describe(specimen='code = { column = "code" }', columns=columns)
    rows = ["A,5,50,1,2,3,4,5,<6,x", "B,5,51,1,2,3,4,5,x,70"]
    rejected = tmp_path / "rejected.csv"
    load_samples(connection, write("\n".join([f"{HEADING},zinc", *rows]) + "\n"), profile, rejected_to=rejected)
    assert [row[:3] for row in sums(connection)] == [("A", 15.0, 21.0)]
    corrected = rejected.read_text().replace("<6,x", "<6,6").replace("5,x,70", "5,6,70")
    report = load_samples(connection, write(corrected, "corrected.csv"), profile)
    assert (report.rows_in, report.loaded) == (2, 2)
    stored = connection.execute(select(measurement.c.contaminant_id)).scalars().all()
    assert (stored.count("zinc"), stored.count("pcb-180"), stored.count("pcb-28")) == (2, 2, 2)
    assert [row[:3] for row in sums(connection)] == [("A", 15.0, 21.0), ("B", 21.0, 21.0)]
