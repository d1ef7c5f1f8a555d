"""In which encoding the first rows hold most words that are known: bytes alone do not tell Cyrillic from Greek."""

from pathlib import Path

from ingest.contaminants import shipped_contaminants
from ingest.draft.contents import content_of
from ingest.draft.words import meaning_score, meanings
from ingest.errors import IngestError
from ingest.profile import FileOptions
from ingest.readers import grid_of

ENCODINGS = ("cp1252", "cp1251", "gb18030", "shift_jis", "cp1250", "koi8-r", "cp1253", "cp1254", "big5", "euc-kr")
TOP = 12


def likeliest_encoding(file: Path, options: FileOptions) -> FileOptions:
    """The options with the encoding in which most headings are known, for text that is not Unicode."""
    if options.encoding is not None or file.suffix.lower() not in (".csv", ".tsv", ".txt", ".tab"):
        return options
    if _is_unicode(file.read_bytes() if file.stat().st_size < 1 << 24 else b""):
        return options
    known = {encoding: _known_words(file, options.model_copy(update={"encoding": encoding})) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: known[encoding])
    return options.model_copy(update={"encoding": best}) if known[best] > known[ENCODINGS[0]] else options


def _is_unicode(content: bytes) -> bool:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:1000]:
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _known_words(file: Path, options: FileOptions) -> int:
    try:
        rows = grid_of(file, options)[:TOP]
    except (IngestError, LookupError):
        return 0
    cells = {cell.strip() for row in rows for cell in row if not cell.isascii()}
    return sum(_is_known(cell) for cell in cells)


def _is_known(cell: str) -> bool:
    return any(meaning_score(cell, name) for name in meanings()) or content_of(cell, shipped_contaminants()) is not None
