"""Sheets of XLSB: records of an identifier, a size and content (MS-XLSB 2.1.4), of which rows and cells say where."""

from collections.abc import Iterator
from dataclasses import dataclass

_ROW = 0
_CELLS = range(1, 12)
_HEADER = 6


@dataclass(slots=True)
class BinarySheet:
    """How far the cells of a sheet reach, record by record; one that is cut waits for the next piece."""

    rows: int = 0
    columns: int = 0
    _row: int = 0
    rest: bytes = b""

    def take(self, piece: bytes) -> None:
        """One piece of the sheet."""
        content = self.rest + piece
        end = 0
        for kind, start, end in _records(content):  # noqa: B007  the last end is where the rest begins
            if kind == _ROW:
                self._row = int.from_bytes(content[start : start + 4], "little") + 1
            elif kind in _CELLS:
                self.rows = max(self.rows, self._row)
                self.columns = max(self.columns, int.from_bytes(content[start : start + 4], "little") + 1)
        self.rest = content[end:]


def _records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Identifier, start and end of the content of every record that is complete."""
    place, last = 0, len(content)
    while place + _HEADER <= last:
        kind, place = _number(content, place, 2)
        size, place = _number(content, place, 4)
        if place + size > last:
            return
        yield kind, place, place + size
        place += size


def _number(content: bytes, place: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, in at most so many bytes; and the place behind it."""
    number = 0
    for turn in range(most):
        byte = content[place + turn]
        number |= (byte & 0x7F) << (7 * turn)
        if byte < 0x80:
            return number, place + turn + 1
    return number, place + most
