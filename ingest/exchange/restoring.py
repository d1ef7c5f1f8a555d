"""A dataset that was exported, back into the tables: every row as it was, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from db import tables
from db.versions import raise_version
from db.visibility import hide_what_rests_on
from ingest import datasets
from ingest.copying import copy_rows, geometries, places, reserve_ids
from ingest.errors import IngestError
from ingest.exchange.contents import OF_DATASET, Contents, read_contents
from ingest.exchange.flat import PLACE, Flat
from ingest.load import LAYERS
from ingest.storing import PROCEDURE
from ingest.vocabulary import load_contaminants


@dataclass(frozen=True, slots=True)
class Restored:
    """What came in, and whether it was there already."""

    dataset: str
    title: str
    kind: str
    rows: Mapping[str, int]
    unchanged: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dataset": self.dataset,
            "title": self.title,
            "kind": self.kind,
            "rows": dict(self.rows),
            "unchanged": self.unchanged,
        }


def restore(connection: Connection, contents: Contents, name: str | None = None) -> Restored:
    """Store a dataset, perhaps under another name; the same again changes nothing.

    Raises `IngestError` where a dataset of that name holds something else, and for rows that cannot be.
    """
    given = contents if name is None else replace(contents, dataset={**contents.dataset, "name": name})
    try:
        with connection.begin_nested():
            return _restore(connection, given)
    except (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError) as error:
        raise IngestError(f"{given.name}: the rows contradict each other or the tables: {_said(error)}") from None


def _restore(connection: Connection, contents: Contents) -> Restored:
    datasets.lock(connection, contents.name)
    load_contaminants(connection)
    rows = {flat.name: contents.tables[flat.name].num_rows for flat in contents.kinds}
    result = Restored(contents.name, contents.dataset["title"], contents.dataset["kind"], MappingProxyType(rows))
    if connection.execute(select(tables.dataset.c.id).where(tables.dataset.c.name == contents.name)).first():
        if read_contents(connection, contents.name).digest != contents.digest:
            raise IngestError(
                f"there is a dataset {contents.name!r} that holds other rows: take it out with `edaphos unload`, "
                "or load this one under another --name"
            )
        return replace(result, unchanged=True)
    _check_contaminants(connection, contents)
    dataset = _add_dataset(connection, contents)
    _Store(connection, contents, dataset).store()
    _add_version(connection, contents, dataset)
    if contents.dataset["visibility"] != "public":
        hide_what_rests_on(connection, contents.name)
    raise_version(connection, *LAYERS[contents.dataset["kind"]])
    return result


def _check_contaminants(connection: Connection, contents: Contents) -> None:
    used: set[str] = set()
    for flat in contents.kinds:
        if "contaminant_id" in flat.schema.names:
            used |= set(contents.tables[flat.name]["contaminant_id"].unique().drop_null().to_pylist())
    known = set(connection.execute(select(tables.contaminant.c.id)).scalars())
    if unknown := sorted(used - known):
        raise IngestError(f"contaminants are not known here: {', '.join(unknown[:10])}")


def _add_dataset(connection: Connection, contents: Contents) -> int:
    values = {name: contents.dataset[name] for name in OF_DATASET}
    statement = insert(tables.dataset).values(values).returning(tables.dataset.c.id)
    return int(connection.execute(statement).scalar_one())


def _add_version(connection: Connection, contents: Contents, dataset: int) -> None:
    """The one version that came along; what earlier ones held stays where the dataset was exported."""
    said = {name: contents.dataset[name] for name in ("version", "checksum", "file_name", "report")}
    added = sum(contents.tables[flat.name].num_rows for flat in contents.kinds)
    row = {"dataset_id": dataset, "partial": False, "added": added, "changed": 0, "removed": 0, **said}
    connection.execute(insert(tables.dataset_version).values(row))


class _Store:
    """Writes the tables of one dataset, those that others refer to first."""

    def __init__(self, connection: Connection, contents: Contents, dataset: int) -> None:
        self._connection, self._contents, self._dataset = connection, contents, dataset
        self._ids: dict[str, dict[str, int]] = {}

    def store(self) -> None:
        for flat in self._contents.kinds:
            rows = self._contents.tables[flat.name]
            if rows.num_rows:
                copy_rows(self._connection, flat.table, pa.table(self._columns(flat, rows)))

    def _columns(self, flat: Flat, rows: Any) -> dict[str, Any]:
        first = reserve_ids(self._connection, flat.table, rows.num_rows)
        ids = np.arange(first, first + rows.num_rows)
        if "code" in rows.column_names:
            self._ids[flat.name] = dict(zip(rows["code"].to_pylist(), ids.tolist(), strict=True))
        columns: dict[str, Any] = {"id": ids}
        if "dataset_id" in flat.table.c:
            columns["dataset_id"] = np.full(rows.num_rows, self._dataset)
        columns |= {column.name: rows[column.name] for column in flat.own()}
        if "upper" in columns:
            columns["upper"] = pc.fill_null(columns["upper"], float("inf"))
        if flat.parent is not None:
            columns[flat.reference] = self._referred(flat, rows)
        if flat.has_procedure:
            columns["procedure_id"] = self._procedures(rows)
        return columns | _places(flat, rows)

    def _referred(self, flat: Flat, rows: Any) -> NDArray[np.int64]:
        known = self._ids.get(flat.parent.name if flat.parent else "", {})
        codes = rows[flat.of_parent].to_pylist()
        missing = next((code for code in codes if code not in known), None)
        if missing is not None:
            raise IngestError(f"a row of {flat.name} belongs to {flat.of_parent} {missing!r}, which is not there")
        return np.array([known[code] for code in codes], np.int64)

    def _procedures(self, rows: Any) -> NDArray[np.int64]:
        keys = list(zip(*(rows[name].to_pylist() for name in PROCEDURE), strict=True))
        wanted = [dict(zip(PROCEDURE, key, strict=True)) for key in sorted(set(keys))]
        self._connection.execute(upsert(tables.procedure).on_conflict_do_nothing(), wanted)
        columns = [tables.procedure.c[name] for name in PROCEDURE]
        found = self._connection.execute(select(tables.procedure.c.id, *columns))
        known = {tuple(row[1:]): row[0] for row in found}
        return np.array([known[key] for key in keys], np.int64)


def _places(flat: Flat, rows: Any) -> dict[str, Any]:
    if flat.is_shape:
        shapes = shapely.from_wkb([bytes.fromhex(text) for text in rows["geometry"].to_pylist()])
        return {"geom": geometries(shapes)}
    if not flat.is_point:
        return {}
    longitude, latitude = (rows[name].to_numpy() for name in PLACE)
    if not (np.abs(longitude) <= 180).all() or not (np.abs(latitude) <= 90).all():
        raise IngestError(f"a row of {flat.name} lies beyond 180 degrees of longitude or 90 of latitude")
    return places(longitude, latitude)


def _said(error: Exception) -> str:
    """The first line, without the row that the second one shows."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().splitlines()[0]
