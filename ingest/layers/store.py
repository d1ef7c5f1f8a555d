"""Layers into the database and the data folder, out of them again, and what is there."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import Connection, delete, func, insert, select, text, update

from db import tables
from db.layers import find_layer, layer_named
from db.versions import raise_version
from db.visibility import hide_what_rests_on_layer
from ingest.copying import copy_rows, geometries
from ingest.errors import IngestError
from ingest.layers.description import LayerDescription
from ingest.layers.facts import Box, Facts, LayerReport
from ingest.layers.polygons import Areas, read_polygons
from ingest.layers.raster import Progress, copy_raster, is_raster

BESIDE = (".dbf", ".shx", ".prj", ".cpg", ".tfw", ".aux.xml")
"""What belongs to a file of the same name."""


def load_layer(
    connection: Connection,
    file: Path,
    described: LayerDescription,
    folder: Path,
    progress: Progress | None = None,
) -> LayerReport:
    """Register a file as a layer in the caller's transaction; a raster is copied to `folder`.

    The same file and description again change nothing, another file under a name that is there replaces it and raises
    its version. Raises `IngestError` when nothing can be registered; the transaction is then as it was before.
    """
    with connection.begin_nested():
        _lock(connection, described.name)
        before = find_layer(connection, described.name)
        checksum = _checksum(file, described)
        if before is not None and before.checksum == checksum and _is_there(before.path, folder):
            return LayerReport.from_dict(before.report).as_unchanged()
        version = before.version + 1 if before else 1
        if is_raster(file) and not _is_meant_as_polygons(described):
            target = folder / f"{described.name}-{checksum[:12]}.tif"
            facts = copy_raster(file, described, target, progress)
            report = _report(file, described, "raster", checksum, version, facts)
            _write(connection, described, report, str(target.relative_to(folder.parent)))
        else:
            areas = read_polygons(file, described)
            report = _report(file, described, "polygons", checksum, version, areas.facts)
            _copy_areas(connection, _write(connection, described, report, None), areas)
        raise_version(connection, f"layer-{described.name}")
        if described.visibility != "public":
            hide_what_rests_on_layer(connection, described.name)
    return report


def unload_layer(connection: Connection, name: str) -> str:
    """Take a layer out in the caller's transaction and give its title; `ValueError` where there is none."""
    found = layer_named(connection, name)
    connection.execute(delete(tables.layer).where(tables.layer.c.id == found.id))
    raise_version(connection, f"layer-{name}")
    return found.title


def sweep(connection: Connection, name: str, folder: Path) -> None:
    """Take away the rasters that are no longer the layer's; call it in a transaction after that which changed it."""
    _lock(connection, name)
    found = find_layer(connection, name)
    kept = Path(found.path).name if found and found.path else None
    own = re.compile(re.escape(name) + r"-[0-9a-f]{12}\.tif")
    for raster in folder.glob("*.tif"):
        if own.fullmatch(raster.name) and raster.name != kept:
            raster.unlink(missing_ok=True)


def _lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction changes the layer of that name."""
    key = {"key": f"layer {name}"}
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


def _is_there(path: str | None, folder: Path) -> bool:
    return path is None or (folder.parent / path).is_file()


def _is_meant_as_polygons(described: LayerDescription) -> bool:
    """A GeoPackage may hold both; only polygons have a column."""
    return described.code is not None or described.label is not None


def _checksum(file: Path, described: LayerDescription) -> str:
    content = hashlib.sha256(described.digested())
    for path in [file, *(file.with_suffix(ending) for ending in BESIDE)]:
        if path != file and not path.is_file():
            continue
        try:
            with path.open("rb") as handle:
                content.update(hashlib.file_digest(handle, "sha256").digest())
        except OSError as error:
            raise IngestError(f"{path} cannot be read: {error.strerror}") from None
    return content.hexdigest()


def _report(
    file: Path, described: LayerDescription, kind: str, checksum: str, version: int, facts: Facts
) -> LayerReport:
    return LayerReport(
        name=described.name,
        title=described.title or described.name,
        kind=kind,
        file=file.name,
        checksum=checksum,
        unchanged=False,
        version=version,
        crs=facts.crs,
        box=facts.box,
        numbers=facts.numbers,
        findings=facts.findings,
    )


def _write(connection: Connection, described: LayerDescription, report: LayerReport, path: str | None) -> int:
    values = {
        **described.about,
        "kind": report.kind,
        "version": report.version,
        "checksum": report.checksum,
        "file_name": report.file,
        "options": described.options,
        "report": report.to_dict(),
        "path": path,
        "crs": report.crs,
        "geom": f"SRID=4326;{_outline(report.box)}",
    }
    table = tables.layer
    known = select(table.c.id).where(table.c.name == described.name)
    identifier = connection.execute(known).scalar()
    if identifier is None:
        return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
    connection.execute(delete(tables.layer_area).where(tables.layer_area.c.layer_id == identifier))
    connection.execute(update(table).where(table.c.id == identifier).values(values | {"loaded_at": func.now()}))
    return int(identifier)


def _outline(box: Box) -> Any:
    return shapely.box(*box).wkt


def _copy_areas(connection: Connection, layer: int, areas: Areas) -> None:
    columns = {
        "layer_id": np.full(len(areas.rows), layer),
        "code": pa.array(areas.codes.tolist(), pa.string()),
        "name": pa.array(areas.names.tolist(), pa.string()),
        "geom": geometries(areas.shapes),
        "source_row": areas.rows,
    }
    copy_rows(connection, tables.layer_area, pa.table(columns))
