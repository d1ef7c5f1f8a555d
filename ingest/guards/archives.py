"""Zip archives: what they hold, and that they hold no more than they say."""

import copy
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from ingest.errors import IngestError
from ingest.guards.limits import limits

PIECE = 1 << 20
_END = b"PK\x05\x06"
_NESTED = (b"\x1f\x8b", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ")
_ELSEWHERE = (b"<OGRVRT", b"<VRTDataset", b"<GDAL_WM", b"<WMS", b"<WCS", b"<OGRWFS", b"<WMTS", b"<OGRSTAC")
"""How the files begin in which GDAL is told where to fetch data."""
_ARCHIVES = (".zip", ".7z", ".gz", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, RuntimeError, OSError)
_DRIVE = re.compile(r"[A-Za-z]:")

Piece = Callable[[str, bytes], None]
"""What looks at the pieces of a member, by its name, in order; it may refuse."""


def is_zip(start: bytes) -> bool:
    """Whether a file begins as a zip archive does."""
    return start.startswith((b"PK\x03\x04", _END))


def names_in(file: Path) -> list[str]:
    """What an archive holds; raises `IngestError` for one that is damaged or whose directory is too long to look at."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except _DAMAGED as error:
        raise IngestError(f"{file.name} is a damaged archive: {error}") from None


def admit_archive(file: Path, look: Piece | None = None) -> None:
    """Raise `IngestError` for an archive that must not be unpacked; every member is unpacked once, into nothing.

    A directory that lies about the sizes is found out, since nobody reads on beyond what it says.
    """
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(file, members)
            for member in members:
                _check_content(file, archive, member, look)
    except IngestError:
        raise
    except _DAMAGED as error:
        raise IngestError(f"{file.name} is a damaged archive: {error}") from None


def _check_directory(file: Path) -> None:
    """Before the directory is read into memory: it says at the end of the file how long it is."""
    with file.open("rb") as handle:
        handle.seek(max(0, file.stat().st_size - 65_557))
        tail = handle.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise IngestError(f"{file.name} is a damaged archive: it has no directory")
    count, size = struct.unpack("<HI", tail[place + 10 : place + 16])
    if size > limits().directory_bytes or count > limits().members:
        raise IngestError(f"{file.name} holds more than the {limits().members:,} files that an archive may hold")


def _check_members(file: Path, members: list[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    for member in members:
        why = _odd_name(member.filename) or _odd_kind(member)
        if member.filename.casefold() in names:
            why = "stands in it twice"
        if why:
            raise IngestError(f"{file.name} holds {member.filename[:80]!r}, which {why}")
        names.add(member.filename.casefold())
    unpacked, packed = sum(member.file_size for member in members), max(file.stat().st_size, 1)
    if len(members) > limits().members:
        raise IngestError(f"{file.name} holds more than the {limits().members:,} files that an archive may hold")
    if unpacked > limits().unpacked_bytes:
        raise IngestError(
            f"{file.name} would unpack to {_megabytes(unpacked)}; {_megabytes(limits().unpacked_bytes)} are allowed"
        )
    if unpacked > limits().fold_from_bytes and unpacked > limits().fold * packed:
        raise IngestError(
            f"{file.name} would unpack to {_megabytes(unpacked)}, {unpacked // packed} times its size, which is refused"
        )


def _odd_name(name: str) -> str | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name):
        return "points out of the archive"
    if not name.isprintable():
        return "has a name with control characters"
    return "is an archive itself" if path.suffix.lower() in _ARCHIVES else None


def _odd_kind(member: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device and no file"
    return "is encrypted: take the password off" if member.flag_bits & 1 else None


def _check_content(file: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, look: Piece | None) -> None:
    size = 0
    for piece in _pieces(archive, member):
        if not size and (why := _odd_beginning(piece)):
            raise IngestError(f"{file.name} holds {member.filename[:80]!r}, which {why}")
        size += len(piece)
        if size > member.file_size:
            raise IngestError(f"{file.name} holds {member.filename[:80]!r}, which is larger than the archive says")
        if look is not None:
            look(member.filename, piece)
    if size != member.file_size:
        raise IngestError(f"{file.name} holds {member.filename[:80]!r}, which is smaller than the archive says")


def _odd_beginning(piece: bytes) -> str | None:
    if piece.startswith(_NESTED):
        return "is an archive itself"
    return "asks for data from elsewhere" if piece.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_ELSEWHERE) else None


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """All that a member unpacks to, whatever length the directory states."""
    unbound = copy.copy(member)
    unbound.file_size = 1 << 62
    with archive.open(unbound) as content:
        while piece := content.read(PIECE):
            yield piece


def _megabytes(size: int) -> str:
    return f"{size >> 20:,} MB"
