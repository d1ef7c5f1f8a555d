"""What comes from outside is looked at before it is read: a file that would cost too much, or do more than be read,
is refused in one sentence.
"""

from functools import lru_cache
from pathlib import Path

from ingest.errors import IngestError
from ingest.guards.archives import admit_archive, is_zip, names_in
from ingest.guards.limits import Limits, limited_to, limits
from ingest.guards.sheets import WorkbookLook
from ingest.guards.tables import admit_database, admit_parquet
from ingest.guards.text import admit_json, admit_text

__all__ = ["Limits", "admit", "limited_to", "limits"]

_JSON = (b"{", b"[", b"\x1e")
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".ods")
_MARKS_OF_WORKBOOKS = {"[Content_Types].xml", "xl/workbook.xml", "content.xml"}
_TEXTS = (".csv", ".tsv", ".txt", ".tab")


def admit(file: Path) -> None:
    """Raise `IngestError` for a file that must not be read; costs less than reading it.

    What a file is, its content decides; its name alone decides nothing.
    """
    if not file.name.isprintable():
        shown = "".join(letter if letter.isprintable() else "?" for letter in file.name)
        raise IngestError(f"the name of {shown} holds control characters: give it another")
    state = file.stat()
    _admit(file, (state.st_ino, state.st_size, state.st_mtime_ns), limits())


@lru_cache(maxsize=64)
def _admit(file: Path, _state: tuple[int, int, int], _limits: Limits) -> None:
    """The files of a load are opened several times, but looked at once."""
    with file.open("rb") as handle:
        start = handle.read(64)
    if is_zip(start):
        look = WorkbookLook(file.name) if _MARKS_OF_WORKBOOKS & set(names_in(file)) else None
        admit_archive(file, look)
        if look is not None:
            look.finish()
    elif file.suffix.lower() in _WORKBOOKS:
        raise IngestError(f"{file.name} is not a workbook: no program writes one that begins with {start[:12]!r}")
    elif start.startswith(b"PAR1"):
        admit_parquet(file)
    elif start.startswith(b"SQLite format 3\0"):
        admit_database(file)
    elif file.suffix.lower() in _TEXTS:
        admit_text(file)
    elif start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_JSON):
        admit_json(file)
