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
Tokens = NDArray[np.uint32]

_FIELD_KEYS, _FIELD_VALUES = b"\x1a", b"\x22"
_FEATURE, _ID, _TAGS, _TYPE, _POINT, _GEOMETRY, _MOVE_TO_ONE = 0x12, 0x08, 0x12, 0x18, 0x01, 0x22, 0x09
_WHOLE, _SHORT, _LONG = 0x28, 0x15, 0x19
_VERSION_2 = b"\x78\x02"
_LONGEST_VARINT = 5


def points_layer(
    name: str, extent: int, places: tuple[NDArray[np.int64], NDArray[np.int64]], properties: Mapping[str, Column]
) -> bytes:
    """A tile with one layer: points with coordinates (right, down) of shape (n,), and their columns of shape (n,)."""
    values, tags, present = _tags(properties, len(places[0]))
    layer = b"".join(
        (
            *(b"\x0a", _sized(name.encode()), _features(places, tags, present)),
            *(_FIELD_KEYS + _sized(key.encode()) for key in properties),
            *(values, b"\x28", _varint(extent), _VERSION_2),
        )
    )
    return b"\x1a" + _sized(layer)


def _tags(properties: Mapping[str, Column], count: int) -> tuple[bytes, Tokens, NDArray[np.bool_]]:
    """All values, and of each feature the numbers of keys and values, shape (n, 2 * columns), with those it has."""
    tags = np.zeros((count, 2 * len(properties)), np.uint32)
    present = np.zeros(tags.shape, np.bool_)
    values, written = 0, []
    for number, column in enumerate(properties.values()):
        distinct, which, known = _distinct(column)
        tags[:, 2 * number], tags[:, 2 * number + 1] = number, which + values
        present[:, 2 * number] = present[:, 2 * number + 1] = known
        values += len(distinct)
        written.append(_values(distinct))
    return b"".join(written), tags, present


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
        numbers = distinct.astype(np.uint32)
        sizes = (1 + _lengths(numbers)).astype(np.uint32)
        fields = (_as_column(part, len(numbers)) for part in (_FIELD_VALUES[0], sizes, _WHOLE, numbers))
        return _varints(np.hstack(list(fields)).ravel())
    short = distinct.astype(np.float32)
    held = short if ((short == distinct) | np.isnan(distinct)).all() else distinct.astype(np.float64)
    message = np.zeros(len(held), [("head", "u1", 3), ("value", held.dtype.newbyteorder("<"))])
    message["head"] = _FIELD_VALUES[0], 1 + held.dtype.itemsize, _SHORT if held.dtype.itemsize == 4 else _LONG
    message["value"] = held
    return message.tobytes()


def _features(places: tuple[NDArray[np.int64], NDArray[np.int64]], tags: Tokens, present: NDArray[np.bool_]) -> bytes:
    """All features: each is a row of numbers, every number a varint."""
    count = len(places[0])
    across, down = (_zigzag(part) for part in places)
    identifiers = np.arange(1, count + 1, dtype=np.uint32)
    tag_bytes = (_lengths(tags) * present).sum(axis=1).astype(np.uint32)
    geometry_bytes = 1 + _lengths(across) + _lengths(down)
    fixed = 1 + _lengths(identifiers) + 1 + _lengths(tag_bytes) + 2 + 2
    sizes = (fixed + geometry_bytes).astype(np.uint32) + tag_bytes
    before = (_FEATURE, sizes, _ID, identifiers, _TAGS, tag_bytes)
    after = (_TYPE, _POINT, _GEOMETRY, geometry_bytes, _MOVE_TO_ONE, across, down)
    tokens = np.hstack([*(_as_column(part, count) for part in before), tags, *(_as_column(p, count) for p in after)])
    there = np.ones(tokens.shape, np.bool_)
    there[:, len(before) : len(before) + tags.shape[1]] = present
    return _varints(tokens[there])


def _as_column(part: int | NDArray[np.generic], count: int) -> Tokens:
    return np.broadcast_to(np.asarray(part, np.uint32).reshape(-1, 1), (count, 1))


def _zigzag(numbers: NDArray[np.int64]) -> Tokens:
    return ((numbers << 1) ^ (numbers >> 63)).astype(np.uint32)


def _lengths(tokens: Tokens) -> NDArray[np.int32]:
    """Bytes of each number as a varint."""
    lengths = np.ones(tokens.shape, np.int32)
    largest = int(tokens.max()) if tokens.size else 0
    for bits in range(7, 7 * _LONGEST_VARINT, 7):
        if largest >> bits:
            lengths += tokens >= np.uint32(1 << bits)
    return lengths


def _varints(tokens: Tokens) -> bytes:
    """The numbers one after the other: seven bits a byte, the lowest first, the eighth says that more follow."""
    lengths = _lengths(tokens)
    starts = np.cumsum(lengths) - lengths
    written = np.empty(int(lengths.sum()), np.uint8)
    while len(tokens):
        more = tokens > 0x7F
        written[starts] = (tokens & np.uint32(0x7F)).astype(np.uint8) | (more.view(np.uint8) << 7)
        starts, tokens = starts[more] + 1, tokens[more] >> np.uint32(7)
    return written.tobytes()


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content
