"""What the versions of a dataset changed, and how its rows were in any of them."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from db.tables import dataset, dataset_version, measurement, metadata, release, row_change, site, source, specimen

_OF_DATASET = {table.name: table for table in (site, specimen, measurement, source, release)}


def loads_of(name: str) -> Select[Any]:
    """The versions of a dataset, the newest last: from which file, when, and how many rows it changed."""
    columns = [column for column in dataset_version.c if column.name not in ("dataset_id", "report")]
    query = select(*columns).join(dataset, dataset.c.id == dataset_version.c.dataset_id)
    return query.where(dataset.c.name == name).order_by(dataset_version.c.version)


def changes(name: str, *, version: int | None = None) -> Select[Any]:
    """Row by row what the versions of a dataset changed: `before` is the row as it was, null where it is new."""
    query = (
        select(row_change.c.version, row_change.c.row_of, row_change.c.row_id, row_change.c.before)
        .join(dataset, dataset.c.id == row_change.c.dataset_id)
        .where(dataset.c.name == name)
        .order_by(row_change.c.version, row_change.c.id)
    )
    return query if version is None else query.where(row_change.c.version == version)


def rows_at(connection: Connection, name: str, version: int, table: str) -> list[dict[str, Any]]:
    """The rows of a table as that version of a dataset had them, in the order of their identifiers.

    Raises `ValueError` where the dataset has no such version, or the table is none of a dataset.
    """
    if table not in _OF_DATASET:
        raise ValueError(f"{table!r} is no table of a dataset; these are: {', '.join(_OF_DATASET)}")
    known = connection.execute(loads_of(name)).mappings().all()
    if version not in {row["version"] for row in known}:
        raise ValueError(f"the dataset {name!r} has no version {version}")
    now = {row["id"]: row["row"] for row in connection.execute(_now(name, table)).mappings()}
    later = changes(name).where(row_change.c.version > version, row_change.c.row_of == table)
    for change in reversed(connection.execute(later).mappings().all()):
        now[change["row_id"]] = change["before"]
    return [{"id": key, **row} for key, row in sorted(now.items()) if row is not None]


def _now(name: str, table: str) -> Select[Any]:
    rows = metadata.tables[table]
    belongs = rows if "dataset_id" in rows.c else rows.join(source, source.c.id == rows.c.source_id)
    of = rows.c.dataset_id if "dataset_id" in rows.c else source.c.dataset_id
    whole = func.to_jsonb(rows.table_valued()).op("-")("id").op("-")("dataset_id").op("-")("geom_3857")
    return (
        select(rows.c.id, whole.label("row"))
        .select_from(belongs)
        .join(dataset, dataset.c.id == of)
        .where(dataset.c.name == name)
    )
