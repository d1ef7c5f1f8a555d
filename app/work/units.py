"""The units that a report has a row for: municipalities or soil districts, of a file or of a registered layer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod
from sqlalchemy import Connection

from app.work.areas import moved
from db.layers import layer_named, read_areas
from ingest.errors import IngestError
from ingest.geofile import address_of, complaint_of
from ingest.guards import admit

LAYER = "layer:"
MOST_UNITS = 20_000
DEGREES = CRS.from_epsg(4326)
_NAMES = ("name", "naam", "nom", "nombre", "nome", "namn", "bezeichnung", "gen", "label", "title")
_CODES = ("code", "id", "key", "schluessel", "ags", "gml_id", "nuts_id", "lau_id", "statcode", "insee")


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Polygons (n,) in degrees with their codes and names; `private` where only some may see them."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    meaning: str
    private: bool = False

    def __post_init__(self) -> None:
        if not self.codes:
            raise ValueError(f"{self.meaning} holds no polygon")
        if len(self.codes) > MOST_UNITS:
            raise ValueError(f"{self.meaning} holds {len(self.codes):,} units, more than {MOST_UNITS:,}")

    def __len__(self) -> int:
        return len(self.codes)

    def areas(self) -> NDArray[np.float64]:
        """Square metres (n,) on the ellipsoid."""
        geod = Geod(ellps="WGS84")
        return np.array([abs(geod.geometry_area_perimeter(shape)[0]) for shape in self.shapes])


def units_of(connection: Connection, where: str, visible: tuple[str, ...], *, code: str | None = None) -> Units:
    """The units of `layer:NAME` or of a file; `code` is the column that tells them apart. Raises `ValueError`."""
    if where.startswith(LAYER):
        return _of_layer(connection, where.removeprefix(LAYER), visible)
    return _of_file(Path(where), code)


def _of_layer(connection: Connection, name: str, visible: tuple[str, ...]) -> Units:
    layer = layer_named(connection, name)
    if layer.visibility not in visible:
        raise ValueError(f"there is no layer {name!r}")
    codes, shapes = read_areas(connection, layer)
    distinct = list(dict.fromkeys(codes.tolist()))
    united = [shapely.union_all(shapely.make_valid(shapes[codes == each])) for each in distinct]
    meaning = f"the layer {name}, version {layer.version}"
    whole = np.array(united, dtype=object)
    return Units(tuple(distinct), tuple(distinct), whole, meaning, layer.visibility != "public")


def _of_file(file: Path, code: str | None) -> Units:
    import pyogrio  # noqa: PLC0415  it brings pandas along, which layers do without

    if not file.is_file():
        raise ValueError(f"{file}: no such file")
    try:
        admit(file)
        meta, _, geometries, columns = pyogrio.raw.read(address_of(file))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IngestError) as error:
        raise ValueError(f"{file}: not a file of polygons that can be read: {complaint_of(file, error)}") from None
    if meta["crs"] is None:
        raise ValueError(f"{file}: the file does not say its coordinate reference system")
    shapes = shapely.make_valid(shapely.force_2d(shapely.from_wkb(geometries)))
    chosen = np.array([shape is not None and shape.geom_type in ("Polygon", "MultiPolygon") for shape in shapes])
    fields = {str(name): values for name, values in zip(meta["fields"], columns, strict=True)}
    codes, names = _labels(file, fields, code, len(shapes))
    there = moved(shapes[chosen], CRS.from_user_input(meta["crs"]), DEGREES)
    return Units(tuple(codes[chosen].tolist()), tuple(names[chosen].tolist()), there, file.name)


def _labels(
    file: Path, fields: dict[str, NDArray[np.object_]], code: str | None, count: int
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Codes and names: by the column that was named, or by what such columns are called; else the number of the row."""
    if code is not None and code not in fields:
        raise ValueError(f"{file}: there is no column {code!r}; there are {', '.join(fields) or 'none'}")
    by_code = code or _called(fields, _CODES)
    by_name = _called(fields, _NAMES)
    numbers = np.array([str(number) for number in range(1, count + 1)])
    codes = numbers if by_code is None else _texts(fields[by_code])
    if len(set(codes.tolist())) < count:
        if code is not None:
            raise ValueError(f"{file}: the column {code!r} does not tell the units apart")
        codes = numbers
    return codes, codes if by_name is None else _texts(fields[by_name])


def _called(fields: dict[str, NDArray[np.object_]], words: tuple[str, ...]) -> str | None:
    lower = {name.lower(): name for name in reversed(fields)}
    return next((lower[word] for word in words if word in lower), None)


def _texts(values: NDArray[np.object_]) -> NDArray[np.str_]:
    return np.array(["" if value is None else str(value) for value in values], dtype=np.str_)
