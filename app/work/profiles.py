"""Soil profiles, sampled in layers of any depth, brought to one depth: only when asked for, and labelled as such."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.samples import Floats, LayerRows, Population, SampleRows, read_layers
from db.selection import Selection
from mapping.depth import Profile, means_at_depths

SOIL = ("clay", "organic_matter", "toc", "ph")


@dataclass(frozen=True, slots=True)
class Splined:
    """What was done: to which depth in centimetres, in how many profiles, and how many could not be brought there."""

    upper: float
    lower: float
    profiles: int
    whole: int
    too_short: int
    overlapping: int

    def __str__(self) -> str:
        said = (
            f"{self.profiles} profiles were brought to {self.upper:g}-{self.lower:g} cm by mass-preserving splines, "
            f"{self.whole} of them sampled in just that layer"
        )
        short = f"; {self.too_short} do not reach from {self.upper:g} to {self.lower:g} cm" if self.too_short else ""
        over = f"; {self.overlapping} have layers that overlap" if self.overlapping else ""
        return f"{said}{short}{over}" + (": left out" if short or over else "")

    def to_dict(self) -> dict[str, Any]:
        """As the provenance of a map holds it."""
        return asdict(self) | {"says": str(self)}


def read_splined(connection: Connection, selection: Selection) -> tuple[SampleRows, Splined]:
    """One row for each profile, its means over the depth of the selection.

    Raises `ValueError` without a depth, for media, digestions or bases that must not be pooled, where results of
    another digestion are to be carried over too, and where no profile reaches the depth.
    """
    if selection.depth is None or selection.transfer_from is not None:
        raise ValueError("--splines needs --depth, to which profiles are brought, such as 0-30, and no --transfer-from")
    upper, lower = selection.depth
    layers = read_layers(connection, selection)
    population = _population(layers.rows, upper, lower)
    found, counts = [], {"profiles": 0, "whole": 0, "too_short": 0, "overlapping": 0}
    _, number = np.unique(layers.profile, axis=0, return_inverse=True)
    order = np.lexsort((layers.depth[:, 1], layers.depth[:, 0], number.ravel()))
    for own in np.split(order, np.flatnonzero(np.diff(number.ravel()[order])) + 1):
        what, mean = _brought(layers, own, (upper, lower))
        counts[what] += 1
        if mean is not None:
            found.append(mean)
    counts["profiles"] += counts["whole"]
    said = Splined(upper, lower, **counts)
    if not found:
        raise ValueError(f"no profile of {selection.contaminant} reaches from {upper:g} to {lower:g} cm")
    return _rows(layers.rows, found, population), said


@dataclass(frozen=True, slots=True)
class _Mean:
    """Of one profile: the row of its first layer, bounds, uncertainty, soil, and whether any layer is doubted."""

    row: int
    lower: float
    upper: float
    uncertainty: float
    soil: tuple[float, ...]
    flagged: bool


def _population(rows: SampleRows, upper: float, lower: float) -> Population:
    kinds = {replace(each, upper_depth_cm=upper, lower_depth_cm=lower) for each in rows.populations}
    if len(kinds) > 1:
        listed = "; ".join(sorted(f"{each.medium}, digestion {each.digestion}, basis {each.basis}" for each in kinds))
        raise ValueError(
            f"layers of {rows.contaminant} that must not be pooled are selected ({listed}): "
            "choose one with --dataset, --medium, --digestion or --basis"
        )
    if not kinds:
        raise ValueError(f"there are no measurements of {rows.contaminant} with a depth that fit the selection")
    return kinds.pop()


def _brought(layers: LayerRows, own: NDArray[np.int64], wanted: tuple[float, float]) -> tuple[str, _Mean | None]:
    """What became of a profile whose layers stand in rows `own`, from the top down."""
    rows = layers.rows
    depth, layer = np.unique(layers.depth[own], axis=0, return_inverse=True)
    count = np.bincount(layer.ravel())

    def averaged(values: Floats) -> Floats:
        return np.asarray(np.bincount(layer.ravel(), weights=values[own]) / count, dtype=np.float64)

    try:
        profile = Profile(depth[:, 0], depth[:, 1])
    except ValueError:
        return "overlapping", None
    weights = profile.weights(wanted)[0]
    if np.isnan(weights).any():
        return "too_short", None
    low, high = means_at_depths(profile, averaged(rows.lower), averaged(rows.upper), wanted)
    share = np.clip(np.minimum(depth[:, 1], wanted[1]) - np.maximum(depth[:, 0], wanted[0]), 0.0, None)
    soil = tuple(_mean(averaged(getattr(rows, name)), share) for name in SOIL)
    sd = float(np.sqrt(((weights * averaged(rows.uncertainty)) ** 2 / count).sum()))
    whole = len(depth) == 1 and tuple(depth[0].tolist()) == wanted
    used = own[np.isin(layer.ravel(), np.flatnonzero(share > 0.0))]
    found = _Mean(int(used[0]), float(low[0]), float(high[0]), sd, soil, bool(rows.flagged[used].any()))
    return "whole" if whole else "profiles", found


def _mean(values: Floats, share: Floats) -> float:
    """Of a property of the soil, by how much of each layer lies in the depth; NaN where one of these does not know."""
    used = share > 0.0
    return float(np.average(values[used], weights=share[used]))


def _rows(rows: SampleRows, found: list[_Mean], population: Population) -> SampleRows:
    """The rows of the first layers, with the means in place of their values."""
    index = np.array([each.row for each in found])
    kept: dict[str, Any] = {
        name: getattr(rows, name)[index] for name in ("specimen", "code", "lonlat", "as_given", "crs", "texture")
    }
    kept |= {name: np.array([each.soil[k] for each in found]) for k, name in enumerate(SOIL)}
    kept |= {
        name: np.array([getattr(each, name) for each in found]) for name in ("lower", "upper", "uncertainty", "flagged")
    }
    return replace(rows, **kept, populations=(population,))
