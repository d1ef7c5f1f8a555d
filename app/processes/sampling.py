"""`plan-samples`: where to sample next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import shapely
from pydantic import Field

from app.limits import resolve_limit
from app.processes.kinds import Contaminant, Geometry, MapId, Place, contaminant_of, map_of
from app.processes.process import Output, Process
from app.work.exceedance import guideline_rows
from app.work.orders import Bench
from app.work.sampling_plan import PlanRequest, choose


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """A map, how many sites, and the limit whose classification counts; without one, the kriging variance does."""

    contaminant: Contaminant
    map: MapId = None
    sites: Annotated[int, Field(description="How many.", ge=1, le=100)] = 10
    limit: Annotated[float | None, Field(description="A limit of your own, in mg/kg.", gt=0)] = None
    guideline: Annotated[str | None, Field(description="jurisdiction:act:land-use:kind", max_length=200)] = None
    assume: Annotated[tuple[str, ...], Field(description="What the data do not say.", max_length=20)] = ()
    spacing_m: Annotated[float, Field(description="Metres between sites, and to samples, at least.", ge=0)] = 0.0
    avoid: Annotated[Geometry | None, Field(description="Polygons in degrees in which not to sample.")] = None
    candidates: Annotated[tuple[Place, ...], Field(description="Places to choose from.", max_length=10_000)] = ()


def _run(bench: Bench, inputs: PlanInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        contaminant = contaminant_of(connection, inputs.contaminant)
        made = map_of(bench.settings, connection, bench.visible, contaminant, inputs.map)
        limit = None
        if inputs.limit is not None or inputs.guideline is not None:
            rows, context = guideline_rows(connection, contaminant), made.parameters["context"]
            limit = resolve_limit(
                rows, context, limit=inputs.limit, guideline=inputs.guideline, assume=list(inputs.assume)
            )
        request = PlanRequest(inputs.sites, limit, inputs.spacing_m, _avoided(inputs.avoid), inputs.candidates)
        plan, definition, report, sites = choose(connection, made, request)
    features = [_feature(asdict(site)) for site in sites]
    told = {"map": made.id, "goal": plan.goal, "definition": definition, **report}
    return {"plan": told, "sites": {"type": "FeatureCollection", "features": features}}


def _avoided(given: Mapping[str, Any] | None) -> shapely.Geometry | None:
    if given is None:
        return None
    try:
        found = shapely.geometry.shape(given)
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        raise ValueError("avoid: not a GeoJSON geometry") from None
    if found.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"avoid: polygons are needed, got a {found.geom_type}")
    return shapely.make_valid(found)


def _feature(site: dict[str, Any]) -> dict[str, Any]:
    place = [site.pop("longitude"), site.pop("latitude")]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": site}


PROCESS = Process(
    id="plan-samples",
    title="Next samples",
    description=(
        "Sites that lower the mean kriging variance of a map most or, with a limit, the area expected to be on its "
        "wrong side; chosen one after the other, with the expected gain of each."
    ),
    inputs=PlanInputs,
    outputs={
        "plan": Output("What is gained, in which unit, before and after"),
        "sites": Output("The sites as GeoJSON, in the order of their choice"),
    },
    run=_run,
    at_once=False,
    keywords=("sampling design", "data gaps"),
)
