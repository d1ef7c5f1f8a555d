"""`index-map`: an index of several contaminants together as a map with its uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.processes.indices import IndexInputs, request_of
from app.processes.kinds import check_layers
from app.processes.process import Output, Process
from app.processes.together import Seed
from app.work.index_maps import MOST_REALISATIONS, IndexMapRequest, index_map
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMapInputs(IndexInputs):
    """An index, and the cells of its map."""

    resolution: Annotated[float, Field(description="Side of a cell in metres.", gt=0)]
    within: Annotated[str | None, Field(description="A layer, or one code of it: counties:Limburg.")] = None
    realisations: Annotated[int, Field(description="Joint simulations.", ge=20, le=MOST_REALISATIONS)] = 200
    seed: Seed = 0


def _run(bench: Bench, inputs: IndexMapInputs) -> Mapping[str, Any]:
    with bench.engine.begin() as connection:
        if inputs.within is not None:
            check_layers(bench, connection, [inputs.within.partition(":")[0]])
        request = IndexMapRequest(
            request_of(bench, connection, inputs),
            inputs.resolution,
            within=inputs.within,
            realisations=inputs.realisations,
            seed=inputs.seed,
        )
        made = index_map(bench.settings, connection, request)
    return {"map": {"id": made.id, "title": made.title, "created": made.created, "bands": made.parameters["bands"]}}


PROCESS = Process(
    id="index-map",
    title="Map of a contamination index",
    description=(
        "Median, 5 and 95 % quantile of an index of several contaminants in every cell, and the probability of each of "
        "its classes, from joint simulations that keep how the contaminants vary together."
    ),
    inputs=IndexMapInputs,
    outputs={"map": Output("The map that was published")},
    run=_run,
    scope="publish",
    at_once=False,
    keywords=("index", "map", "simulation"),
)
