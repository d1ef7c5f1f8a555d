"""Chunks of samples into the tables: numbers become identifiers, procedures rows of their own."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from ingest.copying import copy_rows, points, reserve_ids, whole
from ingest.harmonise import Chunk

PROCEDURE = ("digestion", "instrument", "standard")
MEASURED = (
    *("basis", "laboratory", "batch", "analysed_on", "lower", "upper", "lod", "loq", "uncertainty"),
    *("original_text", "original_unit", "quality_flag", "replicate"),
)
NOT_OF_SPECIMEN = ("row", "site", "site_number", "longitude", "latitude")


class Identifiers:
    """The identifiers of numbered rows; of all, or where nothing refers back, of the newest chunk only."""

    def __init__(self, *, remembered: bool) -> None:
        self._remembered, self._start = remembered, 0
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)

    def add(self, first: int, ids: NDArray[np.int64]) -> None:
        """Know the identifiers of the rows numbered from `first` on."""
        self._start = 0 if self._remembered else first
        self._ids = np.concatenate([self._ids, ids]) if self._remembered else ids

    def of(self, numbers: Any) -> NDArray[np.int64]:
        """The identifiers of rows by their numbers."""
        return np.asarray(self._ids[np.asarray(numbers) - self._start], np.int64)


class SampleStore:
    """Where the chunks of one file of samples go, in the transaction of the caller."""

    def __init__(self, connection: Connection, dataset: int, crs: str | None, *, shared: bool) -> None:
        self._connection, self._dataset, self._crs = connection, dataset, crs
        self._sites, self._specimens = Identifiers(remembered=True), Identifiers(remembered=shared)
        self._procedures: dict[tuple[str, ...], int] = {}

    def store(self, chunk: Chunk) -> None:
        """Append a chunk."""
        self._sites.add(chunk.first_site, self._copy(tables.site, self._site_columns(chunk.sites)))
        self._specimens.add(chunk.first_specimen, self._copy(tables.specimen, self._specimen_columns(chunk.specimens)))
        if chunk.measurements.num_rows:
            copy_rows(self._connection, tables.measurement, self._measurement_rows(chunk.measurements))

    def _copy(self, table: Table, columns: dict[str, Any]) -> NDArray[np.int64]:
        rows = pa.table(columns)
        ids = reserve_ids(self._connection, table, rows.num_rows)
        copy_rows(self._connection, table, rows.append_column("id", pa.array(ids)))
        return ids

    def _site_columns(self, sites: Any) -> dict[str, Any]:
        return {
            "dataset_id": self._constant(sites),
            "code": sites["site"],
            "geom": points(sites["longitude"], sites["latitude"]),
        }

    def _specimen_columns(self, specimens: Any) -> dict[str, Any]:
        columns = {name: specimens[name] for name in specimens.column_names if name not in NOT_OF_SPECIMEN}
        return columns | {
            "dataset_id": self._constant(specimens),
            "site_id": self._sites.of(specimens["site_number"]),
            "geom": points(specimens["longitude"], specimens["latitude"]),
            "crs_as_given": pa.repeat(pa.scalar(self._crs), specimens.num_rows),
            "source_row": specimens["row"],
            "composite_count": whole(specimens["composite_count"]),
        }

    def _measurement_rows(self, measurements: Any) -> Any:
        """Neighbours in the table and in its widest index: what belongs together is read, and written, together."""
        specimens = self._specimens.of(measurements["specimen"])
        columns = {
            "dataset_id": self._constant(measurements),
            "specimen_id": specimens,
            "contaminant_id": measurements["contaminant"],
            "procedure_id": self._procedures_of(measurements),
            "source_row": measurements["row"],
            **{name: measurements[name] for name in MEASURED},
        }
        return pa.table(columns).take(np.argsort(specimens, kind="stable"))

    def _procedures_of(self, measurements: Any) -> NDArray[np.int64]:
        """The procedure of each measurement, shape (n,); one that is not known yet is added."""
        joined = pc.binary_join_element_wise(*(measurements[name] for name in PROCEDURE), "\x1f")
        distinct = joined.combine_chunks().dictionary_encode()
        keys = [tuple(text.split("\x1f")) for text in distinct.dictionary.to_pylist()]
        if unknown := [key for key in keys if key not in self._procedures]:
            self._learn_procedures(unknown)
        known = np.array([self._procedures[key] for key in keys], np.int64)
        return np.asarray(known[distinct.indices.to_numpy()], np.int64)

    def _learn_procedures(self, keys: list[tuple[str, ...]]) -> None:
        rows = [dict(zip(PROCEDURE, key, strict=True)) for key in keys]
        self._connection.execute(insert(tables.procedure).on_conflict_do_nothing(), rows)
        columns = [tables.procedure.c[name] for name in PROCEDURE]
        found = self._connection.execute(select(tables.procedure.c.id, *columns))
        self._procedures = {tuple(row[1:]): row[0] for row in found}

    def _constant(self, rows: Any) -> Any:
        return pa.repeat(pa.scalar(self._dataset), rows.num_rows)
