"""`map`: a map of a contaminant, published beside the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from app.processes.kinds import Contaminant, Layers, Samples, check_layers, contaminant_of
from app.processes.process import Output, Process
from app.work.drift import drift_terms
from app.work.map_request import MapRequest, method_for
from app.work.maps import make_map
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class MapInputs(Samples):
    """Samples, the size of a cell, and the model: kriging, with layers or contaminants beside it, or of indicators."""

    resolution: Annotated[float, Field(description="Side of a cell in metres.", gt=0, examples=[100.0])]
    drift: Layers = ()
    secondary: Annotated[
        tuple[Contaminant, ...], Field(description="Other contaminants to predict from (cokriging).", max_length=10)
    ] = ()
    limits: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(description="Limits in mg/kg whose probabilities are mapped (indicator kriging).", max_length=10),
    ] = ()
    transform: Annotated[
        Literal["log", "identity", "boxcox", "normal-score", "auto"], Field(description="Scale of the model.")
    ] = "log"
    fitted_by: Annotated[Literal["auto", "wls", "reml"], Field(description="How the covariance is fitted.")] = "auto"
    neighbours: Annotated[int | None, Field(description="Only so many nearest samples.", ge=1, le=1000)] = None


def _run(bench: Bench, inputs: MapInputs) -> Mapping[str, Any]:
    with bench.engine.begin() as connection:
        check_layers(bench, connection, inputs.drift)
        terms = drift_terms(inputs.drift, ())
        others = tuple(contaminant_of(connection, each) for each in inputs.secondary)
        request = MapRequest(
            inputs.selection(bench, connection),
            inputs.resolution,
            method=method_for(terms, others, inputs.limits),
            transform=inputs.transform,
            neighbours=inputs.neighbours,
            drift=terms,
            fitted_by=inputs.fitted_by,
            secondary=others,
            limits=inputs.limits,
        )
        made = make_map(bench.settings, connection, request, bench.progress)
    return {"map": {"id": made.id, "title": made.title, "created": made.created, "scores": dict(made.scores)}}


PROCESS = Process(
    id="map",
    title="Map of a contaminant",
    description="Fits a model to samples, predicts every cell, and publishes the map with its provenance and scores.",
    inputs=MapInputs,
    outputs={"map": Output("The id of the map, its title and its scores")},
    run=_run,
    scope="publish",
    at_once=False,
    keywords=("kriging", "map"),
)
