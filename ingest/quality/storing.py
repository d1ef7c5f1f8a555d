"""Controls into their table."""

from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from ingest.copying import copy_rows

PROCEDURE = ("digestion", "instrument", "standard")
AS_READ = (
    *("kind", "code", "original", "material", "basis", "laboratory", "batch", "analysed_on", "lower", "upper"),
    *("lod", "loq", "expected", "expected_uncertainty", "original_text", "original_unit"),
)


def store_controls(connection: Connection, dataset: int, results: Any, *, beside: bool = False) -> None:
    """Store the results of the controls of a dataset in place of those it had; `results` is None where it has none.

    Results that come `beside` those it has, out of corrected rows, replace what these rows said before.
    """
    replaced = tables.control.c.dataset_id == dataset
    if beside:
        rows = [] if results is None else results["row"].to_pylist()
        replaced &= tables.control.c.source_row.in_(rows)
    connection.execute(delete(tables.control).where(replaced))
    if results is None or not results.num_rows:
        return
    stored = {
        "dataset_id": pa.repeat(pa.scalar(dataset), results.num_rows),
        "contaminant_id": results["contaminant"],
        "procedure_id": pa.array(_procedures(connection, results), pa.int64()),
        "source_row": results["row"],
        **{name: results[name] for name in AS_READ},
    }
    copy_rows(connection, tables.control, pa.table(stored))


def _procedures(connection: Connection, results: Any) -> list[int]:
    """The procedure of each result; one that is not known yet is added."""
    keys = list(zip(*(results[name].to_pylist() for name in PROCEDURE), strict=True))
    rows = [dict(zip(PROCEDURE, key, strict=True)) for key in sorted(set(keys))]
    connection.execute(insert(tables.procedure).on_conflict_do_nothing(), rows)
    columns = [tables.procedure.c[name] for name in PROCEDURE]
    known = {tuple(row[1:]): row[0] for row in connection.execute(select(tables.procedure.c.id, *columns))}
    return [known[key] for key in keys]
