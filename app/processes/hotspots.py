"""`hotspots`: clusters of high samples, areas above a limit, samples that stand out from their background."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from app.processes.kinds import Contaminant, MapId, contaminant_of, map_of, samples_under
from app.processes.process import Output, Process
from app.work.hotspot_search import HotspotRequest, find_hotspots
from app.work.neighbourhoods import Neighbourhood
from app.work.orders import Bench
from app.work.supports import Support

Kind = Literal["statistical", "regulatory", "anomalous", "simulated"]
Statistic = Literal["gi-star", "gi", "local-moran", "scan", "dbscan", "hdbscan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotInputs:
    """A map, whose samples are searched too, and what to look for."""

    contaminant: Contaminant
    map: MapId = None
    kinds: Annotated[tuple[Kind, ...], Field(description="Default statistical, with a limit regulatory too.")] = ()
    statistic: Annotated[Statistic, Field(description="Of statistical hot spots.")] = "gi-star"
    scale: Annotated[Literal["normal-scores", "contents"], Field(description="What is tested.")] = "normal-scores"
    neighbours: Annotated[
        str, Field(description="band, nearest:8, inverse, bisquare or exponential.", max_length=20)
    ] = "band"
    band: Annotated[str | None, Field(description="Metres, or profile (exploratory).", max_length=20)] = None
    limit: Annotated[float | None, Field(description="A limit of your own, in mg/kg.", gt=0)] = None
    guideline: Annotated[str | None, Field(description="jurisdiction:act:land-use:kind", max_length=200)] = None
    assume: Annotated[tuple[str, ...], Field(description="Such as clay:10.", max_length=20)] = ()
    support: Annotated[
        str, Field(description="Of regulatory hot spots: point, or block:<metres> for means.", max_length=50)
    ] = "point"
    smallest_area_m2: Annotated[float, Field(description="Of a simulated hot spot.", ge=0)] = 0.0
    false_discovery_rate: Annotated[float, Field(description="Share of false hot spots to accept.", gt=0, lt=1)] = 0.05
    seed: Annotated[int, Field(description="Of permutations and simulations.", ge=0)] = 0


def _run(bench: Bench, inputs: HotspotInputs) -> Mapping[str, Any]:
    with bench.engine.begin() as connection:
        contaminant = contaminant_of(connection, inputs.contaminant)
        made = map_of(bench.settings, connection, bench.visible, contaminant, inputs.map)
        request = HotspotRequest(
            samples_under(bench, made),
            kinds=inputs.kinds,
            statistic=inputs.statistic,
            scale=inputs.scale,
            neighbourhood=Neighbourhood.parse(inputs.neighbours, inputs.band),
            limit=inputs.limit,
            guideline=inputs.guideline,
            assume=inputs.assume,
            smallest_m2=inputs.smallest_area_m2,
            support=Support.parse(inputs.support),
            false_discovery_rate=inputs.false_discovery_rate,
            seed=inputs.seed,
        )
        return {"hotspots": find_hotspots(bench.settings, connection, request, made).to_dict()}


PROCESS = Process(
    id="hotspots",
    title="Hot spots",
    description=(
        "Clusters of high and low samples with a controlled share of false ones, clusters of exceeding samples, areas "
        "of the map above a limit as a decision rule or from joint simulations, and neighbourhoods that stand out from "
        "their local background. Each answer states its definition, null hypothesis, seed and correction; what is "
        "found is published in the collection hotspots."
    ),
    inputs=HotspotInputs,
    outputs={"hotspots": Output("What was found, by kind", {"type": "object"})},
    run=_run,
    scope="publish",
    keywords=("hot spots", "clusters", "Getis-Ord", "Moran", "scan statistic"),
)
