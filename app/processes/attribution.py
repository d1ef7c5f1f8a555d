"""`sources`: which sources of the inventory the values of samples decay from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.processes.kinds import Samples
from app.processes.process import Output, Process
from app.work.attribution import AttributionRequest, attribute
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInputs(Samples):
    """Which samples, and the simulated fields that they are held against."""

    fields: Annotated[int, Field(description="Simulated fields without sources.", ge=99, le=9_999)] = 999
    seed: Annotated[int, Field(description="Seed of the simulated fields.", ge=0)] = 0


def _run(bench: Bench, inputs: SourceInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        request = AttributionRequest(inputs.selection(bench, connection), inputs.seed, inputs.fields)
        return {"sources": attribute(connection, request).to_dict()}


PROCESS = Process(
    id="sources",
    title="Likely sources",
    description=(
        "Tests every source of the inventories around the samples for values that decay with distance from it, against "
        "fields of the fitted covariance that know nothing of the sources; ranks them, with curves by sector."
    ),
    inputs=SourceInputs,
    outputs={"sources": Output("The tests, the ranked sources and the decay from each sector")},
    run=_run,
    at_once=False,
    keywords=("pollution sources", "attribution"),
)
