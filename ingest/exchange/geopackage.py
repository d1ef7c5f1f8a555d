"""A GeoPackage in the terms of ISO 28258: plots, profiles and their elements, specimens, observations.

What ISO 28258 has no word for (bounds, limits, flags, where a value stood in its file) is in columns of our own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from ingest.errors import IngestError
from ingest.exchange.contents import Contents
from ingest.exchange.flat import KINDS, PLACE, Flat
from ingest.guards import admit

MANIFEST = "edaphos_manifest"
LAYERS = MappingProxyType(
    {
        "sites": "soil_plot",
        "specimens": "soil_specimen",
        "measurements": "observation",
        "controls": "quality_control",
        "sources": "pollution_source",
        "releases": "release",
    }
)
"""By table of a dataset the layer that holds it."""
_GEOMETRY = "geom"


def write_geopackage(contents: Contents, target: Path) -> None:
    """Write the file; whole or not at all."""
    if target.exists():
        raise IngestError(f"{target} is there already: choose another --output or remove it")
    unfinished = target.with_name(f".{target.stem}-part.gpkg")
    unfinished.unlink(missing_ok=True)
    try:
        for flat in contents.kinds:
            _write(unfinished, LAYERS[flat.name], *_with_geometry(flat, contents.tables[flat.name]))
        if contents.dataset["kind"] == "samples":
            for name, rows in _profiles(contents).items():
                _write(unfinished, name, rows, None)
        said = json.dumps(contents.manifest(), ensure_ascii=False, default=str)
        _write(unfinished, MANIFEST, pa.table({"json": [said]}), None)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def is_geopackage(path: Path) -> bool:
    """Whether a file is a GeoPackage that was written here."""
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return False
    try:
        return MANIFEST in pyogrio.list_layers(path)[:, 0]
    except DataSourceError:
        return False


def read_geopackage(path: Path) -> Contents:
    """What a GeoPackage holds; raises `IngestError` where it was changed."""
    admit(path)
    try:
        manifest = json.loads(_read(path, MANIFEST)["json"][0].as_py())
        kinds = KINDS.get(manifest["dataset"].get("kind"), ())
        rows = {flat.name: _flat(flat, _read(path, LAYERS[flat.name])) for flat in kinds}
    except (DataSourceError, DataLayerError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise IngestError(f"{path.name} cannot be read as a dataset: {str(error).splitlines()[0]}") from None
    return Contents.of_manifest(manifest, rows)


def _write(target: Path, layer: str, rows: Any, kind: str | None) -> None:
    place = {} if kind is None else {"geometry_name": _GEOMETRY, "geometry_type": kind, "crs": "EPSG:4326"}
    pyogrio.write_arrow(rows, target, layer=layer, driver="GPKG", append=target.exists(), **place)


def _read(path: Path, layer: str) -> Any:
    return pyogrio.read_arrow(path, layer=layer)[1]


def _with_geometry(flat: Flat, rows: Any) -> tuple[Any, str | None]:
    if flat.is_point:
        shapes = shapely.points(*(rows[name].to_numpy() for name in PLACE))
        return rows.append_column(_GEOMETRY, pa.array(shapely.to_wkb(shapes), pa.binary())), "Point"
    if flat.is_shape:
        wkb = pa.array([bytes.fromhex(text) for text in rows["geometry"].to_pylist()], pa.binary())
        return rows.drop_columns(["geometry"]).append_column(_GEOMETRY, wkb), "Unknown"
    return rows, None


def _flat(flat: Flat, rows: Any) -> Any:
    """The table of a layer, with the types of exchange."""
    if flat.is_shape:
        shape = next(name for name in (_GEOMETRY, "wkb_geometry") if name in rows.column_names)
        rows = rows.append_column("geometry", pa.array([wkb.hex() for wkb in rows[shape].to_pylist()]))
    return rows.select(flat.schema.names).cast(flat.schema)


def _profiles(contents: Contents) -> Mapping[str, Any]:
    """A profile at each plot, and an element for each depth at which it was sampled; they say nothing new."""
    specimens = contents.tables["specimens"]
    depths = specimens.select(["site", "upper_depth_cm", "lower_depth_cm"]).group_by(
        ["site", "upper_depth_cm", "lower_depth_cm"]
    )
    elements = depths.aggregate([]).sort_by([(name, "ascending") for name in ("site", "upper_depth_cm")])
    plots = contents.tables["sites"]["code"]
    return {
        "soil_profile": pa.table({"code": plots, "soil_plot": plots}),
        "profile_element": elements.rename_columns(["soil_profile", "upper_depth_cm", "lower_depth_cm"]).append_column(
            "sampled", pc.is_valid(elements["upper_depth_cm"])
        ),
    }
