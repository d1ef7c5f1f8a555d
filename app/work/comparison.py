"""Which method predicts the samples of a contaminant best, each fitted anew to what is left."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.work.areas import area_of
from app.work.designs import design_of
from app.work.drift import DriftTerm
from app.work.map_request import COKRIGING, WITH_DRIFT
from app.work.material import Material, gather, gather_beside, samples_of
from app.work.plan import drift_over, drifting
from db.selection import Selection
from mapping.arrays import Points
from mapping.cokriged import CokrigingOf
from mapping.cokriging import Cokriging
from mapping.comparison import Comparison, Recipe, compare
from mapping.forest import Forest
from mapping.grid import Grid, mask_inside, sample_spacing
from mapping.methods import METHODS
from mapping.samples import Samples
from mapping.transform import Identity, Log, Transform

TARGETS_TO_A_SPACING = 2.0
MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """Methods for the samples of a selection: all that need nothing else, those with a drift in the layers and those
    with the other contaminants that are named. ValueError where a contaminant is named twice.
    """

    selection: Selection
    drift: tuple[DriftTerm, ...] = ()
    secondary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({self.selection.contaminant, *self.secondary}) <= len(self.secondary):
            raise ValueError("each contaminant is named once, the one to be compared for not among the others")


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The scores on a scale, the samples they are of, and what was noted."""

    contaminant: str
    population: str
    samples: Samples
    scale: str
    comparison: Comparison
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON would hold it; what is not a number is None."""
        found = self.comparison
        return {
            "contaminant": self.contaminant,
            "population": self.population,
            "samples": self.samples.n,
            "censored": int(self.samples.censored.sum()),
            "scale": self.scale,
            "best": found.best,
            "scores": [_plain(asdict(score)) for score in found.scores],
            "folds": {"scheme": found.folds.name, "count": found.folds.count, "why": found.folds.why},
            "refused": dict(found.refused),
            "notes": list(self.notes),
        }


def compare_methods(home: Path, connection: Connection, request: ComparisonRequest) -> Compared:
    """Score every method that can be asked for; ValueError for samples that none can be fitted to."""
    material = gather(connection, request.selection)
    if material.samples.n > MOST_SAMPLES:
        raise ValueError(f"{material.samples.n} samples are too many to fit every method ten times: select fewer")
    secondary = gather_beside(connection, material, request.selection, request.secondary)
    area = area_of(connection, None, None, material.samples.xy, material.projection.crs).polygon
    drift = drift_over(connection, home, request.drift, material, area)
    material = drifting(material, drift)
    scale: Transform = Log() if (material.samples.upper > 0.0).all() else Identity()
    recipes = _recipes(request, material, samples_of(secondary), scale.name)
    found = compare(material.samples, recipes, _targets(area, material), design_of(connection, material), scale)
    notes = drift.notes if drift else ()
    return Compared(
        str(request.selection.contaminant), str(material.population), material.samples, scale.name, found, notes
    )


def _recipes(
    request: ComparisonRequest, material: Material, secondary: Mapping[str, Samples], scale: str
) -> dict[str, Recipe]:
    """Every method by the words with which it is asked for."""
    plain = [name for name in METHODS if name != WITH_DRIFT]
    recipes: dict[str, Recipe] = {name: METHODS[name](scale) for name in plain}
    recipes[f"{plain[0]} by reml"] = METHODS[plain[0]](scale, fitted_by="reml", anisotropy=True)
    if scale == Log.name:
        recipes[f"{plain[0]}, auto scale"] = METHODS[plain[0]]("auto")
    recipes[f"{WITH_DRIFT} on the coordinates"] = METHODS[WITH_DRIFT](scale, degree=1, anisotropy=True)
    if request.drift:
        named = " + ".join(map(str, request.drift))
        recipes[f"{WITH_DRIFT} on {named}"] = METHODS[WITH_DRIFT](scale, anisotropy=True)
        if find_spec("sklearn"):
            recipes[f"forest on {named}"] = Forest()
    if secondary:
        own = str(request.selection.contaminant)
        together = Cokriging(Log() if scale == Log.name else Identity())
        recipes[f"{COKRIGING} with {' + '.join(secondary)}"] = CokrigingOf(
            together, {own: material.samples, **secondary}, own
        )
    return recipes


def _targets(area: Any, material: Material) -> Points:
    """Places all over the area, about four to a sample."""
    cell = sample_spacing(material.samples.xy) / TARGETS_TO_A_SPACING
    grid = Grid.covering(area.bounds, cell, material.projection.name)
    return grid.centres()[mask_inside(grid, area).ravel()]


def _plain(score: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in score.items()}
