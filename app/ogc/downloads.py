"""Features as files: batches of rows, fetched by the loop and written by a thread, so that memory stays flat."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import anyio.from_thread
import anyio.to_thread
import asyncpg
import numpy as np
import pyarrow as pa
import shapely
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from app.crs import Crs
from app.files import Format
from app.http.answers import ASK_AGAIN
from app.http.service import Service
from app.ogc.asking import Asked, asked_of
from app.ogc.collection import FeatureCollection
from app.ogc.geojson import name_of
from app.query import Given
from db.filtering import Kind
from db.questions.layer import GEOMETRY, Layer
from db.questions.table import ID, is_whole, kinds_of, table
from db.statement import rendered

ROWS = 10_000
"""Of a batch."""
MOST_IN_A_FILE = 1_000_000
_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Kind.GEOMETRY: pa.binary(),
}


async def file_answer(service: Service, collection: FeatureCollection, given: Given, form: Format) -> Response:
    """All features that match, or as many as `limit` says, as a file that is written first and then sent."""
    asked = await asked_of(service, collection, given, MOST_IN_A_FILE, MOST_IN_A_FILE)
    wanted = replace(asked, page=replace(asked.page, size=asked.page.size - 1), look=replace(asked.look, as_wkb=True))
    folder = Path(tempfile.mkdtemp(prefix="edaphos-"))
    path = folder / f"{collection.id}.{form.key}"
    try:
        await write_file(service, wanted, form, path, collection.id)
    except BaseException:
        rmtree(folder)
        raise
    headers = {"Cache-Control": ASK_AGAIN, "Content-Crs": f"<{asked.crs.uri}>", "Vary": "Accept, Accept-Encoding"}
    cleared = BackgroundTask(rmtree, folder)
    return FileResponse(path, media_type=form.media_type, filename=path.name, headers=headers, background=cleared)


async def write_file(service: Service, asked: Asked, form: Format, path: Path, name: str) -> None:
    """Write the features that were asked for; memory holds a batch or two, however many they are."""
    text, values = rendered(table(asked.layer, asked.selection, asked.page, asked.look))
    schema = _schema(asked)
    async with service.pool.acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(text, *values)
        batches = _batches(cursor, asked, schema)

        def write() -> None:
            reader = pa.RecordBatchReader.from_batches(schema, _from_thread(batches))
            form.write(path, name, asked.crs.srid, reader)

        await anyio.to_thread.run_sync(write, limiter=service.exports)


def _schema(asked: Asked) -> pa.Schema:
    kinds = kinds_of(asked.layer, asked.selection, asked.look)
    fields = [pa.field(name, _type(asked, name, kind)) for name, kind in kinds.items()]
    identity = pa.string() if isinstance(name_of(asked.layer, 0), str) else pa.int64()
    return pa.schema([pa.field(ID, identity), *fields])


def _type(asked: Asked, name: str, kind: Kind) -> pa.DataType:
    if kind is Kind.NUMBER and is_whole(asked.layer, asked.selection, name):
        return pa.int64()
    return _TYPES[kind]


async def _batches(cursor: Any, asked: Asked, schema: pa.Schema) -> AsyncIterator[pa.RecordBatch]:
    while rows := await cursor.fetch(ROWS):
        yield _batch(rows, asked, schema)


def _from_thread(batches: AsyncIterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while (batch := anyio.from_thread.run(_next, batches)) is not None:
        yield batch


async def _next(batches: AsyncIterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    return await anext(batches, None)


def _batch(rows: Sequence[asyncpg.Record], asked: Asked, schema: pa.Schema) -> pa.RecordBatch:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    columns[0] = _names(asked.layer, columns[0])
    if GEOMETRY in schema.names:
        columns[1] = _placed(columns[1], asked.crs)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _names(layer: Layer, keys: Sequence[int]) -> Sequence[int | str]:
    return [name_of(layer, key) for key in keys] if isinstance(name_of(layer, 0), str) else keys


def _placed(shapes: Sequence[bytes | None], crs: Crs) -> Sequence[bytes | None]:
    """In files the longitude or easting comes first, whatever the register says of the system."""
    if crs.srid == 4326:
        return shapes
    known = np.asarray(shapely.from_wkb(list(shapes)), dtype=object)
    placed: Sequence[bytes | None] = shapely.to_wkb(Crs(crs.uri, crs.srid).place(known)).tolist()
    return placed
