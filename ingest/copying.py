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


def reserve_ids(connection: Connection, table: Table, count: int) -> NDArray[np.int64]:
    """Identifiers of shape (count,) that nobody else will be given."""
    statement = text(
        "SELECT string_agg(int8send(nextval(pg_get_serial_sequence(:table, 'id'))), '') "
        "FROM generate_series(1, CAST(:count AS bigint))"
    )
    reserved = connection.execute(statement, {"table": table.name, "count": count}).scalar_one()
    return np.frombuffer(reserved or b"", ">i8").astype(np.int64)


def copy_rows(connection: Connection, table: Table, rows: Any) -> None:
    """Append an Arrow table whose columns have the names of the database's."""
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    types = {name: str(table.c[name].type) for name in rows.column_names}
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(SIGNATURE)
        for chunk in rows.to_batches(max_chunksize=CHUNK_ROWS):
            copy.write(rows_in_binary(chunk, types))
        copy.write(TRAILER)


def points(longitude: Any, latitude: Any) -> Any:
    """Points in EPSG:4326 of shape (n,) as PostGIS reads them."""
    return geometries(shapely.points(np.asarray(longitude), np.asarray(latitude)))


def geometries(shapes: Any) -> Any:
    """Shapely geometries in EPSG:4326 of shape (n,) as PostGIS reads them."""
    return pa.array(shapely.to_wkb(shapely.set_srid(shapes, 4326), include_srid=True), pa.binary())


def whole(values: Any) -> Any:
    """Doubles as integers, for columns of counts."""
    return pc.cast(pc.round(values), pa.int64())
