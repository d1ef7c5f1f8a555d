"""Formulas in workbooks: the value that is stored counts and is said to, and a formula without one is no value."""

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ingest.load import load_samples
from ingest.profile import FileOptions, read_profile
from ingest.readers import open_file
from tests.ingest.workbooks import write_ods, write_xlsx

HEADINGS = ("code", "x", "y", "lead")
ROWS = [HEADINGS, *((f"s{turn}", 500_000 + turn, 5_700_000 + turn, 10 + turn) for turn in range(4))]
PROFILE = """
[dataset]
name = "sums"
title = "Sums"
licence = "CC0-1.0"
provider = "us"
[position]
crs = "EPSG:25832"
x = { column = "x" }
y = { column = "y" }
[specimen]
code = { column = "code" }
medium = "mineral-horizon"
[measurements]
unit = "mg/kg"
digestion = "aqua-regia"
basis = "dry"
[measurements.columns]
lead = "lead"
"""


def replaced(path: Path, member: str, cells: dict[str, str]) -> Path:
    """The workbook with some of its cells written otherwise."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members[member].decode()
    for old, new in cells.items():
        assert old in text, old
        text = text.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {member: text.encode()}).items():
            archive.writestr(name, content)
    return path


def xlsx(folder: Path) -> Path:
    cells = {
        '<c r="D2"><v>10</v></c>': '<c r="D2"><f>SUM(A1:A3)</f><v>7.5</v></c>',
        '<c r="D3"><v>11</v></c>': '<c r="D3"><f>D2*2</f></c>',
        '<c r="D4"><v>12</v></c>': '<c r="D4"><f t="shared" si="0"/><v></v></c>',
    }
    return replaced(write_xlsx(folder / "sums.xlsx", {"Data": ROWS}), "xl/worksheets/sheet1.xml", cells)


def ods(folder: Path) -> Path:
    cell = '<table:table-cell office:value-type="float" office:value="{0}"><text:p>{0}</text:p></table:table-cell>'
    stored = cell.format(7.5).replace("office:value-type", 'table:formula="of:=SUM([.A1:.A3])" office:value-type')
    cells = {
        cell.format(10): stored,
        cell.format(11): '<table:table-cell table:formula="of:=[.D2]*2"/>',
        cell.format(12): '<table:table-cell table:formula="of:=[.D3]*2"/>',
    }
    return replaced(write_ods(folder / "sums.ods", {"Data": ROWS}), "content.xml", cells)


@pytest.mark.parametrize("make", [xlsx, ods])
def test_stored_values_count_and_missing_ones_are_rejected(
    connection: Connection, tmp_path: Path, make: object
) -> None:
    file = make(tmp_path)  # type: ignore[operator]
    opened = open_file(file, FileOptions())
    (batch,) = opened.batches
    lead = batch.cells.column("lead").to_pylist()
    assert (lead[0], lead[3]) == ("7.5", "13")
    assert all(text.startswith("=") for text in lead[1:3])
    assert any("1 cells hold formulas" in guess and "(D2)" in guess for guess in opened.guesses)
    profile = tmp_path / "p.toml"
    profile.write_text(PROFILE)
    report = load_samples(connection, file, read_profile(profile))
    assert (report.rows_in, report.loaded, report.rejected) == (4, 2, 2)
    assert any(problem.rule == "not-a-number" and "=" in problem.message for problem in report.problems)


def test_workbooks_without_formulas_say_nothing(tmp_path: Path) -> None:
    for file in (write_xlsx(tmp_path / "a.xlsx", {"Data": ROWS}), write_ods(tmp_path / "a.ods", {"Data": ROWS})):
        assert not any("formula" in guess for guess in open_file(file, FileOptions()).guesses)
