"""Forms with files (multipart/form-data, RFC 7578), written to disk as they come and never held in memory."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from app.problems import BadParameterError, StorageFullError, TooLargeError, WrongContentError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_TEXT = 1 << 20
"""Bytes of a part that is no file of data: the longest shipped profile has a hundredth of it."""
MOST_PARTS = 32
SILENCE_SECONDS = 60.0
"""A client that sends nothing for so long has gone, or holds a connection on purpose."""
BOUNDARY = 70
"""Characters of a boundary at most (RFC 2046, 5.1.1)."""


@dataclass(slots=True)
class Part:
    """One part of a form, while it arrives."""

    name: str
    file_name: str | None
    text: bytearray = field(default_factory=bytearray)
    handle: IO[bytes] | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """What came: the files of data, lying in a folder of their own, and all other parts as bytes."""

    files: tuple[Path, ...]
    size: int
    sha256: str
    texts: dict[str, bytes]

    def text(self, name: str) -> str | None:
        """A part as text, if it was sent; raises `BadParameterError` for what is not UTF-8."""
        if name not in self.texts:
            return None
        try:
            return self.texts[name].decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadParameterError(name, f"{name} is not text in UTF-8") from None


async def receive_form(request: Request, folder: Path, *, most: int, texts: tuple[str, ...]) -> Form:
    """Write the parts called `file` into `folder` and gather those called as in `texts`.

    Raises `TooLargeError` before more than `most` bytes have been read, whatever the length that the client states,
    `WrongContentError` and `BadParameterError` for a form that is none or has other parts.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > most:
        raise too_large(most)
    reading = _Reading(folder, texts)
    parser = MultipartParser(_boundary(request), reading.callbacks())
    try:
        async for piece in _pieces(request, most):
            parser.write(piece)
        parser.finalize()
    except ClientDisconnect:
        raise BadParameterError("body", "the client left before all of the body had come") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFullError("the disk of the service is full; try again later") from None
        raise
    except FormParserError:
        raise BadParameterError("body", "the body is not a form as RFC 7578 has it: it is damaged or cut off") from None
    finally:
        reading.close()
    return reading.form()


def too_large(most: int) -> TooLargeError:
    """What to say of a body beyond `most` bytes."""
    return TooLargeError(f"the body is larger than the {most:,} bytes that are taken here")


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    received, stream = 0, request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                piece = await anext(stream, None)
        except TimeoutError:
            raise BadParameterError("body", f"nothing came for {SILENCE_SECONDS:.0f} seconds") from None
        if piece is None:
            return
        received += len(piece)
        if received > most:
            raise too_large(most)
        yield piece


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= BOUNDARY:
        raise WrongContentError("send a form: Content-Type multipart/form-data with a boundary")
    return boundary


class _Reading:
    """The state between the pieces of a body."""

    def __init__(self, folder: Path, texts: tuple[str, ...]) -> None:
        self._folder = folder
        self._known = texts
        self._parts: list[Part] = []
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._digest = hashlib.sha256()

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self.close,
        }

    def _begin(self) -> None:
        if len(self._parts) == MOST_PARTS:
            raise BadParameterError("body", f"the form has more than {MOST_PARTS} parts")
        self._disposition = b""

    def _header_ended(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        file_name = options.get(b"filename")
        if name not in ("file", *self._known):
            known = ", ".join(("file", *self._known))
            raise BadParameterError(printable(name), f"the form has a part {printable(name)!r}; parts are {known}")
        part = Part(name, None if file_name is None else file_name.decode(errors="replace"))
        if name == "file":
            part.handle = self._new_file(part.file_name or "").open("xb")
        elif any(name == other.name for other in self._parts):
            raise BadParameterError(name, f"the form has two parts {name!r}")
        self._parts.append(part)

    def _new_file(self, name: str) -> Path:
        path = self._folder / plain_name(name)
        if path.exists():
            raise BadParameterError("file", f"the form has two files named {name!r}")
        return path

    def _data(self, data: bytes, start: int, end: int) -> None:
        part, piece = self._parts[-1], data[start:end]
        part.size += len(piece)
        if part.handle is not None:
            part.handle.write(piece)
            self._digest.update(piece)
            return
        if part.size > MOST_TEXT:
            raise TooLargeError(f"the part {part.name!r} is larger than the {MOST_TEXT:,} bytes that it may have")
        part.text.extend(piece)

    def close(self) -> None:
        """End the file that is being written, if there is one."""
        if self._parts and self._parts[-1].handle is not None:
            self._parts[-1].handle.close()

    def form(self) -> Form:
        """What came, once all of it is there."""
        files = [part for part in self._parts if part.name == "file"]
        paths = tuple(self._folder / (part.file_name or "") for part in files)
        texts = {part.name: bytes(part.text) for part in self._parts if part.name != "file"}
        return Form(paths, sum(part.size for part in files), self._digest.hexdigest(), texts)


def plain_name(name: str) -> str:
    """The name, if a file can be called so anywhere; raises `BadParameterError`."""
    if not name:
        raise BadParameterError("file", "the part 'file' has no file name")
    if name != Path(name).name or "\\" in name or name in (".", "..") or not name.isprintable():
        raise BadParameterError("file", f"{printable(name)!r} is no plain name of a file: send the name without a path")
    if len(name.encode()) > 200:
        raise BadParameterError("file", "the name of the file is longer than 200 bytes")
    return name


def printable(text: str) -> str:
    """The beginning of a text from outside, as far as it can be shown."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])
