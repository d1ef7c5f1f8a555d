"""`zonal`: the mean over a polygon and the area above limits in it, from joint simulation of a map."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import shapely
from pydantic import Field

from app.limits import Limit, resolve_limit
from app.processes.kinds import Contaminant, Geometry, MapId, contaminant_of, map_of
from app.processes.process import Output, Process
from app.work.assumed import for_all_places
from app.work.exceedance import guideline_rows
from app.work.orders import Bench
from app.work.zonal import ZonalRequest, zonal


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonalInputs:
    """A map, a polygon, and what to hold against it."""

    contaminant: Contaminant
    polygon: Annotated[Geometry, Field(description="A Polygon or MultiPolygon of GeoJSON, in degrees.")]
    map: MapId = None
    limit: Annotated[float | None, Field(description="A limit of your own, in mg/kg.", gt=0)] = None
    guideline: Annotated[str | None, Field(description="jurisdiction:act:land-use:kind", max_length=200)] = None
    assume: Annotated[
        tuple[str, ...], Field(description="What the data do not say, such as clay:10.", max_length=20)
    ] = ()
    seed: Annotated[int, Field(description="Of the simulation.", ge=0, le=2**31)] = 0


def _run(bench: Bench, inputs: ZonalInputs) -> Mapping[str, Any]:
    polygon = _polygon(inputs.polygon)
    with bench.engine.connect() as connection:
        contaminant = contaminant_of(connection, inputs.contaminant)
        made = map_of(bench.settings, connection, bench.visible, contaminant, inputs.map)
        limits: tuple[Limit, ...] = ()
        if inputs.limit is not None or inputs.guideline is not None:
            rows = guideline_rows(connection, contaminant)
            given = {"limit": inputs.limit, "guideline": inputs.guideline, "assume": for_all_places(inputs.assume)}
            limits = (resolve_limit(rows, made.parameters["context"], **given),)  # type: ignore[arg-type]
        found = zonal(connection, made, ZonalRequest(polygon, limits, inputs.seed))
    return {"map": {"id": made.id, "title": made.title}, "zone": found.to_dict()}


def _polygon(geometry: Mapping[str, Any]) -> shapely.Geometry:
    try:
        return shapely.force_2d(shapely.geometry.shape(geometry))
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise ValueError("polygon must be a GeoJSON geometry of the type Polygon or MultiPolygon") from None


PROCESS = Process(
    id="zonal",
    title="Zonal statistics",
    description=(
        "The mean over a polygon and the area above a limit in it, each with a 90 % interval from joint simulation of "
        "the cells of a map, which the mean of the cells' own intervals is not."
    ),
    inputs=ZonalInputs,
    outputs={
        "map": Output("The map that was asked"),
        "zone": Output("Mean, interval and areas above the limit", {"type": "object"}),
    },
    run=_run,
    keywords=("zonal statistics", "simulation"),
)
