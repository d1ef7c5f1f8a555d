"""The shipped vocabularies into the database; where nothing changed, nothing is written."""

import csv
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, Text, cast, delete, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.versions import raise_version
from ingest.contaminants import VOCABULARY, Contaminant, shipped_contaminants
from ingest.guidelines import GUIDELINE_VALUES, read_guidelines
from mapping.guideline import REASONS, GuidelineRow

READ_BY = tuple(Path(__file__).with_name(name) for name in ("vocabulary.py", "contaminants.py", "guidelines.py"))


def load_vocabularies(connection: Connection) -> None:
    """Bring contaminants and guideline values up to date; the layer's version rises only when a value changed."""
    load_contaminants(connection)
    _bring_up_to_date(connection, tables.guideline_value, GUIDELINE_VALUES, _load_guideline_values)


def load_contaminants(connection: Connection) -> None:
    """Bring the contaminants up to date; one that left the vocabulary stays for the measurements that name it."""
    _bring_up_to_date(connection, tables.contaminant, VOCABULARY, _load_contaminants)


def _bring_up_to_date(connection: Connection, table: Table, file: Path, load: Callable[[Connection], None]) -> None:
    """Load a vocabulary unless files, code and rows are those of the last time: every command comes through here."""
    shipped = _digest(file)
    if _stored_checksum(connection, table) == f"{shipped} {_digest_of_rows(connection, table)}":
        return
    load(connection)
    values = {"name": table.name, "checksum": f"{shipped} {_digest_of_rows(connection, table)}"}
    statement = insert(tables.vocabulary_state).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


@cache
def _digest(file: Path) -> str:
    content = hashlib.sha256()
    for part in (file, *READ_BY):
        content.update(part.read_bytes())
    return content.hexdigest()


def _stored_checksum(connection: Connection, table: Table) -> str | None:
    state = tables.vocabulary_state
    return connection.execute(select(state.c.checksum).where(state.c.name == table.name)).scalar_one_or_none()


def _digest_of_rows(connection: Connection, table: Table) -> int:
    """A digest that does not depend on the order of the rows."""
    row = func.hashtextextended(cast(literal_column(table.name), Text), 0)
    return int(connection.execute(select(func.coalesce(func.sum(row), 0)).select_from(table)).scalar_one())


def _load_guideline_values(connection: Connection) -> None:
    rows = [_guideline_value(row, cells) for row, cells in zip(read_guidelines(), _cells(), strict=True)]
    changed = _upsert(connection, tables.guideline_value, rows)
    changed += _delete_others(connection, tables.guideline_value, [row["id"] for row in rows])
    if changed:
        raise_version(connection, "guideline-values")


def _load_contaminants(connection: Connection) -> None:
    _upsert(connection, tables.contaminant, [_contaminant(entry) for entry in shipped_contaminants().entries])


def _contaminant(entry: Contaminant) -> dict[str, Any]:
    return {
        "id": entry.id,
        "symbol": entry.symbol,
        "name": entry.names.get("en", entry.id),
        "names": dict(entry.names),
        "cas": entry.cas,
        "contaminant_group": entry.group,
        "members": list(entry.members),
        "molar_mass": entry.molar_mass,
        "glosis_code": entry.glosis_code,
    }


def _cells() -> Iterable[Mapping[str, str]]:
    with GUIDELINE_VALUES.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle, strict=True)


def _guideline_value(row: GuidelineRow, cells: Mapping[str, str]) -> dict[str, Any]:
    low, high = row.mg_per_kg or (None, None)
    return {
        "id": row.number,
        "rule": row.rule,
        "jurisdiction": row.act.jurisdiction,
        "act": row.act.slug,
        "act_title": row.act.title,
        "year": row.act.year,
        "symbol": row.symbol,
        "contaminant_id": row.contaminant,
        "cas": row.cas or None,
        "land_use": row.land_use,
        "kind": row.kind,
        "consequence": row.consequence or None,
        "value_low": low,
        "value_high": high,
        "unit": row.unit,
        "comparable": row.comparable,
        "reason": REASONS[row.reason] if row.reason else None,
        "definition": dict(cells),
        "valid_from": row.act.first_day,
        "valid_to": row.act.last_day,
        "original_value": row.original_value,
        "original_condition": row.original_condition,
        "source": row.source,
        "source_kind": row.source_kind,
    }


def _upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows that differ from the stored ones; how many these were.

    Only who has something to write waits for others that do the same.
    """
    if not _changed(connection, table, rows):
        return 0
    _lock(connection, table)
    changed = _changed(connection, table, rows)
    if changed:
        statement = insert(table)
        replaced = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        connection.execute(statement.on_conflict_do_update(index_elements=[table.c.id], set_=replaced), changed)
    return len(changed)


def _changed(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    columns = [table.c[name] for name in rows[0]]
    stored = {row["id"]: dict(row) for row in connection.execute(select(*columns)).mappings()}
    return [dict(row) for row in rows if stored.get(row["id"]) != row]


def _delete_others(connection: Connection, table: Table, kept: Sequence[int]) -> int:
    return connection.execute(delete(table).where(table.c.id.not_in(kept))).rowcount


def _lock(connection: Connection, table: Table) -> None:
    key = {"key": f"vocabulary {table.name}"}
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
