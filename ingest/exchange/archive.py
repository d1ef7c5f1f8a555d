"""The archive for bulk readers: GeoParquet or CSV by dataset and year, with a manifest of checksums and vocabularies.

`<table>/dataset=<name>/year=<year>/part-0.parquet` is the layout that DuckDB, Arrow, Spark and GDAL read as one table.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import shapely

from ingest.errors import IngestError
from ingest.exchange.contents import Contents, parts
from ingest.exchange.flat import KINDS, PLACE, Flat
from ingest.guards import admit

MANIFEST = "manifest.json"
GEO_VERSION = "1.1.0"
_GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class ArchiveFormat:
    """How the parts of an archive are written: `parquet` or `csv`."""

    ending: str

    def write(self, contents: Contents, target: Path) -> None:
        """Write a folder, or a zip archive where the name says so; whole or not at all."""
        if target.exists():
            raise IngestError(f"{target} is there already: choose another --output or remove it")
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.with_name(f".{target.name}.part")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            self._fill(contents, folder)
            _zip(folder, target) if target.suffix.lower() == ".zip" else folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _fill(self, contents: Contents, folder: Path) -> None:
        files: dict[str, dict[str, Any]] = {}
        for flat in contents.kinds:
            for year, rows in parts(contents, flat):
                place = f"{flat.name}/dataset={contents.name}/year={year}/part-0.{self.ending}"
                (folder / place).parent.mkdir(parents=True)
                self._write_part(flat, rows, folder / place)
                files[place] = {"table": flat.name, "rows": rows.num_rows, "sha256": _sha256(folder / place)}
        folder.mkdir(exist_ok=True)
        manifest = contents.manifest() | {"format": self.ending, "files": files}
        text = json.dumps(manifest, indent=1, ensure_ascii=False, default=str)
        (folder / MANIFEST).write_text(text, encoding="utf-8")

    def _write_part(self, flat: Flat, rows: Any, file: Path) -> None:
        if self.ending == "csv":
            pa_csv.write_csv(rows, file)
        else:
            pq.write_table(_as_geoparquet(flat, rows), file, compression="zstd")


def is_archive(path: Path) -> bool:
    """Whether a folder or a zip archive has a manifest of this layout."""
    if path.is_dir():
        return (path / MANIFEST).is_file()
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST in archive.namelist()


def read_archive(path: Path) -> Contents:
    """What an archive holds; raises `IngestError` where a file is missing, was changed, or is none of it."""
    if path.is_dir():
        return _read_folder(path)
    admit(path)
    folder = path.with_name(f".{path.name}.unpacked")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        return _read_folder(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_folder(folder: Path) -> Contents:
    manifest = _manifest(folder)
    kinds = KINDS.get(manifest["dataset"].get("kind"), ())
    rows = {flat.name: _read_table(folder, flat, manifest["files"]) for flat in kinds}
    return Contents.of_manifest(manifest, rows)


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IngestError(f"{MANIFEST} cannot be read: {error}") from None
    if not (
        isinstance(found, dict) and isinstance(found.get("dataset"), dict) and isinstance(found.get("files"), dict)
    ):
        raise IngestError(f"{MANIFEST} does not say which dataset the archive holds, and in which files")
    return found


def _read_table(folder: Path, flat: Flat, files: Mapping[str, Any]) -> Any:
    mine = [place for place, said in files.items() if said.get("table") == flat.name]
    read = [_read_part(folder, flat, place, files[place]) for place in mine]
    return pa.concat_tables([pa.Table.from_batches([], flat.schema), *read])


def _read_part(folder: Path, flat: Flat, place: str, said: Mapping[str, Any]) -> Any:
    file = folder / place
    if not file.resolve().is_relative_to(folder.resolve()):
        raise IngestError(f"{MANIFEST} names a file outside the archive: {place}")
    if not file.is_file():
        raise IngestError(f"{place} is missing, which {MANIFEST} names")
    if _sha256(file) != said.get("sha256"):
        raise IngestError(f"{place} is not the file that {MANIFEST} names: its checksum is another")
    admit(file)
    try:
        rows = _csv(flat, file) if file.suffix == ".csv" else _without_wkb(flat, pq.read_table(file, partitioning=None))
        return rows.select(flat.schema.names).cast(flat.schema)
    except (pa.ArrowException, KeyError) as error:
        raise IngestError(f"{place} cannot be read: {str(error).splitlines()[0]}") from None


def _csv(flat: Flat, file: Path) -> Any:
    """Texts are what they are, even those that look like nothing; an empty field without quotes is nothing."""
    kinds = {field.name: field.type for field in flat.schema}
    options = pa_csv.ConvertOptions(
        column_types=kinds, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    return pa_csv.read_csv(file, convert_options=options, parse_options=pa_csv.ParseOptions(newlines_in_values=True))


def _as_geoparquet(flat: Flat, rows: Any) -> Any:
    """With a column of geometries (WKB) and what GeoParquet 1.1 says of it, where rows have a place."""
    if flat.is_point:
        shapes = shapely.points(*(rows[name].to_numpy() for name in PLACE))
    elif flat.is_shape:
        shapes = shapely.from_wkb([bytes.fromhex(text) for text in rows[_GEOMETRY].to_pylist()])
        rows = rows.drop_columns([_GEOMETRY])
    else:
        return rows
    with_shapes = rows.append_column(_GEOMETRY, pa.array(shapely.to_wkb(shapes), pa.binary()))
    kinds = sorted({shape.geom_type for shape in shapes})
    column = {"encoding": "WKB", "geometry_types": kinds, "bbox": shapely.total_bounds(shapes).tolist()}
    geo = {"version": GEO_VERSION, "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}
    return with_shapes.replace_schema_metadata({"geo": json.dumps(geo)})


def _without_wkb(flat: Flat, rows: Any) -> Any:
    """Geometries as the tables of exchange have them."""
    if not flat.is_shape:
        return rows
    place = rows.schema.get_field_index(_GEOMETRY)
    return rows.set_column(place, _GEOMETRY, pa.array([wkb.hex() for wkb in rows[_GEOMETRY].to_pylist()]))


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
