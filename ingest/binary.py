"""Arrow columns as the rows of PostgreSQL's binary COPY, put together column by column and never row by row.

The format is a signature, then per row the number of fields and each field as its length and its bytes in network order
(PostgreSQL documentation, COPY, "Binary Format"); a null has the length -1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Lengths = NDArray[np.int64]

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_DAYS = 10_957  # 2000-01-01, from which PostgreSQL counts days, in days since 1970-01-01


@dataclass(frozen=True, slots=True)
class _Field:
    """The fields of one column for n rows: `data` holds their bytes one after the other, nulls none."""

    lengths: Lengths
    data: Bytes
    valid: NDArray[np.bool_]


def rows_in_binary(rows: Any, types: dict[str, str]) -> bytes:
    """The rows of an Arrow record batch, without signature and trailer; `types` gives the database's type by column."""
    fields = [_field(column, types[name]) for name, column in zip(rows.schema.names, rows.columns, strict=True)]
    widths = 2 + sum((4 + field.lengths for field in fields), np.zeros(rows.num_rows, np.int64))
    place = np.cumsum(widths) - widths
    buffer = np.zeros(int(widths.sum()), np.uint8)
    _put(buffer, place, _big_endian(np.full(rows.num_rows, len(fields)), ">i2"))
    place = place + 2
    for field in fields:
        _put(buffer, place, _big_endian(np.where(field.valid, field.lengths, -1), ">i4"))
        _put_field(buffer, place + 4, field)
        place = place + 4 + field.lengths
    return buffer.tobytes()


def _field(column: Any, kind: str) -> _Field:
    valid = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return _variable(column, valid)
    cells = _fixed(column, kind)
    return _Field(np.where(valid, cells.shape[1], 0), cells[valid].reshape(-1), valid)


def _variable(column: Any, valid: NDArray[np.bool_]) -> _Field:
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False), np.int64)
    column = pc.drop_null(column)
    if not len(column):
        return _Field(lengths, np.empty(0, np.uint8), valid)
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    content = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]] if data else np.empty(0, np.uint8)
    return _Field(lengths, content, valid)


def _fixed(column: Any, kind: str) -> Bytes:
    if pa.types.is_date32(column.type):
        column = pc.subtract(column.cast(pa.int32()), EPOCH_DAYS)
    values = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0).to_numpy(zero_copy_only=False)
    return _big_endian(values, FIXED[kind])


FIXED = {"BIGINT": ">i8", "INTEGER": ">i4", "SMALLINT": ">i2", "DOUBLE": ">f8", "DATE": ">i4", "BOOLEAN": ">i1"}


def _big_endian(values: Any, dtype: str) -> Bytes:
    return np.ascontiguousarray(values.astype(dtype)).view(np.uint8).reshape(len(values), -1)


def _put(buffer: Bytes, place: Lengths, cells: Bytes) -> None:
    for byte in range(cells.shape[1]):
        buffer[place + byte] = cells[:, byte]


def _put_field(buffer: Bytes, place: Lengths, field: _Field) -> None:
    lengths = field.lengths[field.valid]
    if not field.data.size:
        return
    width = int(lengths[0])
    if (lengths == width).all():
        _put(buffer, place[field.valid], field.data.reshape(-1, width))
        return
    starts = np.cumsum(lengths) - lengths
    buffer[np.repeat(place[field.valid] - starts, lengths) + np.arange(len(field.data))] = field.data
