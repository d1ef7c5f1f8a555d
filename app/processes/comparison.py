"""`compare-methods`: which method predicts the samples of a contaminant best."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.processes.kinds import Contaminant, Layers, Samples, check_layers, contaminant_of
from app.processes.process import Output, Process
from app.work.comparison import ComparisonRequest, compare_methods
from app.work.drift import drift_terms
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonInputs(Samples):
    """Samples, and what besides them may help to predict."""

    drift: Layers = ()
    secondary: Annotated[
        tuple[Contaminant, ...], Field(description="Other contaminants that may help to predict.", max_length=10)
    ] = ()


def _run(bench: Bench, inputs: ComparisonInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        check_layers(bench, connection, inputs.drift)
        others = tuple(contaminant_of(connection, each) for each in inputs.secondary)
        request = ComparisonRequest(inputs.selection(bench, connection), drift_terms(inputs.drift, ()), others)
        return {"comparison": compare_methods(bench.settings.home, connection, request).to_dict()}


PROCESS = Process(
    id="compare-methods",
    title="Comparison of methods",
    description=(
        "Kriging of several kinds, with layers a trend and a forest, with other contaminants cokriging, and two "
        "baselines: each is fitted anew to folds of the samples and scored on those left out."
    ),
    inputs=ComparisonInputs,
    outputs={"comparison": Output("Scores by method, the best first, and the folds they come from")},
    run=_run,
    at_once=False,
    keywords=("kriging", "cross-validation"),
)
