"""Where several contaminants exceed their limits together: a map of probabilities, areas with intervals, scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from app.limits import Limit, LimitError
from app.settings import Settings
from app.work.areas import MapArea, area_of
from app.work.derived import DerivedMap, cells_over, known_derived, publish_derived
from app.work.published import PublishedMap
from app.work.together import (
    Together,
    area_visibility,
    gather_several,
    limits_of,
    samples_digest,
    told_populations,
    told_selection,
)
from db.selection import Selection
from mapping.coexistence import MOST_TOGETHER, JointExceedance, cross_validated, joint_exceedance
from mapping.cosimulation import Cosimulation, FittedCosimulation
from mapping.plain_raster import Band, PlainRaster
from mapping.scale import as_scale

QUANTITY = "joint-exceedance"
LEVEL = 0.90
MOST_REALISATIONS = 5_000
DEFINITION = (
    "Probability that the next measurements at a place exceed several limits together, from joint conditional "
    "simulations that keep the correlation between the contaminants (linear model of coregionalisation, independent "
    "factors); point support. It is no product of the single probabilities."
)


@dataclass(frozen=True, slots=True)
class CoexistenceRequest:
    """Which contaminants to look at together, in cells of `resolution` metres, against which limits (mg/kg).

    A contaminant without a number in `limits` takes that of the `guideline`, with what is to `assume` about the soil.
    """

    selection: Selection
    contaminants: tuple[str, ...]
    resolution: float
    limits: tuple[tuple[str, float], ...] = ()
    guideline: str | None = None
    assume: tuple[str, ...] = ()
    area: Path | None = None
    within: str | None = None
    transform: str = "normal-score"
    realisations: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= len(self.contaminants) <= MOST_TOGETHER:
            raise ValueError(f"two to {MOST_TOGETHER} contaminants can coexist, got {len(self.contaminants)}")
        if not 20 <= self.realisations <= MOST_REALISATIONS:
            raise ValueError(f"realisations must be from 20 to {MOST_REALISATIONS}, got {self.realisations}")
        as_scale(self.transform)


@dataclass(frozen=True, slots=True)
class Coexistence:
    """The published map of joint exceedance, and what was found."""

    made: PublishedMap
    report: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`, HTTP and the process."""
        return {"surface": self.made.id, "created": self.made.created, "title": self.made.title, **self.report}


def parse_limits(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """`zinc=500` texts as pairs; `LimitError` for anything else."""
    return tuple(_pair(text) for text in texts)


def _pair(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = np.nan
    if not equals or not np.isfinite(value):
        raise LimitError(f"limit: a contaminant and a number of mg/kg are needed, such as zinc=500, got {text!r}")
    return name.strip(), value


def coexistence(settings: Settings, connection: Connection, request: CoexistenceRequest) -> Coexistence:
    """Simulate and publish; where the same was asked before, what is known."""
    together = gather_several(connection, request.selection, request.contaminants)
    limits = limits_of(connection, together.rows, dict(request.limits), request.guideline, request.assume)
    area = area_of(connection, request.area, request.within, together.xy, together.projection.crs)
    wanted = _wanted(request, together, limits, area)
    known = known_derived(settings, connection, wanted)
    if known is not None:
        return Coexistence(known, known.parameters["report"])
    grid, inside = cells_over(area.polygon, request.resolution, together.projection)
    fitted = _fitted(request, together)
    numbers = [limit.mg_per_kg for limit in limits]
    cells = grid.centres()[inside.ravel()]
    found = joint_exceedance(fitted, cells, numbers, grid.cell_area, request.realisations, request.seed, LEVEL)
    report = _report(request, together, fitted, found, limits) | {"mapped_m2": len(cells) * grid.cell_area}
    together_first = np.vstack([found.at_least[1:], found.at_least[:1]])
    values = np.vstack([together_first, found.expected_number[None], found.single])
    raster = PlainRaster.of_cells(grid, QUANTITY, wanted.bands, inside, values, wanted.stored | {"report": report})
    return Coexistence(publish_derived(settings, connection, wanted, raster, together.projection, report), report)


def _fitted(request: CoexistenceRequest, together: Together) -> FittedCosimulation:
    rows = together.rows
    recipe = Cosimulation(scale=request.transform, seed=request.seed)
    return recipe.fit(together.xy, rows.lower, rows.upper, rows.contaminants)


def _bands(contaminants: Sequence[str]) -> tuple[Band, ...]:
    """At least two together come first, being what is shown where nothing else is asked for."""
    count = range(1, len(contaminants) + 1)
    together = [
        Band(f"at-least-{k}", "1", f"Probability that at least {k} of {len(contaminants)} exceed") for k in count
    ]
    single = [Band(f"exceeds-{name}", "1", f"Probability that {name} exceeds") for name in contaminants]
    return (*together[1:], together[0], Band("expected-number", "1", "Expected number that exceed"), *single)


def _wanted(request: CoexistenceRequest, together: Together, limits: Sequence[Limit], area: MapArea) -> DerivedMap:
    rows = together.rows
    names = ", ".join(request.contaminants)
    against = request.guideline or ", ".join(f"{limit.mg_per_kg:g}" for limit in limits) + " mg/kg"
    return DerivedMap(
        quantity=QUANTITY,
        stem="coexistence",
        title=f"{names} exceeding together ({against}), {' + '.join(rows.datasets)}, {request.resolution:g} m",
        contaminant=None,
        bands=_bands(request.contaminants),
        parameters={
            "method": "cosimulation",
            "contaminants": list(request.contaminants),
            "selection": told_selection(request.selection),
            "population": told_populations(rows)[request.contaminants[0]],
            "populations": told_populations(rows),
            "limits": [asdict(limit) for limit in limits],
            "resolution": request.resolution,
            "area": shapely.to_wkb(shapely.normalize(area.polygon)).hex(),
            "area_is": area.meaning,
            "scale": request.transform,
            "realisations": request.realisations,
            "seed": request.seed,
            "projection": together.projection.name,
            "datasets": list(rows.datasets),
            "layers": [] if area.layer is None else [area.layer.name],
            "samples_sha256": samples_digest(together),
        },
        visibility=area_visibility(together, area),
    )


def _report(
    request: CoexistenceRequest,
    together: Together,
    fitted: FittedCosimulation,
    found: JointExceedance,
    limits: Sequence[Limit],
) -> dict[str, Any]:
    rows, numbers = together.rows, [limit.mg_per_kg for limit in limits]
    return {
        "definition": DEFINITION,
        "contaminants": list(request.contaminants),
        "limits": {name: asdict(limit) for name, limit in zip(rows.contaminants, limits, strict=True)},
        "populations": told_populations(rows),
        "samples": len(rows),
        "places": len(fitted.sets),
        "complete_samples": int(rows.complete.sum()),
        "below_detection": {
            name: int((rows.lower[:, k] < rows.upper[:, k]).sum()) for k, name in enumerate(rows.contaminants)
        },
        **found.to_dict(),
        "correlation_of_data": np.corrcoef(fitted.sets[:, :, 0].T).tolist(),
        "model": fitted.model.why,
        "cross_validation": cross_validated(fitted, numbers, request.seed),
        "realisations": request.realisations,
        "seed": request.seed,
    }
