"""Where the tables of a file or folder are: which files are read as one, and which ones are joined to them."""

import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from ingest.errors import IngestError
from ingest.profile import FileOptions, Join
from ingest.readers.base import Opened


def matches(name: str, pattern: str) -> bool:
    """Whether a sheet, layer or file is the one that a profile names, where `*` stands for anything."""
    return name == pattern or fnmatchcase(name.casefold(), pattern.casefold())


def main_files(path: Path, options: FileOptions, endings: frozenset[str]) -> tuple[Path, ...]:
    """The files of a folder that are read one below the other; raises `IngestError` where there are none.

    `file.sheet` chooses among them, tables to be joined are none of them, and all must have one ending.
    """
    if not path.is_dir():
        return (path,)
    files = [file for file in sorted(path.iterdir()) if file.is_file() and file.suffix.lower() in endings]
    if options.sheet is not None and any(_is(file, options.sheet) for file in files):
        files = [file for file in files if _is(file, options.sheet)]
    else:
        files = [file for file in files if not any(_is(file, join.table) for join in options.joins)]
    if not files:
        raise IngestError(f"{path.name} holds no file that can be read")
    if len(kinds := {file.suffix.lower() for file in files}) > 1:
        raise IngestError(f"{path.name} holds files of several kinds ({', '.join(sorted(kinds))}); state file.sheet")
    return tuple(files)


def file_beside(path: Path, join: Join, main: tuple[Path, ...]) -> Path:
    """The file that a join names, beside the file or in the folder; raises `IngestError` for none or several."""
    folder = path if path.is_dir() else path.parent
    found = [file for file in sorted(folder.iterdir()) if file.is_file() and file not in main and _is(file, join.table)]
    if len(found) != 1:
        said = f"there are {', '.join(file.name for file in found)}" if found else "there is none"
        raise IngestError(f"{path.name}: file.joins asks for one table {join.table!r} in it or beside it, and {said}")
    return found[0]


def _is(file: Path, pattern: str) -> bool:
    return matches(file.name, pattern) or matches(file.stem, pattern)


def unpacked(path: Path) -> Path:
    """A folder with the files of an archive that was admitted; raises `IngestError` for one that cannot be read.

    It bears the name of the archive, for messages name it, and lies alone in a temporary one.
    """
    folder = Path(tempfile.mkdtemp(prefix="edaphos-")) / path.name
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and not Path(member.filename).name.startswith("."):
                    with archive.open(member) as packed, (folder / Path(member.filename).name).open("wb") as target:
                        shutil.copyfileobj(packed, target)
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise IngestError(f"{path.name} is not an archive that can be read: {error}") from None
    return folder


@contextmanager
def left_tidy(folder: Path) -> Iterator[None]:
    """Remove an unpacked folder whose files turn out not to be readable."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise


def kept_until_read(opened: Opened, folder: Path) -> Opened:
    """The same; an unpacked folder goes when nobody can read from it any more."""
    batches = (batch for batch in opened.batches)
    weakref.finalize(batches, shutil.rmtree, folder.parent, ignore_errors=True)
    return replace(opened, batches=batches)


def holds_tables(path: Path) -> bool:
    """Whether a zip archive holds files to be read one by one, and no shapefile."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(name.lower().endswith(".shp") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False
