"""Chunks of samples into the tables: numbers become identifiers, procedures rows of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from ingest.copying import copy_rows, places, whole
from ingest.harmonise import Chunk

PROCEDURE = ("digestion", "instrument", "standard")
MEASURED = (
    *("basis", "laboratory", "batch", "analysed_on", "lower", "upper", "lod", "loq", "uncertainty"),
    *("original_text", "original_unit", "quality_flag", "replicate", "source_column"),
)
NOT_OF_SPECIMEN = ("row", "site", "site_number", "longitude", "latitude")


TABLES = (tables.site, tables.specimen, tables.measurement)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the rows of a dataset go: by table the name of the one to fill, and the identifier of row number zero."""

    dataset: int
    into: Mapping[str, str]
    first_ids: Mapping[str, int]


class SampleStore:
    """Appends the chunks of one file of samples, each in the transaction of its caller."""

    def __init__(self, destination: Destination) -> None:
        self._to = destination
        self._measured = 0
        self._procedures: dict[tuple[str, ...], int] = {}

    def store(self, connection: Connection, chunk: Chunk) -> None:
        """Append a chunk."""
        self._copy(connection, tables.site, chunk.first_site, self._site_columns(chunk.sites))
        self._copy(connection, tables.specimen, chunk.first_specimen, self._specimen_columns(chunk.specimens))
        if chunk.measurements.num_rows:
            columns = self._measurement_columns(connection, chunk.measurements)
            self._copy(connection, tables.measurement, self._measured, columns)
        self.skip(chunk)

    def skip(self, chunk: Chunk) -> None:
        """Count a chunk that is stored already."""
        self._measured += chunk.measurements.num_rows

    def _copy(self, connection: Connection, table: Table, first: int, columns: dict[str, Any]) -> None:
        count = len(columns["code" if "code" in columns else "lower"])
        start = self._to.first_ids[table.name] + first
        rows = {
            "id": np.arange(start, start + count),
            "dataset_id": np.full(count, self._to.dataset),
            **columns,
        }
        copy_rows(connection, table, pa.table(rows), into=self._to.into[table.name])

    def _site_columns(self, sites: Any) -> dict[str, Any]:
        return {"code": sites["site"], **places(sites["longitude"], sites["latitude"])}

    def _specimen_columns(self, specimens: Any) -> dict[str, Any]:
        columns = {name: specimens[name] for name in specimens.column_names if name not in NOT_OF_SPECIMEN}
        return columns | {
            "site_id": self._to.first_ids["site"] + specimens["site_number"].to_numpy(),
            **places(specimens["longitude"], specimens["latitude"]),
            "source_row": specimens["row"],
            "composite_count": whole(specimens["composite_count"]),
        }

    def _measurement_columns(self, connection: Connection, measurements: Any) -> dict[str, Any]:
        """Neighbours in the table and in its widest index: what belongs together is read, and written, together."""
        specimens = measurements["specimen"].to_numpy()
        ordered = measurements.take(np.argsort(specimens, kind="stable"))
        return {
            "specimen_id": self._to.first_ids["specimen"] + ordered["specimen"].to_numpy(),
            "contaminant_id": ordered["contaminant"],
            "procedure_id": self._procedures_of(connection, ordered),
            "source_row": ordered["row"],
            **{name: ordered[name] for name in MEASURED},
        }

    def _procedures_of(self, connection: Connection, measurements: Any) -> NDArray[np.int64]:
        """The procedure of each measurement, shape (n,); one that is not known yet is added."""
        joined = pc.binary_join_element_wise(*(measurements[name] for name in PROCEDURE), "\x1f")
        distinct = joined.combine_chunks().dictionary_encode()
        keys = [tuple(text.split("\x1f")) for text in distinct.dictionary.to_pylist()]
        if unknown := [key for key in keys if key not in self._procedures]:
            self._learn_procedures(connection, unknown)
        known = np.array([self._procedures[key] for key in keys], np.int64)
        return np.asarray(known[distinct.indices.to_numpy()], np.int64)

    def _learn_procedures(self, connection: Connection, keys: list[tuple[str, ...]]) -> None:
        rows = [dict(zip(PROCEDURE, key, strict=True)) for key in keys]
        connection.execute(insert(tables.procedure).on_conflict_do_nothing(), rows)
        columns = [tables.procedure.c[name] for name in PROCEDURE]
        found = connection.execute(select(tables.procedure.c.id, *columns))
        self._procedures = {tuple(row[1:]): row[0] for row in found}
