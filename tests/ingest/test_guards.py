"""Hostile files of every format, written here: each is refused in one sentence, before it costs memory or time."""

import itertools
import json
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from ingest.errors import IngestError
from ingest.guards import Limits, admit, limited_to
from ingest.profile import FileOptions
from ingest.readers import open_file
from tests.ingest.workbooks import write_xlsx

MOST_SECONDS = 2.0
MOST_MEGABYTES = 64
MEGABYTE = 1 << 20

Maker = Callable[[Path], None]
HOSTILE: dict[str, tuple[str, Maker, str]] = {}
"""Name: (name of the file, what writes it, what the refusal says)."""


def hostile(file: str, said: str) -> Callable[[Maker], Maker]:
    def note(maker: Maker) -> Maker:
        HOSTILE[maker.__name__] = file, maker, said
        return maker

    return note


SHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
PLAIN_ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c><c r="B1" t="inlineStr"><is><t>y</t></is></c></row>'
    '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'
)
END = "</sheetData></worksheet>"


def raw_xlsx(path: Path, pieces: Iterable[str], more: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """A workbook whose sheet is written as it stands here."""
    frame = write_xlsx(path.with_name("frame.xlsx"), {"S": []})
    with zipfile.ZipFile(frame) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            if "worksheets/" not in name:
                archive.writestr(name, source.read(name))
        for name, content in more.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for piece in pieces:
                sheet.write(piece.encode())


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@hostile("a.zip", "times its size")
def bomb(path: Path) -> None:
    zipped(path, {"a.csv": bytes(256 * MEGABYTE)})


@hostile("a.xlsx", "times its size")
def bomb_in_a_workbook(path: Path) -> None:
    raw_xlsx(path, itertools.chain([SHEET, PLAIN_ROWS], itertools.repeat(" " * MEGABYTE, 300), [END]))


@hostile("a.xlsx", "larger than the archive says")
def bomb_whose_directory_lies(path: Path) -> None:
    raw_xlsx(path, itertools.chain([SHEET, PLAIN_ROWS], itertools.repeat(" " * MEGABYTE, 100), [END]))
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"xl/worksheets/sheet1.xml") - 46
    content[entry + 24 : entry + 28] = struct.pack("<I", 1_000)
    path.write_bytes(content)


@hostile("a.zip", "is an archive itself")
def archive_in_an_archive(path: Path) -> None:
    zipped(path, {"a.csv": b"x,y\n1,2\n", "b.zip": b"PK\x05\x06" + bytes(18)})


@hostile("a.zip", "is an archive itself")
def archive_in_an_archive_by_another_name(path: Path) -> None:
    zipped(path, {"a.csv": b"\x1f\x8b" + bytes(100)})


@hostile("a.zip", "points out of the archive")
def way_out(path: Path) -> None:
    zipped(path, {"../../etc/a.csv": b"x,y\n1,2\n"})


@hostile("a.zip", "points out of the archive")
def way_from_the_root(path: Path) -> None:
    zipped(path, {"/etc/a.csv": b"x,y\n1,2\n"})


@hostile("a.zip", "points out of the archive")
def way_out_with_backslashes(path: Path) -> None:
    zipped(path, {"..\\..\\a.csv": b"x,y\n1,2\n"})


@hostile("a.zip", "points out of the archive")
def way_to_a_drive(path: Path) -> None:
    zipped(path, {"c:a.csv": b"x,y\n1,2\n"})


@hostile("a.zip", "control characters")
def name_with_control_characters(path: Path) -> None:
    zipped(path, {"a\x1b[31m.csv": b"x,y\n1,2\n"})


@hostile("a.zip", "link or a device")
def link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("a.csv")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")


@hostile("a.zip", "encrypted")
def encrypted(path: Path) -> None:
    zipped(path, {"a.csv": b"x,y\n1,2\n"})
    content = bytearray(path.read_bytes())
    for place in (content.find(b"PK\x03\x04") + 6, content.find(b"PK\x01\x02") + 8):
        content[place] |= 1
    path.write_bytes(content)


@hostile("a.zip", "stands in it twice")
@pytest.mark.filterwarnings("ignore:Duplicate name")
def same_name_twice(path: Path) -> None:
    zipped(path, {"a.csv": b"x,y\n1,2\n", "A.CSV": b"x,y\n3,4\n"})


@hostile("a.zip", "files that an archive may hold")
def many_members(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for turn in range(10_001):
            archive.writestr(f"{turn}.csv", b"")


@hostile("a.zip", "damaged")
def no_directory(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(100))


@hostile("a.zip", "damaged")
def cut_off(path: Path) -> None:
    zipped(path, {"a.csv": bytes(range(256)) * 100})
    content = bytearray(path.read_bytes())
    content[60:70] = bytes(10)
    path.write_bytes(content)


@hostile("a.xlsx", "entities")
def billion_laughs(path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{turn} "{f"&l{turn - 1};" * 10}">' for turn in range(1, 10))
    declared = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&l9;</t></is></c></row>'
    raw_xlsx(path, [declared, SHEET.split("?>")[1], cell, END])


@hostile("a.ods", "entities")
def billion_laughs_in_an_open_document(path: Path) -> None:
    zipped(
        path, {"content.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'}
    )


@hostile("a.xlsx", "UTF-16")
def entities_hidden_in_another_encoding(path: Path) -> None:
    raw_xlsx(path, [SHEET, PLAIN_ROWS, END], {"xl/styles.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")})


@hostile("a.xlsx", "columns")
def million_columns(path: Path) -> None:
    cells = (f'<c t="inlineStr"><is><t>c{turn}</t></is></c>' for turn in range(10**6))
    raw_xlsx(path, itertools.chain([SHEET, '<row r="1">'], cells, ["</row>", END]))


@hostile("a.xlsx", "cells that are read")
def one_cell_far_out(path: Path) -> None:
    raw_xlsx(path, [SHEET, PLAIN_ROWS, "<row r='1048576'><c r = 'XFD1048576'><v>1</v></c></row>", END])


@hostile("a.xlsx", "cells that are read")
def one_wide_row_and_many_short_ones(path: Path) -> None:
    wide = "<c><v>1</v></c>" * 16_000
    raw_xlsx(
        path,
        itertools.chain([SHEET, "<row>", wide, "</row>"], itertools.repeat("<row><c><v>1</v></c></row>", 5_000), [END]),
    )


@hostile("a.xlsx", "cells that are read")
def row_number_far_out(path: Path) -> None:
    raw_xlsx(
        path, [SHEET, "<row>", "<c><v>1</v></c>" * 100, '</row><row spans="1:1" r="1048576"><c><v>1</v></c></row>', END]
    )


def binary_record(kind: int, content: bytes) -> bytes:
    return bytes([kind, len(content)]) + content


def binary_sheet(*places: tuple[int, int]) -> bytes:
    """The cells of a sheet of XLSB, among records of other kinds."""
    begin, end = b"\x81\x01\x00\x91\x01\x00", b"\x92\x01\x00\x82\x01\x00"
    rows = (
        binary_record(0, struct.pack("<I", row) + bytes(13)) + binary_record(5, struct.pack("<IId", column, 0, 1.0))
        for row, column in places
    )
    return begin + b"".join(rows) + end


@hostile("a.xlsb", "cells that are read")
def one_cell_far_out_in_a_binary_workbook(path: Path) -> None:
    zipped(path, {"[Content_Types].xml": b"<x/>", "xl/worksheets/sheet1.bin": binary_sheet((0, 0), (1048575, 16383))})


@hostile("a.xlsx", "characters of a cell")
def huge_shared_text(path: Path) -> None:
    text = f"<sst><si><t>{'x' * 10 * MEGABYTE}</t></si></sst>"
    raw_xlsx(path, [SHEET, PLAIN_ROWS, END], {"xl/sharedStrings.xml": text.encode()})


ODS = b'<office:document-content><table:table table:name="S">'


@hostile("a.ods", "cells that are read")
def repeated_rows(path: Path) -> None:
    cell = b'<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
    row = b'<table:table-row table:number-rows-repeated="1048576">' + cell + b"</table:table-row>"
    zipped(path, {"content.xml": ODS + row + b"</table:table></office:document-content>"})


@hostile("a.ods", "columns")
def repeated_columns(path: Path) -> None:
    cell = b"<table:table-cell table:number-columns-repeated='1000000' office:value-type='float' office:value='1'/>"
    zipped(path, {"content.xml": ODS + b"<table:table-row>" + cell + b"</table:table-row></table:table>"})


@hostile("a.xlsx", "not a workbook")
def workbook_that_is_text(path: Path) -> None:
    path.write_text("x,y\n1,2\n")


@hostile("a.csv", "is no row")
def endless_line(path: Path) -> None:
    with path.open("wb") as handle:
        handle.write(b"x,y\n1,")
        for _ in range(300):
            handle.write(b"x" * MEGABYTE)


@hostile("a.csv", "is no row")
def endless_quoted_heading(path: Path) -> None:
    path.write_bytes(b'x,"' + b"y" * 200 * MEGABYTE)


@hostile("a.csv", "columns")
def million_headings(path: Path) -> None:
    path.write_text(",".join(f"c{turn}" for turn in range(10**6)) + "\n" + "1," * 10**6 + "\n")


@hostile("a.geojson", "deep")
def deep_json(path: Path) -> None:
    path.write_text('{"type":"FeatureCollection","features":' + "[" * 10**5 + "]" * 10**5 + "}")


@hostile("a.json", "deep")
def deep_json_at_the_end(path: Path) -> None:
    path.write_text('{"value":[' + '{"a":"]]}"},' * 200_000 + "[" * 10**5 + "]" * 10**5 + "]}")


@hostile("a.json", "program")
def pipeline_of_commands(path: Path) -> None:
    steps = "gdal vector pipeline ! read /etc/passwd ! write --of stream streamed_dataset"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": steps}))


@hostile("a.zip", "data from elsewhere")
def source_elsewhere(path: Path) -> None:
    layer = b"<OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
    virtual = b"<OGRVRTDataSource>" + layer + b"</OGRVRTDataSource>"
    zipped(path, {"a.vrt": virtual})


@hostile("a.zip", "data from elsewhere")
def source_elsewhere_beside_a_shapefile(path: Path) -> None:
    zipped(path, {"a.vrt": b"<OGRVRTDataSource/>", "a.shp": b"<OGRVRTDataSource/>"})


@hostile("a.parquet", "rows")
def many_rows_in_few_bytes(path: Path) -> None:
    rows = pa.table({"a": pa.array(["x"] * 1_000_000).dictionary_encode()})
    with parquet.ParquetWriter(path, rows.schema) as writer:
        for _ in range(101):
            writer.write_table(rows)


@hostile("a.parquet", "not a Parquet file")
def footer_longer_than_the_file(path: Path) -> None:
    path.write_bytes(b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1")


GEOPACKAGE = """
PRAGMA application_id = 1196444487;
CREATE TABLE gpkg_contents (
    table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, description TEXT, last_change TEXT,
    min_x REAL, min_y REAL, max_x REAL, max_y REAL, srs_id INTEGER
);
INSERT INTO gpkg_contents (table_name, data_type) VALUES ('a', 'attributes');
"""


def database(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(GEOPACKAGE)
        connection.executescript(script)


@hostile("a.gpkg", "is a view")
def view_without_an_end(path: Path) -> None:
    database(path, "CREATE VIEW a AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;")


@hostile("a.gpkg", "virtual table")
def virtual_table(path: Path) -> None:
    database(path, "CREATE VIRTUAL TABLE a USING fts5(b);")


@hostile("a.gpkg", "damaged")
def damaged_database(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)


@hostile("a\x1b[2J.csv", "control characters")
def file_name_with_control_characters(path: Path) -> None:
    path.write_text("x,y\n1,2\n")


_ASK = """
import resource, sys, time
from pathlib import Path
from types import MappingProxyType
from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers import open_file
import ingest.readers.csv, ingest.readers.parquet, ingest.readers.vector, ingest.readers.workbook
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for line in sys.stdin:
    before, began = peak(), time.process_time()
    try:
        opened = open_file(Path(line.rstrip("\\n")), FileOptions())
        said = f"read {sum(batch.cells.num_rows for batch in opened.batches)}"
    except IngestError as error:
        said = str(error).replace("\\n", " ") or "nothing"
    print(f"{time.process_time() - began:.3f}\\t{peak() - before:.0f}\\t{said}", flush=True)
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float, str]]:
    """CPU seconds, growth of the peak of memory in MB and what was said, one file after the other in one process."""
    paths = {}
    for name, (file, maker, _) in HOSTILE.items():
        paths[name] = tmp_path_factory.mktemp(name) / file
        maker(paths[name])
    told = subprocess.run(
        [sys.executable, "-c", _ASK],
        input="".join(f"{path}\n" for path in paths.values()),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [line.split("\t") for line in told.stdout.splitlines()]
    return {name: (float(answer[0]), float(answer[1]), answer[2]) for name, answer in zip(paths, answers, strict=True)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_before_it_costs_anything(
    outcomes: dict[str, tuple[float, float, str]], name: str
) -> None:
    seconds, megabytes, said = outcomes[name]
    assert re.search(HOSTILE[name][2], said), said
    assert len(said) < 400
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES


def honest_xlsx(path: Path, more: Iterable[str] = ()) -> Path:
    raw_xlsx(path, [SHEET, PLAIN_ROWS, *more, END])
    return path


@pytest.mark.parametrize(
    "more",
    [
        ['<row r="1048576"><c r="XFD1048576" s="1"/></row>'],
        ['<row r="1048576" spans="1:16384"/>'],
        ["<!-- <!comment> -->"],
    ],
)
def test_what_is_only_styled_or_declared_far_out_is_no_reason(tmp_path: Path, more: list[str]) -> None:
    opened = open_file(honest_xlsx(tmp_path / "a.xlsx", more), FileOptions())
    assert opened.headings == ("x", "y")
    assert sum(batch.cells.num_rows for batch in opened.batches) == 1


def test_a_binary_workbook_of_many_cells_is_no_reason(tmp_path: Path) -> None:
    cells = binary_sheet(*((row, row % 20) for row in range(60_000)))
    zipped(tmp_path / "a.xlsb", {"[Content_Types].xml": b"<x/>", "xl/worksheets/sheet1.bin": cells})
    admit(tmp_path / "a.xlsb")
    with limited_to(Limits(cells=60_000 * 20 - 1)), pytest.raises(IngestError, match="row 60,000 and column 20"):
        admit(tmp_path / "a.xlsb")


def test_the_empty_rows_at_the_end_of_an_open_document_are_no_reason(tmp_path: Path) -> None:
    row = b'<table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    rest = b'<table:table-row table:number-rows-repeated="1048575">'
    rest += b'<table:table-cell table:number-columns-repeated="16384"/>'
    zipped(tmp_path / "a.ods", {"content.xml": ODS + row + rest + b"</table:table-row></table:table>"})
    admit(tmp_path / "a.ods")


def test_limits_can_be_set_and_are_checked(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a.csv": b"x,y\n1,2\n" * 1_000})
    admit(tmp_path / "a.zip")
    with limited_to(Limits(unpacked_bytes=1_000)), pytest.raises(IngestError, match="would unpack to"):
        admit(tmp_path / "a.zip")
    admit(tmp_path / "a.zip")
    with pytest.raises(ValueError, match="above zero"):
        Limits(depth=0)


@given(st.lists(st.sampled_from(['{"a":', "[", "1", '"]]{{\\""', "]", "}", ",", "\n"]), max_size=60))
def test_depth_is_what_is_open_at_once(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text("[" + "".join(parts))
    depth = deepest = 0
    for part in ["[", *parts]:
        depth += {"[": 1, '{"a":': 1, "]": -1, "}": -1}.get(part, 0)
        deepest = max(deepest, depth)
    for limit in (deepest - 1, deepest):
        if limit < 1:
            continue
        with limited_to(Limits(depth=limit)):
            if limit < deepest:
                with pytest.raises(IngestError, match="deep"):
                    admit(path)
            else:
                admit(path)
