"""How a geographic file is opened so that GDAL does nothing but read it."""

import json
import zipfile
from pathlib import Path

from ingest.errors import IngestError

# what a file of that ending begins with: GDAL looks at the content only, and knows formats that fetch other files
BEGINNINGS = {
    **dict.fromkeys((".gpkg", ".sqlite", ".sqlite3", ".db"), (b"SQLite format 3\0",)),
    ".shp": (b"\0\0\x27\x0a",),
    ".zip": (b"PK\x03\x04",),
    ".fgb": (b"fgb",),
}
JSON = (b"{", b"[", b"\x1e{")
JSON_MARKS = {b'"esriGeometry': "ESRIJSON", b'"esriFieldType': "ESRIJSON", b'"Topology"': "TopoJSON"}
START = 1 << 16


def address_of(file: Path) -> str:
    """The file as GDAL is to open it: with one driver alone, since some run or fetch what a file asks them to.

    What looks like JSON may be a pipeline of commands, and an archive may hold the description of a source elsewhere.
    Raises `IngestError` for a file that is not what its name says, and for an archive with several shapefiles.
    """
    _check_beginning(file)
    ending = file.suffix.lower()
    if ending == ".zip":
        return _shapefile_within(file)
    if ending in BEGINNINGS:
        return str(file)
    return f"{_json_driver(file)}:{file}"


def complaint_of(file: Path, error: Exception) -> str:
    """What GDAL complains about in a file, in one line that does not say where the file lies."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    for folder in {str(file.parent), str(file.parent.resolve())} - {"."}:
        said = said.replace(f"{folder}/", "")
    return said.replace("/vsizip/", "")


def _json_driver(file: Path) -> str:
    """GDAL's driver for what is written in JSON, by how it begins."""
    with file.open("rb") as handle:
        start = handle.read(START)
    if start.startswith(b"\x1e") or _is_one_object(start.split(b"\n", 1)[0]):
        return "GeoJSONSeq"
    marked = next((driver for mark, driver in JSON_MARKS.items() if mark in start), None)
    by_ending = "GeoJSON" if file.suffix.lower() in (".json", ".geojson") else "GeoJSONSeq"
    return marked or ("GeoJSON" if b'"FeatureCollection"' in start else by_ending)


def _is_one_object(line: bytes) -> bool:
    """Whether a line holds a feature and nothing of the next: files of one object are read either way."""
    try:
        return dict(json.loads(line)).get("type") == "Feature"
    except (ValueError, TypeError, RecursionError):
        return False


def _shapefile_within(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        shapes = [name for name in archive.namelist() if name.lower().endswith(".shp")]
    if len(shapes) != 1:
        raise IngestError(f"{file.name} holds {len(shapes)} shapefiles; send them one by one")
    return f"/vsizip/{file.resolve()}/{shapes[0]}"


def _check_beginning(file: Path) -> None:
    with file.open("rb") as handle:
        start = handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    expected = BEGINNINGS.get(file.suffix.lower(), JSON)
    if not start.startswith(expected):
        raise IngestError(f"{file.name} is not what its name says: its content begins with {start[:12]!r}")
