"""Maps of the probability of exceeding given limits, for which no distribution has to be assumed."""

import numpy as np
from sqlalchemy import Connection

from app.settings import Settings
from app.work.derived import DerivedMap, known_derived, publish_derived
from app.work.map_identity import parameters_of, title_of
from app.work.map_request import MapRequest
from app.work.plan import Plan
from app.work.published import UNIT, PublishedMap
from mapping.indicator import FittedIndicators, IndicatorKriging
from mapping.neighbourhood import Neighbourhood
from mapping.plain_raster import Band, PlainRaster

QUANTITY = "exceedance-probability"


def make_indicator_map(settings: Settings, connection: Connection, request: MapRequest, plan: Plan) -> PublishedMap:
    """Krige the indicators of the limits and publish their probabilities, a band for each limit."""
    near = request.neighbours
    assert not isinstance(near, Neighbourhood)  # noqa: S101 - the request made sure
    fitted = IndicatorKriging(request.limits, neighbours=near).fit(plan.material.samples)
    told = {name: value for name, value in parameters_of(request, plan).items() if name != "transform"}
    wanted = DerivedMap(
        quantity=QUANTITY,
        stem=f"{request.selection.contaminant}-above",
        title=title_of(connection, request, plan),
        contaminant=request.selection.contaminant,
        bands=tuple(_band(limit) for limit in request.limits),
        parameters={**told, "model": fitted.parameters()},
        visibility=plan.visibility,
    )
    known = known_derived(settings, connection, wanted)
    return known or publish_derived(
        settings, connection, wanted, _raster(fitted, plan, wanted), plan.material.projection
    )


def _band(limit: float) -> Band:
    slug = f"{limit:g}".replace(".", "-").replace("+", "")
    return Band(f"above-{slug}", "1", f"probability of more than {limit:g} {UNIT}")


def _raster(fitted: FittedIndicators, plan: Plan, wanted: DerivedMap) -> PlainRaster:
    cells = plan.grid.centres()[plan.inside.ravel()]
    values = fitted.exceedance(cells).T.astype(np.float32)
    return PlainRaster.of_cells(plan.grid, wanted.quantity, wanted.bands, plan.inside, values, wanted.stored)
