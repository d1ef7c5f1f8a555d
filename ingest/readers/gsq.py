"""The geochemistry workbook of the Geological Survey of Queensland: its sheets joined to one measurement per row.

A sheet of samples says where they were taken, one of methods in which unit and with which limits each assay was made,
and one of results has a column per assay and analyte (`IC587_Ag`). Duplicates and reference materials have a sheet of
their own. The first column of each sheet holds notes; data stand where it is empty.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Opened, text_batch
from ingest.readers.workbook import open_workbook, sheet_rows

SAMPLES, METHODS, RESULTS, CHECKS = "SURFACE_SAMPLE", "GEOCHEMISTRY_META", "SAMPLE_GEOCHEMISTRY", "QAQC_GEOCHEMISTY"
HEADING = "FIELD"
OF_METHOD = ("LABORATORY", "UNIT_OF_MEASURE", "LOWER_DETECTION_LIMIT", "UPPER_DETECTION_LIMIT", "ACCURACY")
OF_CONTROL = ("QAQC_TYPE", "ORIG_SAMPLE_ID", "STANDARD_ID")
OF_RESULT = ("SHEET_ROW", "JOB NUMBER", "SAMPLE_ID", *OF_CONTROL, "ASSAY_CODE", "ANALYTE", "RESULT")

Row = dict[str, str]


def open_records(file: Path, _: FileOptions) -> Opened:
    """Open a workbook of that layout; raises `IngestError` for another one, naming the sheet that is missing."""
    workbook = open_workbook(file)
    sheets = {
        name: list(_records(file, name, sheet_rows(file, workbook, name))) for name in (SAMPLES, METHODS, RESULTS)
    }
    if CHECKS in workbook.sheet_names:
        sheets[CHECKS] = list(_records(file, CHECKS, sheet_rows(file, workbook, CHECKS)))
    of_sample = tuple(dict.fromkeys(name for _, row in sheets[SAMPLES] for name in row if name != "SAMPLE_ID"))
    headings = (*OF_RESULT, *OF_METHOD, *of_sample)
    joined = list(_joined(sheets))
    if not joined:
        raise IngestError(f"{file.name}: the sheets {SAMPLES} and {RESULTS} hold no samples")
    numbered = [(number, [row.get(name, "") for name in headings]) for number, row in enumerate(joined, start=2)]
    note = f"rows are results in the order of {RESULTS} and {CHECKS}, then the samples of {SAMPLES} without any"
    return Opened(headings, iter([text_batch(headings, numbered)]), (note,))


def tables_in(_: Path) -> tuple[str, ...]:
    """The file is one table."""
    return ()


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


def _records(file: Path, name: str, rows: list[list[str]]) -> Iterator[tuple[int, Row]]:
    """The records of a sheet with their rows: what stands under the headings, below the notes."""
    if not rows or rows[0][0] != HEADING:
        raise IngestError(f"{file.name}, sheet {name}: row 1 does not begin with {HEADING}")
    headings = rows[0][1:]
    for number, row in enumerate(rows[1:], start=2):
        if not row[0] and any(row):
            yield number, {key: cell for key, cell in zip(headings, row[1:], strict=False) if key}


def _joined(sheets: dict[str, list[tuple[int, Row]]]) -> Iterator[Row]:
    samples = {row["SAMPLE_ID"]: row for _, row in sheets[SAMPLES]}
    methods = {(row["ASSAY_CODE"], row["ANALYTE"]): row for _, row in sheets[METHODS]}
    analysed = set()
    for number, result in (*sheets[RESULTS], *sheets.get(CHECKS, ())):
        analysed.add(result["SAMPLE_ID"])
        described = samples.get(result["SAMPLE_ID"]) or samples.get(result.get("ORIG_SAMPLE_ID", ""), {})
        about = {key: result.get(key, "") for key in ("SAMPLE_ID", *OF_CONTROL)}
        about["JOB NUMBER"] = result.get("JOB NUMBER") or result.get("JOB_NUMBER", "")
        for assay in list(_assays(result, methods)) or [{}]:
            yield described | about | assay | {"SHEET_ROW": str(number)}
    for number, sample in sheets[SAMPLES]:
        if sample["SAMPLE_ID"] not in analysed:
            yield sample | {"SHEET_ROW": str(number)}


def _assays(result: Row, methods: dict[tuple[str, str], Row]) -> Iterable[Row]:
    for column, text in result.items():
        code, _, analyte = column.partition("_")
        method = methods.get((code, analyte))
        if method is not None and text:
            limits = {key: method.get(key, "") for key in OF_METHOD}
            yield {"ASSAY_CODE": code, "ANALYTE": analyte, "RESULT": text} | limits
