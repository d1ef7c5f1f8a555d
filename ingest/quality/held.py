"""The controls that a dataset holds already, and what they repeat: corrected rows, loaded alone, belong to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, func, null, select

from db.tables import control, measurement, procedure, specimen
from ingest.quality.kinds import DUPLICATES

TEXTS = ("code", "contaminant", "digestion", "instrument", "standard", "basis", "batch", "original_text")
WANTED = pa.schema(
    [
        ("kind", pa.string()),
        ("original", pa.string()),
        *((name, pa.string()) for name in TEXTS),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("row", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class HeldControls:
    """Results of controls, and the measurements that the duplicates among them repeat: Arrow tables of `WANTED`."""

    results: Any
    originals: Any


def held_controls(connection: Connection, dataset: int, without: Iterable[int]) -> HeldControls:
    """What a dataset holds from other rows of its file than these."""
    rows = list(without)
    mine = (control.c.dataset_id == dataset, control.c.source_row.not_in(rows))
    of_control = (control.c.kind, control.c.original, control.c.code, *_values(control), control.c.source_row)
    results = (
        select(*of_control).select_from(control).join(procedure, procedure.c.id == control.c.procedure_id).where(*mine)
    )
    repeated = select(control.c.original).where(*mine, control.c.kind.in_(DUPLICATES))
    row = func.coalesce(measurement.c.source_row, specimen.c.source_row)
    originals = (
        select(null().label("kind"), null().label("original"), specimen.c.code, *_values(measurement), row)
        .select_from(measurement)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .where(specimen.c.dataset_id == dataset, specimen.c.code.in_(repeated))
        .where(measurement.c.replicate == 1, row.not_in(rows))
    )
    return HeldControls(_table(connection, results), _table(connection, originals))


def _values(table: Any) -> tuple[Any, ...]:
    """What controls and measurements have in common, in the order of `WANTED`."""
    method = (procedure.c.digestion, procedure.c.instrument, procedure.c.standard)
    named = (table.c.basis, table.c.batch, table.c.original_text, table.c.lower, table.c.upper)
    return (table.c.contaminant_id, *method, *named)


def _table(connection: Connection, query: Select[Any]) -> Any:
    rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(WANTED)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, WANTED.types, strict=True)], schema=WANTED)
