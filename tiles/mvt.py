"""Points as a Mapbox vector tile (specification 2.1), from columns: thousands of features in few steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts: of each feature the number of its text, -1 where it has none."""

    numbers: NDArray[np.intp]
    texts: Sequence[str]


Column = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.int64] | Texts
"""What features say under one name; NaN where one says nothing."""

_FIELD_KEYS, _FIELD_VALUES = b"\x1a", b"\x22"
_FEATURE, _TAGS, _TYPE, _POINT, _GEOMETRY, _MOVE_TO_ONE = 0x12, 0x12, 0x18, 0x01, 0x22, 0x09
_WHOLE, _SHORT, _LONG = 0x28, 0x15, 0x19
_VERSION_2 = b"\x78\x02"


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """A column in the tile: the number of its key, of each feature the number of its value, and which have one."""

    key: int
    numbers: NDArray[np.int64]
    known: NDArray[np.bool_]
    width: int


def points_layer(
    name: str, extent: int, places: tuple[NDArray[np.int64], NDArray[np.int64]], properties: Mapping[str, Column]
) -> bytes:
    """A tile with one layer: points with coordinates (right, down) of shape (n,), and their columns of shape (n,)."""
    values, columns = _columns(properties)
    layer = b"".join(
        (
            *(b"\x0a", _sized(name.encode()), _features(places, columns)),
            *(_FIELD_KEYS + _sized(key.encode()) for key in properties),
            *(values, b"\x28", _varint(extent), _VERSION_2),
        )
    )
    return b"\x1a" + _sized(layer)


def _columns(properties: Mapping[str, Column]) -> tuple[bytes, list[_Written]]:
    """All values, and the columns that point to them; those with few values come first, as small numbers are short."""
    found = sorted(enumerate(map(_distinct, properties.values())), key=lambda column: len(column[1][0]))
    columns, written, count = [], [], 0
    for key, (distinct, which, known) in found:
        width = _width(count + len(distinct))
        columns.append(_Written(key, which.astype(np.int64) + count, known, width))
        written.append(_values(distinct))
        count += len(distinct)
    return b"".join(written), columns


def _distinct(column: Column) -> tuple[NDArray[np.generic], NDArray[np.intp], NDArray[np.bool_]]:
    """The values of a column once each, which one each feature has, and whether it has any."""
    if isinstance(column, Texts):
        return np.array(column.texts, np.str_), column.numbers.clip(0), column.numbers >= 0
    distinct, which = np.unique(column, return_inverse=True)
    return distinct, which, ~np.isnan(column)


def _values(distinct: NDArray[np.generic]) -> bytes:
    """Values one after the other: texts, whole numbers, others in four bytes where these hold them all, or in eight."""
    if distinct.dtype.kind == "U":
        return b"".join(_FIELD_VALUES + _sized(b"\x0a" + _sized(str(text).encode())) for text in distinct)
    if distinct.dtype.kind == "i":
        width = _width(int(distinct.max(initial=0)))
        head = np.array([_FIELD_VALUES[0], 1 + width, _WHOLE], np.uint8)
        return _rows([head, _varints(distinct.astype(np.int64), width)], len(distinct))
    short = distinct.astype(np.float32)
    held = short if ((short == distinct) | np.isnan(distinct)).all() else distinct.astype(np.float64)
    message = np.zeros(len(held), [("head", "u1", 3), ("value", held.dtype.newbyteorder("<"))])
    message["head"] = _FIELD_VALUES[0], 1 + held.dtype.itemsize, _SHORT if held.dtype.itemsize == 4 else _LONG
    message["value"] = held
    return message.tobytes()


def _features(places: tuple[NDArray[np.int64], NDArray[np.int64]], columns: Sequence[_Written]) -> bytes:
    """All features, those with the same properties together: their bytes are a matrix, each row one of them."""
    patterns = np.zeros(len(places[0]), np.int64)
    for number, column in enumerate(columns):
        patterns |= column.known.astype(np.int64) << number
    written = []
    for pattern in np.unique(patterns):
        those = np.flatnonzero(patterns == pattern)
        had = [column for number, column in enumerate(columns) if pattern >> number & 1]
        written.append(_alike(tuple(part[those] for part in places), had, those))
    return b"".join(written)


def _alike(places: tuple[NDArray[np.int64], ...], columns: Sequence[_Written], those: NDArray[np.intp]) -> bytes:
    """Features that have the same columns."""
    across, down = (_zigzag(part) for part in places)
    width = _width(int(max(across.max(), down.max())))
    tags = _varint(sum(len(_varint(column.key)) + column.width for column in columns))
    geometry = bytes([_TYPE, _POINT, _GEOMETRY, 1 + 2 * width, _MOVE_TO_ONE])
    parts = [np.frombuffer(bytes([_TAGS]) + tags, np.uint8)]
    for column in columns:
        key = np.frombuffer(_varint(column.key), np.uint8)
        parts += [key, _varints(column.numbers[those], column.width)]
    parts += [np.frombuffer(geometry, np.uint8), _varints(across, width), _varints(down, width)]
    size = np.frombuffer(bytes([_FEATURE]) + _varint(sum(part.shape[-1] for part in parts)), np.uint8)
    return _rows([size, *parts], len(those))


def _rows(parts: Sequence[NDArray[np.uint8]], count: int) -> bytes:
    """Bytes that all rows share, shape (width,), and bytes of each one, shape (n, width), side by side."""
    rows = np.empty((count, sum(part.shape[-1] for part in parts)), np.uint8)
    place = 0
    for part in parts:
        rows[:, place : place + part.shape[-1]] = part
        place += part.shape[-1]
    return rows.tobytes()


def _zigzag(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return (numbers << 1) ^ (numbers >> 63)


def _width(largest: int) -> int:
    """Bytes that a number takes as a varint."""
    return max(1, -(-largest.bit_length() // 7))


def _varints(numbers: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """Numbers in so many bytes each, shape (n, width): seven bits a byte, the lowest first; the eighth: more follow.

    A varint may be longer than it need be; with all of one length, rows of them are written at once.
    """
    written = np.empty((len(numbers), width), np.uint8)
    for place in range(width):
        written[:, place] = (numbers >> 7 * place) & 0x7F
    written[:, :-1] |= 0x80
    return written


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content
