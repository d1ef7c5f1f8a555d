"""Polygons out of a geographic file: valid, in degrees, each with its code; what is mended or left out is counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection

from ingest.coordinates import horizontal_crs
from ingest.errors import IngestError
from ingest.geofile import address_of, complaint_of
from ingest.guards import admit
from ingest.layers.description import LayerDescription
from ingest.layers.facts import Facts, Finding
from ingest.readers.text import as_text, can_be_text

BATCH = 16_384
DRIVERS = ("GPKG", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "FlatGeobuf")
"""Formats that hold their own data; GDAL knows others that fetch some from elsewhere."""
BEGINNINGS = (b"SQLite format 3\0", b"\0\0\x27\x0a", b"PK\x03\x04", b"fgb", b"{", b"[", b"\x1e{")
FACES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
LEFT_OUT = {
    "no-geometry": "have no geometry",
    "not-an-area": "are no areas",
    "outside-system": "lie beyond what their coordinate reference system can hold",
    "repeated": "repeat an area with the same code",
}

Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Codes, names, multipolygons in degrees and the features (n,) they come from, counted from 1; and the facts."""

    codes: NDArray[np.str_]
    names: NDArray[np.str_]
    shapes: Shapes
    rows: NDArray[np.int64]
    facts: Facts


def read_polygons(file: Path, described: LayerDescription) -> Areas:
    """The areas of a file; raises `IngestError` for a file without any, without a system, or without that column."""
    _must_be_known(file)
    address = address_of(file)
    layer = _layer(file, address, described)
    about = _attempt(file, lambda: pyogrio.read_info(address, layer=layer))
    if about["driver"] not in DRIVERS:
        raise IngestError(f"{file.name} is a file of {about['driver']}, which is none of {', '.join(DRIVERS)}")
    crs = _system(file, about["crs"], described)
    columns = _columns(file, list(about["fields"]), described)
    reading = _Reading(crs)
    for batch, geometry in _batches(address, layer, [name for name in columns if name]):
        codes, names = (_texts(batch, name) for name in columns)
        reading.take(codes, names, _shapes(batch, geometry))
    return reading.result(file)


def _must_be_known(file: Path) -> None:
    """GDAL looks at the content only, and knows formats that fetch other files."""
    admit(file)
    with file.open("rb") as handle:
        start = handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not start.startswith(BEGINNINGS):
        raise IngestError(f"{file.name} is neither a raster (GeoTIFF, GeoPackage) nor a file of {', '.join(DRIVERS)}")


def _attempt(file: Path, read: Any) -> Any:
    try:
        return read()
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise IngestError(f"{file.name} cannot be read: {complaint_of(file, error)}") from None


def _layer(file: Path, address: str, described: LayerDescription) -> str:
    names = [str(name) for name in _attempt(file, lambda: pyogrio.list_layers(address))[:, 0]]
    if described.sheet is not None and described.sheet not in names:
        raise IngestError(f"{file.name}: there is no layer {described.sheet!r}; there are {', '.join(names)}")
    if described.sheet is None and len(names) != 1:
        raise IngestError(f"{file.name} has the layers {', '.join(names)}: state which one as sheet")
    return described.sheet or names[0]


def _system(file: Path, own: str | None, described: LayerDescription) -> CRS:
    if own is None and described.crs is None:
        raise IngestError(f"{file.name} does not say its coordinate reference system: state it as crs")
    if own is None or described.crs is None:
        return horizontal_crs(own or described.crs or "")
    if not horizontal_crs(own).equals(horizontal_crs(described.crs), ignore_axis_order=True):
        raise IngestError(f"{file.name} is in {own}, not in {described.crs} as stated: leave crs out")
    return horizontal_crs(own)


def _columns(file: Path, fields: list[str], described: LayerDescription) -> tuple[str | None, str | None]:
    """The columns of codes and of names; a file with a single column needs no telling."""
    for name in (described.code, described.label):
        if name is not None and name not in fields:
            raise IngestError(f"{file.name} has no column {name!r}; it has {', '.join(fields) or 'none'}")
    if described.code is None and len(fields) > 1:
        raise IngestError(f"{file.name} has the columns {', '.join(fields)}: state which one holds the code")
    return described.code or next(iter(fields), None), described.label


def _batches(address: str, layer: str, columns: list[str]) -> Iterator[tuple[Any, str]]:
    opened = pyogrio.open_arrow(address, layer=layer, columns=columns, batch_size=BATCH, use_pyarrow=True)
    with opened as (about, reader):
        for batch in reader:
            yield batch, about["geometry_name"] or "wkb_geometry"


def _texts(batch: Any, column: str | None) -> NDArray[np.str_]:
    if column is None or not can_be_text(batch.schema.field(column).type):
        return np.full(batch.num_rows, "", dtype=np.str_)
    return np.char.strip(np.array(as_text(batch.column(column)).to_pylist(), dtype=np.str_))


def _shapes(batch: Any, geometry: str) -> Shapes:
    if geometry not in batch.schema.names:
        return np.full(batch.num_rows, None, dtype=object)
    wkb = np.asarray(batch.column(geometry).cast(pa.binary()).to_pylist(), dtype=object)
    return np.asarray(shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore")), dtype=object)


class _Reading:
    """The areas gathered batch by batch."""

    def __init__(self, crs: CRS) -> None:
        self.crs = crs
        self.degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        self.features, self.repaired = 0, 0
        self.left_out: Counter[str] = Counter()
        self.seen: set[tuple[str, bytes]] = set()
        self.kept: list[tuple[str, str, Any, int]] = []

    def take(self, codes: NDArray[np.str_], names: NDArray[np.str_], shapes: Shapes) -> None:
        """Check, mend and move the features of a batch."""
        first, self.features = self.features + 1, self.features + len(shapes)
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        self.left_out["no-geometry"] += int(missing.sum())
        broken = ~missing & ~shapely.is_valid(shapes)
        shapes[broken] = shapely.make_valid(shapes[broken])
        faces = _faces(shapes)
        flat = ~missing & shapely.is_missing(faces)
        self.left_out["not-an-area"] += int(flat.sum())
        self.repaired += int((broken & ~flat).sum())
        here = np.flatnonzero(~missing & ~flat)
        for place, shape in zip(here, self._moved(faces[here]), strict=True):
            self._keep(str(codes[place]), str(names[place]), shape, first + int(place))

    def _moved(self, faces: Shapes) -> Shapes:
        """In degrees, and valid there; None where that fails."""
        moved = shapely.transform(faces, lambda xy: np.column_stack(self.degrees.transform(*xy.T)))
        bounds = shapely.bounds(moved)
        # PostGIS and its Mercator twin take the poles, but nothing beyond
        inside = np.isfinite(bounds).all(axis=1) & (np.abs(bounds) <= np.array([180.0, 90.0, 180.0, 90.0])).all(axis=1)
        inside &= self._can_hold(faces)
        moved[~inside] = None
        return _faces(shapely.make_valid(moved))

    def _can_hold(self, faces: Shapes) -> NDArray[np.bool_]:
        """Whether the system brings the first corner of each to degrees and back: far beyond its area it does not."""
        x, y = np.array([face.geoms[0].exterior.coords[0] for face in faces]).reshape(-1, 2).T
        back = self.degrees.transform(*self.degrees.transform(x, y), direction=TransformDirection.INVERSE)
        apart = np.hypot(back[0] - x, back[1] - y)
        return np.asarray(apart <= 1e-6 * (1.0 + np.hypot(x, y)))

    def _keep(self, code: str, name: str, shape: Any, row: int) -> None:
        if shape is None:
            self.left_out["outside-system"] += 1
            return
        mark = (code, shapely.to_wkb(shapely.normalize(shape)))
        if mark in self.seen:
            self.left_out["repeated"] += 1
            return
        self.seen.add(mark)
        self.kept.append((code, name, shape, row))

    def result(self, file: Path) -> Areas:
        """All areas with the facts; `IngestError` where there is none."""
        if not self.kept:
            reasons = ", ".join(f"{count} {LEFT_OUT[name]}" for name, count in self.left_out.items() if count)
            raise IngestError(f"{file.name} holds no area: of {self.features} features {reasons or 'none is left'}")
        codes, names, shapes, rows = zip(*self.kept, strict=True)
        west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
        numbers = {
            "features": self.features,
            "areas": len(rows),
            "repaired": self.repaired,
            "left_out": {name: count for name, count in self.left_out.items() if count},
            "codes": len(set(codes) - {""}),
        }
        authority = self.crs.to_authority()
        crs = ":".join(authority) if authority else str(self.crs.to_wkt())
        facts = Facts(crs, (west, south, east, north), numbers, tuple(self._findings()))
        return Areas(np.array(codes), np.array(names), np.array(shapes, dtype=object), np.array(rows), facts)

    def _findings(self) -> Iterator[Finding]:
        if self.repaired:
            yield Finding("info", "repaired", f"{self.repaired} areas crossed themselves and were repaired")
        for name, count in self.left_out.items():
            if count:
                yield Finding("flag", name, f"{count} features {LEFT_OUT[name]} and were left out")
        unnamed = sum(code == "" for code, *_ in self.kept)
        if unnamed:
            yield Finding("flag", "no-code", f"{unnamed} areas have no code: they count as no class")
        names: dict[str, set[str]] = {}
        for code, name, *_ in self.kept:
            names.setdefault(code, set()).add(name)
        for code, several in names.items():
            if code and len(several) > 1:
                listed = ", ".join(repr(name) for name in sorted(several)[:3])
                yield Finding("flag", "code-with-two-names", f"code {code!r} stands for {listed}")


def _faces(shapes: Shapes) -> Shapes:
    """The areal part of each as a multipolygon; None where there is none."""
    return np.array([_multipolygon(shape) for shape in shapes], dtype=object)


def _multipolygon(shape: Any) -> Any:
    if shape is None:
        return None
    parts = shapely.get_parts(shapely.get_parts([shape]) if shape.geom_type == "GeometryCollection" else [shape])
    parts = parts[np.isin(shapely.get_type_id(parts), FACES)]
    faces = shapely.get_parts(parts)
    faces = faces[shapely.area(faces) > 0.0]
    return shapely.MultiPolygon(list(faces)) if len(faces) else None
