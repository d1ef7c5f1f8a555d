"""Tables of several files and sheets: one below the other, joined by their codes, unfolded by medium."""

import gc
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.errors import IngestError
from ingest.profile import FileOptions, Fold, Join
from ingest.readers import files_of, open_file
from ingest.readers.base import Batch, Opened
from ingest.readers.matching import matching_columns, renamed
from tests.ingest.workbooks import write_ods, write_xlsx

Write = Callable[..., Path]
Rows = list[dict[str, str]]

SAMPLES: list[Sequence[object]] = [("code", "x", "y"), ("S1", 5, 50), ("S2", 6, 51), ("S3", 7, 52)]
RESULTS: list[Sequence[object]] = [("sample", "element", "value"), ("S1", "Pb", 12), ("S2", "Pb", 7), ("S1", "Zn", 80)]
TO_SAMPLES = Join(table="Sample*", on={"sample": "code"})


def rows(opened: Opened) -> Rows:
    return [row for batch in opened.batches for row in batch.cells.to_pylist()]


def as_text(table: Sequence[Sequence[object]]) -> str:
    return "\n".join(",".join(str(cell) for cell in row) for row in table) + "\n"


def in_sheets(folder: Path) -> tuple[Path, FileOptions]:
    path = write_xlsx(folder / "survey.xlsx", {"Samples": SAMPLES, "Results": RESULTS})
    return path, FileOptions(sheet="Results", joins=(TO_SAMPLES,))


def in_sheets_of_ods(folder: Path) -> tuple[Path, FileOptions]:
    path = write_ods(folder / "survey.ods", {"Samples": SAMPLES, "Results": RESULTS})
    return path, FileOptions(sheet="Results", joins=(TO_SAMPLES,))


def in_files(folder: Path) -> tuple[Path, FileOptions]:
    (folder / "Samples.csv").write_text(as_text(SAMPLES))
    (folder / "results.csv").write_text(as_text(RESULTS))
    return folder / "results.csv", FileOptions(joins=(TO_SAMPLES,))


def in_a_folder(folder: Path) -> tuple[Path, FileOptions]:
    in_files(folder)
    return folder, FileOptions(joins=(TO_SAMPLES,))


def in_an_archive(folder: Path) -> tuple[Path, FileOptions]:
    in_files(folder)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for name in ("Samples.csv", "results.csv"):
            archive.write(folder / name, f"inside/{name}")
    return folder / "all.zip", FileOptions(joins=(TO_SAMPLES,))


def in_tables_of_sqlite(folder: Path) -> tuple[Path, FileOptions]:
    path = folder / "survey.sqlite"
    connection = sqlite3.connect(path)
    for name, (headings, *content) in {"Samples": SAMPLES, "Results": RESULTS}.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(str(heading) for heading in headings)})")
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", content)  # noqa: S608 (names of the test)
    connection.commit()
    connection.close()
    return path, FileOptions(sheet="Results", joins=(TO_SAMPLES,))


@pytest.mark.parametrize(
    "write", [in_sheets, in_sheets_of_ods, in_files, in_a_folder, in_an_archive, in_tables_of_sqlite]
)
def test_results_stand_beside_their_samples(write: Callable[[Path], tuple[Path, FileOptions]], tmp_path: Path) -> None:
    opened = open_file(*write(tmp_path))
    found = [{name: row[name] for name in ("sample", "element", "value", "x", "y")} for row in rows(opened)]
    assert found == [
        {"sample": "S1", "element": "Pb", "value": "12", "x": "5", "y": "50"},
        {"sample": "S2", "element": "Pb", "value": "7", "x": "6", "y": "51"},
        {"sample": "S1", "element": "Zn", "value": "80", "x": "5", "y": "50"},
        {"sample": "S3", "element": "", "value": "", "x": "7", "y": "52"},
    ]


def test_a_chain_of_tables(tmp_path: Path) -> None:
    sheets: dict[str, list[Sequence[object]]] = {
        "Result": [("sample", "value"), ("S1", 1), ("S2", 2)],
        "Sample": [("code", "place", "value"), ("S1", "P1", "top"), ("S2", "P9", "sub")],
        "Place": [("place", "x"), ("P1", 5), ("P2", 6)],
    }
    joins = (Join(table="Sample", on={"sample": "code"}), Join(table="Place", on={"place": "place"}))
    opened = open_file(write_xlsx(tmp_path / "a.xlsx", sheets), FileOptions(sheet="Result", joins=joins))
    batches = list(opened.batches)
    assert [row for batch in batches for row in batch.cells.to_pylist()] == [
        {"sample": "S1", "value": "1", "place": "P1", "Sample.value": "top", "x": "5"}
    ]
    (lost,) = [record for batch in batches for record in batch.broken]
    assert (lost.row, lost.rule) == (3, "no-partner")
    assert lost.reason == "refers to place 'P9', which Place does not have"


@pytest.mark.parametrize(
    ("results", "join", "complaint"),
    [
        (RESULTS, {"sampel": "code"}, "file.joins: there is no column 'sampel'; there are sample, element, value"),
        (RESULTS, {"sample": "id"}, "there is no column 'id' in Samples; there are code, x, y"),
    ],
)
def test_a_join_without_its_column(
    tmp_path: Path, results: list[Sequence[object]], join: dict[str, str], complaint: str
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"Results": results, "Samples": SAMPLES})
    with pytest.raises(IngestError) as refusal:
        rows(open_file(path, FileOptions(sheet="Results", joins=(Join(table="Samples", on=join),))))
    assert complaint in str(refusal.value)


def test_what_is_described_twice_is_refused_unless_it_is_the_same(tmp_path: Path) -> None:
    options = FileOptions(sheet="Results", joins=(TO_SAMPLES,))
    same = write_xlsx(tmp_path / "a.xlsx", {"Samples": [*SAMPLES, SAMPLES[1]], "Results": RESULTS})
    assert len(rows(open_file(same, options))) == 4
    other = write_xlsx(tmp_path / "b.xlsx", {"Samples": [*SAMPLES, ("S1", 5, 51)], "Results": RESULTS})
    with pytest.raises(IngestError, match=r"rows 2 and 5 both describe 'S1' and differ"):
        rows(open_file(other, options))


def test_no_table_and_several_tables(tmp_path: Path) -> None:
    path, _ = in_files(tmp_path)
    for pattern, said in (("places*", "there is none"), ("*s*", None)):
        (tmp_path / "Sites.csv").write_text(as_text(SAMPLES))
        with pytest.raises(IngestError, match=said or r"there are Samples.csv, Sites.csv"):
            open_file(path, FileOptions(joins=(Join(table=pattern, on={"sample": "code"}),)))


codes = st.sampled_from(["a", "b", "c", "d", "e", ""])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(results=st.lists(codes, max_size=12), samples=st.lists(codes, max_size=6, unique=True))
def test_no_row_is_lost_or_doubled_by_a_join(write: Write, results: list[str], samples: list[str]) -> None:
    file = write(as_text([("row", "code"), *enumerate(results)]), "results.csv")
    write(as_text([("code", "place"), *((code, f"at {code}") for code in samples)]), "samples.csv")
    opened = open_file(file, FileOptions(delimiter=",", joins=(Join(table="samples", on={"code": "code"}),)))
    batches = list(opened.batches)
    met = [row for batch in batches for row in batch.cells.to_pylist()]
    lost = [record for batch in batches for record in batch.broken]
    described = {code for code in samples if code}
    assert len(lost) == sum(code != "" and code not in described for code in results)
    assert {row["row"] for row in met if row["row"]} | {record.text.split(",")[0] for record in lost} == {
        str(number) for number in range(len(results))
    }
    assert all(row["place"] == (f"at {row['code']}" if row["code"] in described else "") for row in met)
    assert sorted(row["code"] for row in met if not row["row"]) == sorted(described - set(results))
    numbers = [row for batch in batches for row in batch.rows.tolist()] + [record.row for record in lost]
    assert len(set(numbers)) == len(numbers)


def test_files_of_a_folder_one_below_the_other(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "years"
    folder.mkdir()
    (folder / "a_2019.csv").write_text("id,kg\n1,5\n2\n3,7\n")
    (folder / "a_2020.csv").write_text("id;kg;note\n1;6;x\n")
    (folder / ".hidden").write_text("nothing")
    opened = open_file(folder, FileOptions())
    batches = list(opened.batches)
    found = [tuple(row.values()) for batch in batches for row in batch.cells.to_pylist()]
    assert found == [
        ("1", "5", "", "a_2019.csv", "2"),
        ("3", "7", "", "a_2019.csv", "4"),
        ("1", "6", "x", "a_2020.csv", "2"),
    ]
    assert [row for batch in batches for row in batch.rows.tolist()] == [2, 4, 5]
    (broken,) = [record for batch in batches for record in batch.broken]
    assert (broken.row, broken.reason) == (3, "(row 3 of a_2019.csv) has 1 cells where the heading has 2")
    assert "a_2019.csv has no note" in opened.guesses
    assert [file.name for file in files_of(folder, FileOptions())] == ["a_2019.csv", "a_2020.csv"]


def test_a_folder_that_holds_no_one_table(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="holds no file that can be read"):
        open_file(tmp_path, FileOptions())
    in_files(tmp_path)
    write_xlsx(tmp_path / "x.xlsx", {"a": SAMPLES})
    with pytest.raises(IngestError, match=r"holds files of several kinds \(.csv, .xlsx\); state file.sheet"):
        open_file(tmp_path, FileOptions())
    assert open_file(tmp_path, FileOptions(sheet="results*")).headings[:3] == ("sample", "element", "value")


def test_media_side_by_side_become_specimens(write: Write) -> None:
    text = "id,x,y,MOSS_Zn,MOSS_Pb,HUM_Zn,C_Pb\nm,m,m,ppm,ppm,ppm,%\nA,1,2,30,4,55,\nB,3,4,,,60,0.1\nC,5,6,,,,\n"
    fold = Fold(column="medium", parts={"MOSS_": "moss", "HUM_": "o-horizon", "C_": "mineral-horizon"})
    opened = open_file(write(text), FileOptions(unit_row=2, fold=fold))
    assert opened.headings == ("id", "x", "y", "Zn", "Pb", "medium")
    batches = list(opened.batches)
    found = sorted(tuple(row[name] for name in ("id", "medium", "Zn", "Pb")) for row in rows_of(batches))
    assert found == [
        ("A", "moss", "30", "4"),
        ("A", "o-horizon", "55", ""),
        ("B", "mineral-horizon", "", "0.1"),
        ("B", "o-horizon", "60", ""),
        ("C", "moss", "", ""),
    ]
    with pytest.raises(IngestError, match=r"file.fold: no heading begins or ends with 'B_'"):
        open_file(write(text), FileOptions(unit_row=2, fold=Fold(column="medium", parts={"B_": "b"})))


def rows_of(batches: list[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.cells.to_pylist()]


def test_headings_in_two_rows_limits_above_and_totals_below(write: Write, tmp_path: Path) -> None:
    table: list[Sequence[object]] = [
        ("Made by nobody",),
        ("", "", "Moss", "", "Soil", ""),
        ("x", "y", "Zn", "Pb", "Zn", "Pb"),
        ("LOD", "", 1, 0.5, 2, 0.25),
        (1, 2, 3, 4, 5, 6),
        (7, 8, 9, 10, 11, 12),
        ("Total", "", 12, 14, 16, 18),
    ]
    options = FileOptions(heading_row=2, heading_rows=2, lod_row=4, last_row=6)
    width = len(table[1])
    text = as_text([(*row, *[""] * (width - len(row))) for row in table])
    for file in (write(text), write_xlsx(tmp_path / "a.xlsx", {"data": table})):
        opened = open_file(file, options)
        assert opened.headings == ("x", "y", "Moss Zn", "Moss Pb", "Soil Zn", "Soil Pb")
        assert opened.limits["Soil Pb"] == "0.25"
        batches = list(opened.batches)
        assert [row for batch in batches for row in batch.rows.tolist()] == [5, 6]
        assert [row["Soil Pb"] for row in rows_of(batches)] == ["6", "12"]


def test_columns_are_found_whatever_their_case_and_marks(write: Write) -> None:
    headings = ("#sys_sample_code", "37. CHEMICAL", "ON-SITE RELEASE TOTAL", "Pb (mg/kg)", "Pb mg/kg")
    wanted = ("SYS_SAMPLE_CODE", "CHEMICAL", "ON_SITE_RELEASE_TOTAL", "pb(mg/kg)", "absent")
    assert matching_columns(headings, wanted) == dict(zip(wanted[:3], headings[:3], strict=True))
    opened = renamed(open_file(write("37. CHEMICAL,2. ID\nLead,1\n"), FileOptions()), ["CHEMICAL", "ID"])
    assert opened.headings == ("CHEMICAL", "ID")
    assert rows(opened) == [{"CHEMICAL": "Lead", "ID": "1"}]
    assert "column '37. CHEMICAL' taken for 'CHEMICAL'" in opened.guesses


@pytest.mark.parametrize("content", [b"no table at all", b"", b"SQLite format 3\0" + bytes(100)])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.gpkg", "a.xlsx", "a.geojson", "a.fgb", "a.parquet", "a.pdf"])
def test_messages_name_the_archive_and_no_folder_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    (tmp_path / "ours").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "ours"))
    with zipfile.ZipFile(tmp_path / "survey.zip", "w") as archive:
        archive.writestr(name, content)
    with pytest.raises(IngestError) as told:
        rows(open_file(tmp_path / "survey.zip", FileOptions()))
    assert "edaphos-" not in str(told.value)
    assert str(tmp_path) not in str(told.value)
    assert name in str(told.value) or "survey.zip" in str(told.value)
    gc.collect()
    assert list((tmp_path / "ours").iterdir()) == []


@pytest.mark.parametrize("table", ["../other.csv", "/etc/passwd", "a\\b", "..", ".", "", "sub/samples.csv", "a\0b"])
def test_a_joined_table_is_a_name_and_no_way(table: str) -> None:
    with pytest.raises(ValidationError):
        Join(table=table, on={"sample": "code"})
    assert Join(table="Samples*", on={"sample": "code"}).table == "Samples*"
