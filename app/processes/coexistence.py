"""`coexistence`: where several contaminants exceed their limits together, as a map with areas and intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from app.processes.kinds import check_layers
from app.processes.process import Output, Process
from app.processes.together import Assumptions, Guideline, Limits, Seed, Several, limits_by_id
from app.work.coexistence import MOST_REALISATIONS, CoexistenceRequest, coexistence
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class CoexistenceInputs(Several):
    """Contaminants, their limits, and the cells of the map."""

    resolution: Annotated[float, Field(description="Side of a cell in metres.", gt=0)]
    limits: Limits = field(default_factory=dict)
    guideline: Guideline = None
    assume: Assumptions = ()
    within: Annotated[str | None, Field(description="A layer, or one code of it: counties:Limburg.")] = None
    transform: Annotated[str, Field(description="normal-score, log, boxcox or auto.")] = "normal-score"
    realisations: Annotated[int, Field(description="Joint simulations.", ge=20, le=MOST_REALISATIONS)] = 500
    seed: Seed = 0


def _run(bench: Bench, inputs: CoexistenceInputs) -> Mapping[str, Any]:
    with bench.engine.begin() as connection:
        if inputs.within is not None:
            check_layers(bench, connection, [inputs.within.partition(":")[0]])
        request = CoexistenceRequest(
            selection=inputs.selection(bench),
            contaminants=inputs.names(connection),
            resolution=inputs.resolution,
            limits=limits_by_id(connection, inputs.limits),
            guideline=inputs.guideline,
            assume=inputs.assume,
            within=inputs.within,
            transform=inputs.transform,
            realisations=inputs.realisations,
            seed=inputs.seed,
        )
        found = coexistence(bench.settings, connection, request)
    return {"coexistence": found.to_dict()}


PROCESS = Process(
    id="coexistence",
    title="Contaminants exceeding limits together",
    description=(
        "A map of the probability that at least two, three, … contaminants exceed their limits at the same place, and "
        "the areas with their intervals, from joint simulations that keep how the contaminants vary together."
    ),
    inputs=CoexistenceInputs,
    outputs={"coexistence": Output("The map and the areas in square metres")},
    run=_run,
    scope="publish",
    at_once=False,
    keywords=("coexistence", "joint exceedance", "simulation"),
)
