"""Arrow tables into database tables by binary COPY, in the transaction of the caller."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection, Table, text

from ingest.binary import SIGNATURE, TRAILER, rows_in_binary

CHUNK_ROWS = 65_536
EARTH_RADIUS_M = 6_378_137.0
FARTHEST_NORTH = 89.99
POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<i4"), ("x", "<f8"), ("y", "<f8")])
WITH_SRID = 0x20000001
RESERVED_BETWEEN = 100


_RESERVE = """
WITH held AS MATERIALIZED (SELECT pg_advisory_lock(hashtext('reserve identifiers'))),
next AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence(:table, 'id')) + :between AS id FROM held),
taken AS MATERIALIZED (SELECT setval(pg_get_serial_sequence(:table, 'id'), id + :count) - :count AS id FROM next)
SELECT id, pg_advisory_unlock(hashtext('reserve identifiers')) FROM taken
"""


def reserve_ids(connection: Connection, table: Table, count: int) -> int:
    """The first of `count` identifiers in a row that nobody else will be given."""
    # between the two steps an insert that does not ask here may take some, which is what the gap is for
    asked = {"table": table.name, "count": count, "between": RESERVED_BETWEEN}
    return int(connection.execute(text(_RESERVE), asked).one().id)


def copy_rows(connection: Connection, table: Table, rows: Any, *, into: str | None = None) -> None:
    """Append an Arrow table whose columns have the names of the database's, to `table` or another one like it."""
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(into or table.name), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    types = {name: str(table.c[name].type) for name in rows.column_names}
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(SIGNATURE)
        for chunk in rows.to_batches(max_chunksize=CHUNK_ROWS):
            copy.write(rows_in_binary(chunk, types))
        copy.write(TRAILER)


def places(longitude: Any, latitude: Any) -> dict[str, Any]:
    """The columns `geom` and `geom_3857` of places in degrees, shape (n,).

    Web mercator is that of EPSG:3857 (IOGP 373-7-2, method 1024); having no poles, it ends at 89.99 degrees.
    """
    longitude, latitude = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    bounded = np.radians(np.clip(latitude, -FARTHEST_NORTH, FARTHEST_NORTH))
    x, y = np.radians(longitude) * EARTH_RADIUS_M, np.arcsinh(np.tan(bounded)) * EARTH_RADIUS_M
    return {"geom": points(longitude, latitude), "geom_3857": points(x, y, srid=3857)}


def points(x: NDArray[np.float64], y: NDArray[np.float64], *, srid: int = 4326) -> Any:
    """Points of shape (n,) as PostGIS reads them (extended WKB)."""
    cells = np.empty(len(x), POINT)
    cells["order"], cells["kind"], cells["srid"], cells["x"], cells["y"] = 1, WITH_SRID, srid, x, y
    offsets = np.arange(len(x) + 1, dtype=np.int32) * np.int32(POINT.itemsize)
    return pa.Array.from_buffers(pa.binary(), len(x), [None, pa.py_buffer(offsets), pa.py_buffer(cells)])


def geometries(shapes: Any) -> Any:
    """Shapely geometries in EPSG:4326 of shape (n,) as PostGIS reads them."""
    return pa.array(shapely.to_wkb(shapely.set_srid(shapes, 4326), include_srid=True), pa.binary())


def whole(values: Any) -> Any:
    """Doubles as integers, for columns of counts."""
    return pc.cast(pc.round(values), pa.int64())
