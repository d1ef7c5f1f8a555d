"""Published background values and toxicity values of contaminants: facts with their sources, as CSV."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingest.contaminants import shipped_contaminants
from ingest.errors import IngestError
from mapping.exposure import Toxicity

BACKGROUNDS = Path(__file__).parent / "vocabularies" / "backgrounds.csv"
TOXICITY = Path(__file__).parent / "vocabularies" / "toxicity.csv"
KINDS = ("rock", "sediment", "soil")
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d{1,2})?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class BackgroundTable:
    """Contents in mg/kg of what a table is `of` (rock, sediment, soil), by contaminant, and where they are from."""

    name: str
    of: str
    source: str
    mg_per_kg: Mapping[str, float]


@lru_cache(maxsize=1)
def background_tables() -> dict[str, BackgroundTable]:
    """The shipped tables, by name."""
    with BACKGROUNDS.open(encoding="utf-8", newline="") as handle:
        return tables_in(csv.DictReader(handle, strict=True), BACKGROUNDS.name)


def read_background_table(path: Path) -> BackgroundTable:
    """A table of one's own: columns `contaminant` (any name), `mg_per_kg`, `of` and `source`.

    `IngestError` names row and column of what cannot be used.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = [{**row, "table": path.stem, "contaminant": _known(row, path)} for row in csv.DictReader(handle)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise IngestError(f"{path}: cannot be read as a table: {error}") from None
    found = tables_in(rows, path.name)
    if not found:
        raise IngestError(f"{path}: the table holds no background value")
    return found[path.stem]


def _known(row: Mapping[str, str | None], path: Path) -> str:
    try:
        return shipped_contaminants().match(row.get("contaminant") or "")
    except ValueError as error:
        raise IngestError(f"{path.name}: contaminant: {error}") from None


def tables_in(rows: Iterable[Mapping[str, str | None]], file: str) -> dict[str, BackgroundTable]:
    """Tables from rows of table, contaminant, mg_per_kg, of and source."""
    tables: dict[str, BackgroundTable] = {}
    for number, row in enumerate(rows, start=2):
        name, contaminant, of, source = (row.get(key) or "" for key in ("table", "contaminant", "of", "source"))
        if of not in KINDS or not source.strip():
            raise IngestError(f"{file}, row {number}: of must be one of {', '.join(KINDS)}, and source must be given")
        table = tables.setdefault(name, BackgroundTable(name, of, source, {}))
        if (table.of, table.source) != (of, source) or contaminant in table.mg_per_kg:
            raise IngestError(f"{file}, row {number}: {contaminant} is there twice, or of and source differ in {name}")
        tables[name] = BackgroundTable(name, of, source, {**table.mg_per_kg, contaminant: _content(row, file, number)})
    return tables


def _content(row: Mapping[str, str | None], file: str, number: int) -> float:
    value = _positive(row.get("mg_per_kg") or "")
    if value is None or value == 0.0:
        raise IngestError(f"{file}, row {number}: mg_per_kg must be a number above zero, got {row.get('mg_per_kg')!r}")
    return value


def _positive(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


@lru_cache(maxsize=1)
def toxicities() -> dict[str, Toxicity]:
    """The shipped toxicity values, by contaminant; `IngestError` for a row without a source."""
    with TOXICITY.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, strict=True))
    return {row["contaminant"]: _toxicity(row, number) for number, row in enumerate(rows, start=2)}


def _toxicity(row: Mapping[str, str], number: int) -> Toxicity:
    numbers = {name: _positive(text) for name, text in row.items() if name not in ("contaminant", "source")}
    if not row["source"].strip() or any(
        text and numbers[name] is None for name, text in row.items() if name in numbers
    ):
        raise IngestError(f"{TOXICITY.name}, row {number}: every row needs numbers and a source")
    dose, slope, air, unit = (
        numbers[name] for name in ("reference_dose", "slope", "reference_concentration", "unit_risk")
    )
    shares = {name: numbers[name] or 0.0 for name in ("dermal", "gut", "bioavailability")}
    return Toxicity(row["contaminant"], dose, slope, air, unit, source=row["source"], **shares)
