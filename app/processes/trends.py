"""`trends`: whether soil gets better or worse where it was sampled again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection

from app.processes.kinds import Contaminant, contaminant_of
from app.processes.process import Output, Process
from app.processes.together import Seed
from app.work.orders import Bench
from app.work.trends import NEAR, TrendRequest, trend_table
from db.selection import Selection

Share = Annotated[float, Field(description="A relative standard deviation such as 0.1.", ge=0, lt=5)]
Years = Annotated[Mapping[str, float], Field(description="Years of undated data sets by their name.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendInputs:
    """A contaminant, the data sets of its campaigns, and the errors to allow for."""

    contaminant: Contaminant
    datasets: Annotated[tuple[str, ...], Field(description="Data sets of campaigns.", min_length=1, max_length=20)]
    dates: Years = field(default_factory=dict)
    within: Annotated[float, Field(description="Metres within which sites of two data sets are the same.", ge=0)] = NEAR
    measurement_error: Annotated[float | None, Field(description="Of an analysis that states none.", gt=0, lt=5)] = None
    relocation_error: Share = 0.0
    campaign_error: Share = 0.0
    false_discovery_rate: Annotated[float, Field(description="Share of false trends.", gt=0, lt=1)] = 0.05
    medium: Annotated[str | None, Field(description="Only this medium.")] = None
    digestion: Annotated[str | None, Field(description="Only this digestion.")] = None
    basis: Annotated[Literal["dry", "wet", "unknown"] | None, Field(description="Mass that results are per.")] = None
    depth_cm: Annotated[tuple[float, float] | None, Field(description="Only this depth class, such as [0, 20].")] = None
    seed: Seed = 0

    def selection(self, bench: Bench, connection: Connection) -> Selection:
        """What is selected of what the asker may see."""
        return Selection(
            contaminant=contaminant_of(connection, self.contaminant),
            medium=self.medium,
            digestion=self.digestion,
            basis=self.basis,
            depth=self.depth_cm,
            visibilities=bench.visible,
        )


def _run(bench: Bench, inputs: TrendInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        request = TrendRequest(
            selection=inputs.selection(bench, connection),
            datasets=inputs.datasets,
            dates=tuple(inputs.dates.items()),
            within=inputs.within,
            measurement_error=inputs.measurement_error,
            relocation_error=inputs.relocation_error,
            campaign_error=inputs.campaign_error,
            false_discovery_rate=inputs.false_discovery_rate,
            seed=inputs.seed,
        )
        return {"trends": trend_table(connection, request).to_dict()}


PROCESS = Process(
    id="trends",
    title="Trends over campaigns",
    description=(
        "Improving, worsening, unclear or not testable, over all sites and at each, with the change per year and its "
        "interval. A change of laboratory or procedure is a break, on whose two sides nothing is compared."
    ),
    inputs=TrendInputs,
    outputs={"trends": Output("The trend over all sites, and at each")},
    run=_run,
    keywords=("trend", "monitoring"),
)
