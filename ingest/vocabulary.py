"""The shipped vocabularies into the database; where nothing changed, nothing is written."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.versions import raise_version
from ingest.contaminants import Contaminant, shipped_contaminants
from ingest.guidelines import GUIDELINE_VALUES, read_guidelines
from mapping.guideline import GuidelineRow


def load_vocabularies(connection: Connection) -> None:
    """Bring contaminants and guideline values up to date; the layer's version rises only when a value changed."""
    load_contaminants(connection)
    rows = [_guideline_value(row, cells) for row, cells in zip(read_guidelines(), _cells(), strict=True)]
    changed = _upsert(connection, tables.guideline_value, rows)
    changed += _delete_others(connection, tables.guideline_value, [row["id"] for row in rows])
    if changed:
        raise_version(connection, "guideline-values")


def load_contaminants(connection: Connection) -> None:
    """Bring the contaminants up to date; one that left the vocabulary stays for the measurements that name it."""
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
    in_mg_per_kg = row.unit.startswith("mg/kg")
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
        "value_low": row.low if in_mg_per_kg else None,
        "value_high": row.high if in_mg_per_kg else None,
        "unit": row.unit,
        "comparable": row.comparable,
        "reason": row.reason or None,
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

    Only who has something to write waits for others that do the same: every command comes through here.
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
