"""The exchange workbook of the Global Soil Information System (GloSIS): its sheets joined to one result per row.

`Plot Data` says where, `Element Data` how deep, `Specimen Data` has a column per soil property that was measured, and
`Procedures` says which property of the GloSIS code lists each such column is, by which procedure and in which unit.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers.base import Opened, text_batch
from ingest.readers.heading import filled_width, headings_of
from ingest.readers.workbook import open_workbook, sheet_rows

# sheet: the row of its headings; the first rows of some name groups of columns
PLOTS, ELEMENTS, SPECIMENS, PROCEDURES, PROFILES = (
    ("Plot Data", 2),
    ("Element Data", 2),
    ("Specimen Data", 1),
    ("Procedures", 1),
    ("Profile Data", 2),
)
OF_RESULT = ("sheet_row", "specimen_code", "profile_code", "element_code")
OF_METHOD = ("soil_property", "property_phys_chem_id", "procedure_phys_chem_id", "unit_of_measure_id", "value")

Row = dict[str, str]


def open_records(file: Path, _: FileOptions) -> Opened:
    """Open a workbook of that layout; raises `IngestError` for another one, and for a property without a procedure."""
    workbook = open_workbook(file)
    sheets = {
        sheet: dict(_records(f"{file.name}, sheet {sheet}", sheet_rows(file, workbook, sheet), heading))
        for sheet, heading in (PLOTS, ELEMENTS, SPECIMENS, PROCEDURES, PROFILES)
    }
    plots, elements, specimens, procedures, profiles = sheets.values()
    methods = {row["soil_property"]: row for row in procedures.values() if row.get("soil_property")}
    places = _by(plots, "profile_code")
    depths = _by(elements, "profile_code", "element_code")
    about = _by(profiles, "profile_code")
    described = [*_first(places), *_first(about), *_first(depths)]
    headings = tuple(dict.fromkeys((*OF_RESULT, *OF_METHOD, *described)))
    rows = []
    for number, specimen in specimens.items():
        profile, element = specimen.get("profile_code", ""), specimen.get("element_code", "")
        known = places.get((profile,), {}) | about.get((profile,), {}) | depths.get((profile, element), {})
        rows += [known | row for row in _results(file, number, specimen, methods)]
    if not rows:
        raise IngestError(f"{file.name}: the sheet {SPECIMENS[0]} holds no specimens")
    numbered = [(number, [row.get(name, "") for name in headings]) for number, row in enumerate(rows, start=2)]
    note = f"rows are results in the order of {SPECIMENS[0]}, whose row is the column sheet_row"
    return Opened(headings, iter([text_batch(headings, numbered)]), (note,), crs="EPSG:4326")


def tables_in(_: Path) -> tuple[str, ...]:
    """The workbook is read as one table."""
    return ()


def grid(_: Path, __: FileOptions) -> list[list[str]]:
    """The file knows its headings."""
    return []


def _records(place: str, rows: list[list[str]], heading: int) -> Iterator[tuple[int, Row]]:
    if len(rows) < heading:
        raise IngestError(f"{place}: there is no row {heading} with headings")
    above = rows[heading - 1 : heading]
    headings = headings_of(place, above, filled_width(above))
    for number, row in enumerate(rows[heading:], start=heading + 1):
        if any(row):
            yield number, dict(zip(headings, row, strict=False))


def _by(rows: Mapping[int, Row], *keys: str) -> dict[tuple[str, ...], Row]:
    return {tuple(row.get(key, "") for key in keys): row for row in reversed(list(rows.values()))}


def _first(rows: Mapping[tuple[str, ...], Row]) -> tuple[str, ...]:
    return tuple(next(iter(rows.values()), {}))


def _results(file: Path, number: int, specimen: Row, methods: Mapping[str, Row]) -> Iterator[Row]:
    """One record per property in which something stands; a specimen without any is a record too."""
    own = {key: specimen.get(key, "") for key in OF_RESULT} | {"sheet_row": str(number)}
    results = {name: text for name, text in specimen.items() if name not in OF_RESULT and text}
    for name, text in results.items():
        if name not in methods:
            raise IngestError(
                f"{file.name}, sheet {SPECIMENS[0]}: the sheet {PROCEDURES[0]} does not say what {name!r} is"
            )
        method = {key: methods[name].get(key, "") for key in OF_METHOD}
        yield own | method | {"value": text}
    if not results:
        yield own
