"""What a file really is, by its first bytes."""

import zipfile
from pathlib import Path

from ingest.errors import IngestError

BEGINNING = 1 << 10

SIGNATURES = {
    b"\xd0\xcf\x11\xe0": "an old Office document (.xls)",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"SQLite format 3\0": "a SQLite database (perhaps a GeoPackage)",
    b"\x1f\x8b": "gzip-compressed data",
    b"BZh": "bzip2-compressed data",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"PAR1": "a Parquet file",
    b"fgb": "a FlatGeobuf file",
    b"\x7fELF": "a program",
}
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
ZIP_MEMBERS = {"xl/workbook.xml": "an Excel workbook (.xlsx)", "word/document.xml": "a Word document (.docx)"}
MARKUP = {
    b"<!doctype html": "a web page (HTML)",
    b"<html": "a web page (HTML)",
    b"<?xml": "XML",
    b"{": "JSON",
    b"[{": "JSON",
}


def refuse_other_than_text(file: Path) -> None:
    """Raise `IngestError` for a file that is called a table of text and plainly is something else."""
    with file.open("rb") as handle:
        kind = kind_of_content(file, handle.read(BEGINNING))
    if kind is not None:
        raise IngestError(f"{file.name} is not delimited text: its content is {kind}")


def kind_of_content(file: Path, start: bytes) -> str | None:
    """What the content is if it is plainly not a table of text, in words."""
    if start.startswith(ZIP):
        return _kind_of_zip(file)
    for signature, kind in SIGNATURES.items():
        if start.startswith(signature):
            return kind
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    return next((kind for beginning, kind in MARKUP.items() if text.startswith(beginning)), None)


def _kind_of_zip(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and b"spreadsheet" in archive.open("mimetype").read(100):
                return "an OpenDocument spreadsheet (.ods)"
    except (zipfile.BadZipFile, OSError, RuntimeError):
        return "a damaged zip archive"
    return next((kind for member, kind in ZIP_MEMBERS.items() if member in names), "a zip archive")
