"""The model of a map: fitted as a request says, or rebuilt as its provenance says."""

from collections.abc import Mapping
from typing import Any

from app.work.map_request import COKRIGING, MapRequest
from mapping.cokriged import KIND, CokrigedVariable
from mapping.cokriging import Cokriging
from mapping.kriging import FittedKriging
from mapping.methods import method_named
from mapping.neighbourhood import Neighbourhood
from mapping.samples import Samples
from mapping.transform import transform_named

MapModel = FittedKriging | CokrigedVariable


def fit_model(request: MapRequest, samples: Samples, secondary: Mapping[str, Samples]) -> MapModel:
    """Fit what a request asks for to the samples of its contaminant and of the others; ValueError if it cannot be."""
    if request.method == COKRIGING:
        near, primary = request.neighbours, str(request.selection.contaminant)
        assert not isinstance(near, Neighbourhood)  # noqa: S101 - the request made sure
        recipe = Cokriging(transform_named(request.transform), neighbours=near)
        return CokrigedVariable.fit(recipe, {primary: samples, **secondary}, primary)
    kriging = method_named(request.method)
    return kriging(
        transform=request.transform,
        neighbours=request.neighbours,
        seed=request.seed,
        fitted_by=request.fitted_by,
        anisotropy=True,
    ).fit(samples)


def rebuild_model(parameters: Mapping[str, Any], samples: Samples, secondary: Mapping[str, Samples]) -> MapModel:
    """The model that wrote `parameters`, from the same samples; ValueError for others."""
    if parameters["kind"] == KIND:
        return CokrigedVariable.rebuild({parameters["variable"]: samples, **secondary}, parameters)
    return FittedKriging.rebuild(samples, parameters)
