"""All that a dataset is: what it says of itself, and its tables, the same whoever wrote them in which format."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, select

from db import tables
from ingest.errors import IngestError
from ingest.exchange.flat import KINDS, SPECIMENS, Flat
from ingest.hashing import keys_of

ROWS_AT_ONCE = 50_000
OF_DATASET = (
    *("name", "kind", "title", "licence", "provider", "contact", "citation", "version", "checksum", "visibility"),
    *("sampling_design", "file_name", "profile", "report", "places"),
)
LAYOUT = "edaphos exchange 1"
"""Raised when a column changes its meaning; what is newer than this cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """The row of a dataset (JSON types), its Arrow tables by name, and the contaminants they refer to."""

    dataset: Mapping[str, Any]
    tables: Mapping[str, Any]
    contaminants: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        if self.dataset.get("kind") not in KINDS:
            raise IngestError(f"a dataset is of the kind samples or sources, not {self.dataset.get('kind')!r}")
        missing = [name for name in OF_DATASET if name not in self.dataset]
        if missing:
            raise IngestError(f"what is exchanged does not say the {', '.join(missing)} of its dataset")
        for flat in self.kinds:
            if self.tables[flat.name].schema.names != flat.schema.names:
                raise IngestError(f"the table {flat.name} must have the columns {', '.join(flat.schema.names)}")

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return str(self.dataset["name"])

    @property
    def kinds(self) -> tuple[Flat, ...]:
        """The tables that a dataset of its kind has."""
        return KINDS[self.dataset["kind"]]

    @property
    def digest(self) -> str:
        """SHA-256 of every value of every row, in whatever order the rows stand."""
        whole = hashlib.sha256()
        for flat in self.kinds:
            rows = self.tables[flat.name]
            keys = keys_of(map(_countable, rows.columns), rows.num_rows)
            keys.sort()
            whole.update(flat.name.encode() + keys.tobytes())
        return whole.hexdigest()

    def manifest(self) -> dict[str, Any]:
        """What is said beside the tables, in every format."""
        return {
            "layout": LAYOUT,
            "software": f"edaphos {version('edaphos')}",
            "written": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "dataset": dict(self.dataset),
            "rows": {flat.name: self.tables[flat.name].num_rows for flat in self.kinds},
            "digest": self.digest,
            "vocabularies": {"contaminants": [dict(one) for one in self.contaminants]},
            "columns": {flat.name: _described(flat) for flat in self.kinds},
        }

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any], rows: Mapping[str, Any]) -> "Contents":
        """What was written, if it is what was written then; raises `IngestError` for what was changed since."""
        if manifest.get("layout") != LAYOUT:
            raise IngestError(f"this is no {LAYOUT!r}, but {str(manifest.get('layout'))[:60]!r}")
        names = manifest.get("vocabularies", {}).get("contaminants", [])
        contents = cls(manifest["dataset"], MappingProxyType(dict(rows)), tuple(names))
        if contents.digest != manifest.get("digest"):
            counts = ", ".join(f"{name} {table.num_rows}" for name, table in contents.tables.items())
            raise IngestError(f"the rows ({counts}) are not those that were written: they were changed since, or lost")
        return contents


def _countable(column: Any) -> Any:
    """Truth as numbers, which alone have keys."""
    return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column


def read_contents(connection: Connection, name: str) -> Contents:
    """The contents of a dataset of that name; raises `IngestError` where there is none."""
    columns = [tables.dataset.c[each] for each in OF_DATASET]
    row = connection.execute(select(tables.dataset.c.id, *columns).where(tables.dataset.c.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(tables.dataset.c.name).order_by(tables.dataset.c.name)).scalars()
        raise IngestError(f"there is no dataset {name!r}; loaded are {', '.join(known) or 'none'}")
    found = {flat.name: _read(connection, flat, row.id) for flat in KINDS[row.kind]}
    described = {each: getattr(row, each) for each in OF_DATASET}
    return Contents(described, MappingProxyType(found), _contaminants(connection, found))


def _read(connection: Connection, flat: Flat, dataset: int) -> Any:
    rows = connection.execute(_question(flat, dataset), execution_options={"stream_results": True}).mappings()
    batches = [_batch(flat, part) for part in rows.partitions(ROWS_AT_ONCE)]
    return pa.Table.from_batches(batches, flat.schema)


def _batch(flat: Flat, rows: Any) -> Any:
    return pa.RecordBatch.from_arrays(
        [pa.array([row[each.name] for row in rows], each.type) for each in flat.schema], schema=flat.schema
    )


def _question(flat: Flat, dataset: int) -> Select[Any]:
    chosen = flat.columns()
    whole: Any = flat.table
    owner = flat.table
    if flat.parent is not None:
        owner = flat.parent.table
        whole = whole.join(owner, owner.c.id == flat.table.c[flat.reference])
    if flat.has_procedure:
        whole = whole.join(tables.procedure, tables.procedure.c.id == flat.table.c.procedure_id)
    named = [column.label(name) for name, column in chosen.items()]
    query = select(*named).select_from(whole).where(owner.c.dataset_id == dataset)
    return query.order_by(*(chosen[name] for name in flat.order))


def _contaminants(connection: Connection, found: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    used = {
        text
        for table in found.values()
        if "contaminant_id" in table.column_names
        for text in table["contaminant_id"].unique().to_pylist()
        if text is not None
    }
    table = tables.contaminant.c
    query = select(table.id, table.name, table.symbol, table.cas, table.glosis_code).where(table.id.in_(used))
    return tuple(dict(row) for row in connection.execute(query.order_by(table.id)).mappings())


def _described(flat: Flat) -> dict[str, str]:
    """What each column is: its type, and what the schema says of it."""
    said = {column.name: column.comment or "" for column in flat.own()}
    more = {"longitude": "degrees, WGS 84", "latitude": "degrees, WGS 84", "geometry": "WKB as hexadecimal digits"}
    if flat.parent is not None:
        more[flat.of_parent] = f"code in {flat.parent.name}"
    if "upper" in said:
        said["upper"] = "mg/kg; equal to lower where measured, empty where there is no upper bound"
    return {field.name: f"{field.type}. {(said | more).get(field.name, '')}".strip() for field in flat.schema}


def parts(contents: Contents, flat: Flat) -> Iterator[tuple[str, Any]]:
    """The rows of a table by the year in which they were sampled, or `unknown`."""
    rows = contents.tables[flat.name]
    years = _years(contents, flat)
    for year in sorted(set(years)):
        chosen = pa.array([each == year for each in years])
        yield year, rows.filter(chosen)


def _years(contents: Contents, flat: Flat) -> list[str]:
    rows = contents.tables[flat.name]
    if "sampled_from" in rows.column_names:
        return [_year(day) for day in rows["sampled_from"].to_pylist()]
    if flat.name == "measurements":
        codes = contents.tables[SPECIMENS.name]["code"].to_pylist()
        by_code = dict(zip(codes, _years(contents, SPECIMENS), strict=True))
        return [by_code[code] for code in rows["specimen"].to_pylist()]
    if "year" in rows.column_names:
        return ["unknown" if year is None else str(year) for year in rows["year"].to_pylist()]
    return ["all"] * rows.num_rows


def _year(day: dt.date | None) -> str:
    return "unknown" if day is None else str(day.year)
