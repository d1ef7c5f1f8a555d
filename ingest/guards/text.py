"""Files of text: lines that are no rows, tables wider than any table, JSON deeper than any document."""

import re
from pathlib import Path

import numpy as np

from ingest.errors import IngestError
from ingest.guards.limits import limits

PIECE = 1 << 20
_BREAK = re.compile(rb"[\r\n]")
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PROGRAM = b"gdal_streamed_alg"
"""GDAL takes JSON with this word for a pipeline of commands and runs it, on whatever files and addresses it names."""
_SEPARATORS = (b",", b";", b"\t", b"|")


def admit_text(file: Path) -> None:
    """Raise `IngestError` for text whose lines are too long to be rows, or whose first row has too many cells."""
    with file.open("rb") as handle:
        _check_first_row(file, handle.readline(PIECE))
        handle.seek(0)
        since, row = 0, 1
        while piece := handle.read(PIECE):
            broken = _BREAK.search(piece)
            if since + (broken.start() if broken else len(piece)) > limits().line_bytes:
                raise IngestError(
                    f"{file.name}, about row {row}: a line of more than {limits().line_bytes:,} bytes is no row"
                )
            since = len(piece) - 1 - max(piece.rfind(b"\n"), piece.rfind(b"\r")) if broken else since + len(piece)
            row += piece.count(b"\n")


def _check_first_row(file: Path, start: bytes) -> None:
    columns = 1 + max(start.count(separator) for separator in _SEPARATORS)
    if columns > limits().columns:
        raise IngestError(f"{file.name}, row 1: more than the {limits().columns:,} columns that a table may have")


def admit_json(file: Path) -> None:
    """Raise `IngestError` for JSON nested deeper than any document that somebody wrote."""
    with file.open("rb") as handle:
        if _PROGRAM in handle.read(PIECE):
            raise IngestError(f"{file.name} describes a program for GDAL and holds no data")
    if _depth(file) > limits().depth:
        raise IngestError(f"{file.name}: JSON nested more than {limits().depth} deep is no table or map")


def _depth(file: Path) -> int:
    """The deepest nesting of brackets outside of texts, as far as it matters."""
    depth = deepest = 0
    rest = b""
    with file.open("rb") as handle:
        while (piece := handle.read(PIECE)) and deepest <= limits().depth:
            bare, rest = _without_texts(rest + piece)
            if len(rest) > limits().line_bytes:
                raise IngestError(f"{file.name}: a text of more than {limits().line_bytes:,} bytes is no cell")
            brackets = np.frombuffer(bare.translate(None, _NO_BRACKETS), np.uint8)
            if brackets.size:
                opened = np.cumsum(np.where((brackets == ord("[")) | (brackets == ord("{")), 1, -1))
                deepest = max(deepest, depth + int(opened.max()))
                depth += int(opened[-1])
    return deepest


def _without_texts(content: bytes) -> tuple[bytes, bytes]:
    """The content without its texts, and the beginning of one that has not ended yet."""
    bare = _TEXT.sub(b"", content)
    cut = bare.find(b'"')
    return (bare, b"") if cut < 0 else (bare[:cut], bare[cut:])
