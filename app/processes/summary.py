"""`summary`: means and percentiles of contaminants that treat detection limits as what they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from app.processes.kinds import contaminant_of
from app.processes.process import Output, Process
from app.processes.together import Seed
from app.work.orders import Bench
from app.work.summary import SummaryRequest, summaries
from db.selection import Selection
from mapping.estimators import ESTIMATORS

Levels = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(description="Levels in mg/kg.", max_length=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryInputs:
    """What to summarise, and how where it is not to be chosen."""

    dataset: Annotated[str, Field(description="Name of the data set.", max_length=200)]
    contaminant: Annotated[str | None, Field(description="One contaminant; else all.")] = None
    medium: Annotated[str | None, Field(description="Only this medium.")] = None
    digestion: Annotated[str | None, Field(description="Only this digestion.")] = None
    basis: Annotated[Literal["dry", "wet", "unknown"] | None, Field(description="Mass that results are per.")] = None
    depth_cm: Annotated[tuple[float, float] | None, Field(description="Only this depth class, such as [0, 20].")] = None
    levels: Levels = ()
    method: Annotated[
        str | None, Field(description="Else by Helsel's rule.", json_schema_extra={"enum": [*ESTIMATORS, None]})
    ] = None
    seed: Seed = 0


def _run(bench: Bench, inputs: SummaryInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        contaminant = None if inputs.contaminant is None else contaminant_of(connection, inputs.contaminant)
        selection = Selection(
            contaminant=contaminant,
            dataset=inputs.dataset,
            medium=inputs.medium,
            digestion=inputs.digestion,
            basis=inputs.basis,
            depth=inputs.depth_cm,
            visibilities=bench.visible,
        )
        found = summaries(connection, SummaryRequest(selection, inputs.levels, inputs.method, seed=inputs.seed))
    return {"summaries": [each.to_dict() for each in found]}


PROCESS = Process(
    id="summary",
    title="Summaries of contaminants",
    description=(
        "Mean and percentiles in mg/kg of each contaminant in each population of a data set, with 95 % intervals: by "
        "Kaplan-Meier, regression on order statistics or maximum likelihood, as many values as are below limits."
    ),
    inputs=SummaryInputs,
    outputs={"summaries": Output("One for each population", {"type": "array", "items": {"type": "object"}})},
    run=_run,
    keywords=("summary", "detection limit"),
)
