"""Maps derived from other maps or from samples, in the catalogue beside the maps of concentrations."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, update
from sqlalchemy.dialects.postgresql import insert

from app.settings import Settings
from app.work.projection import Projection
from app.work.published import PublishedMap, footprint, known_map
from db.tables import surface
from mapping.grid import Grid, mask_inside
from mapping.plain_raster import Band, PlainRaster


@dataclass(frozen=True, slots=True, eq=False)
class DerivedMap:
    """What a derived map is, before its cells are computed.

    `parameters` (JSON types) hold everything on which the cells depend; `datasets`, `layers` and `samples_sha256` are
    among them, so that the map is hidden with what it was made from. `stem` begins the map's id; `contaminant` is
    None where the map is about several, which `parameters["contaminants"]` then lists.
    """

    quantity: str
    stem: str
    title: str
    contaminant: str | None
    bands: tuple[Band, ...]
    parameters: Mapping[str, Any]
    visibility: str

    def __post_init__(self) -> None:
        missing = {"datasets", "layers", "samples_sha256"} - self.parameters.keys()
        if missing:
            raise ValueError(f"the parameters of a derived map must hold {', '.join(sorted(missing))}")

    @property
    def stored(self) -> dict[str, Any]:
        """The parameters as the catalogue keeps them."""
        told = {"software": f"edaphos {version('edaphos')}", "quantity": self.quantity}
        return {**self.parameters, **told, "bands": [asdict(band) for band in self.bands]}

    @property
    def identity(self) -> str:
        """SHA-256 of all that the map depends on."""
        return hashlib.sha256(json.dumps(self.stored, sort_keys=True).encode()).hexdigest()

    @property
    def id(self) -> str:
        """Of the catalogue: the stem and the first eight digits of the identity."""
        return f"{self.stem}-{self.identity[:8]}"


def known_derived(settings: Settings, connection: Connection, wanted: DerivedMap) -> PublishedMap | None:
    """The map if it was made before, shown to whom its samples are shown now."""
    known = known_map(settings, connection, wanted.id)
    if known is not None:
        again = update(surface).where(surface.c.id == wanted.id, surface.c.visibility != wanted.visibility)
        connection.execute(again.values(visibility=wanted.visibility))
    return known


def publish_derived(
    settings: Settings,
    connection: Connection,
    wanted: DerivedMap,
    raster: PlainRaster,
    projection: Projection,
    report: Mapping[str, Any] | None = None,
) -> PublishedMap:
    """Write the file and its row; ValueError where the raster is not the wanted one.

    `report` (JSON types) is what was found besides the cells; it is kept as `parameters["report"]`.
    """
    if (raster.quantity, raster.bands) != (wanted.quantity, wanted.bands):
        raise ValueError(f"the raster holds {raster.quantity}, wanted is {wanted.quantity}")
    settings.surfaces.mkdir(parents=True, exist_ok=True)
    path = settings.surfaces / f"{wanted.id}.tif"
    raster.write(path)
    told = wanted.stored | ({} if report is None else {"report": dict(report)})
    made = PublishedMap(wanted.id, True, wanted.title, path, told, {}, wanted.identity, settings.home)
    row = _row(wanted, made, raster.grid, projection)
    connection.execute(insert(surface).values(row).on_conflict_do_nothing())
    return made


def cells_over(area: BaseGeometry, resolution: float, projection: Projection) -> tuple[Grid, NDArray[np.bool_]]:
    """The grid over an area, and which of its cells have their centre in it; `ValueError` where none has."""
    if not (np.isfinite(resolution) and resolution > 0):
        raise ValueError(f"the resolution must be a length above zero in metres, got {resolution}")
    grid = Grid.covering(area.bounds, resolution, projection.name)
    inside = mask_inside(grid, area)
    if not inside.any():
        raise ValueError(f"no cell of {resolution:g} m has its centre in the area to be mapped: choose smaller cells")
    return grid, inside


def _row(wanted: DerivedMap, made: PublishedMap, grid: Grid, projection: Projection) -> dict[str, Any]:
    return {
        "id": made.id,
        "contaminant_id": wanted.contaminant,
        "quantity": wanted.quantity,
        "title": made.title,
        "path": str(made.path.relative_to(made.home)),
        "method": str(wanted.parameters.get("method", wanted.quantity)),
        "parameters": made.parameters,
        "scores": {},
        "input_hash": wanted.parameters["samples_sha256"],
        "version": made.version,
        "crs": projection.name,
        "cell_m": grid.cell,
        "visibility": wanted.visibility,
        "geom": f"SRID=4326;{footprint(grid, projection).wkt}",
    }


def derived_from(made: Sequence[PublishedMap]) -> dict[str, Any]:
    """The parameters that a derived map takes over from the maps it is made from."""
    own = [one.parameters for one in made]
    digests = "".join(each["samples_sha256"] for each in own)
    return {
        "surfaces": [one.id for one in made],
        "datasets": sorted({name for each in own for name in each["datasets"]}),
        "layers": sorted({name for each in own for name in each.get("layers", ())}),
        "samples_sha256": own[0]["samples_sha256"] if len(own) == 1 else hashlib.sha256(digests.encode()).hexdigest(),
    }
