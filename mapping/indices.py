"""Contamination indices: one decorated function each, in one registry.

A function takes the ratios (n, m) of concentrations to their background or criterion and gives an index for each (n, m)
or for all together (n,). All rise with every concentration, so the bounds of a concentration give the bounds of an
index. What an index means is its author's classes, which carry their citation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector
from mapping.classes import Classes

TOXIC_RESPONSE: Mapping[str, float] = {
    "pcb-sum": 40.0,
    "mercury": 40.0,
    "cadmium": 30.0,
    "arsenic": 10.0,
    "lead": 5.0,
    "copper": 5.0,
    "chromium": 2.0,
    "zinc": 1.0,
}
"""Toxic-response factors of the eight substances for which Hakanson (1980, Water Research 14) made his classes."""

NORMALISERS = ("aluminium", "iron", "scandium", "titanium", "zirconium", "lithium", "manganese")
"""Elements that are taken as conservative, in the order of preference."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What concentrations of `contaminants` are compared with, mg/kg each (m,): background, or criteria of toxicity.

    `normaliser` is the background of the reference element, for enrichment factors.
    """

    contaminants: tuple[str, ...]
    background: Vector | None = None
    criteria: Vector | None = None
    normaliser: float | None = None

    def __post_init__(self) -> None:
        for name in ("background", "criteria"):
            given = getattr(self, name)
            if given is None:
                continue
            numbers = np.array(given, dtype=np.float64)
            if numbers.shape != (len(self.contaminants),) or not (np.isfinite(numbers) & (numbers > 0.0)).all():
                raise ValueError(f"the {name} needs a number above zero for each of {', '.join(self.contaminants)}")
            object.__setattr__(self, name, numbers)
        if self.normaliser is not None and not 0.0 < self.normaliser < np.inf:
            raise ValueError(f"the background of the reference element must be above zero, got {self.normaliser}")

    def toxic_response(self) -> Vector:
        """Hakanson's factors (m,); ValueError that names a contaminant without one."""
        missing = [name for name in self.contaminants if name not in TOXIC_RESPONSE]
        if missing:
            known = ", ".join(TOXIC_RESPONSE)
            raise ValueError(f"Hakanson gives no toxic-response factor for {', '.join(missing)}, only for {known}")
        return np.array([TOXIC_RESPONSE[name] for name in self.contaminants])


Function = Callable[[Vector, Reference], Vector]


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its function, its source, what it `needs` of a `Reference`, and the classes of its author.

    `together` says that it is one number for all contaminants, `normalised` that ratios are first divided by that of a
    reference element; `rescale` gives the factor for classes that belong to other substances.
    """

    name: str
    title: str
    source: str
    formula: str
    needs: str
    together: bool
    classes: Classes
    function: Function
    rescale: Callable[[Reference], float] | None = None
    normalised: bool = False

    def of(self, values: ArrayLike, reference: Reference, normaliser: ArrayLike | None = None) -> Vector:
        """The index of concentrations (n, m) in mg/kg; NaN where one that it needs is not known."""
        known = np.asarray(values, dtype=np.float64)
        if known.ndim != 2 or known.shape[1] != len(reference.contaminants):
            raise ValueError(f"concentrations need the shape (n, {len(reference.contaminants)}), got {known.shape}")
        compared = getattr(reference, self.needs)
        if compared is None:
            raise ValueError(f"{self.name} needs the {self.needs} of each contaminant")
        ratio = known / compared
        if self.normalised:
            if normaliser is None or reference.normaliser is None:
                raise ValueError(f"{self.name} needs a reference element and its background")
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio /= np.asarray(normaliser, dtype=np.float64)[:, None] / reference.normaliser
        with np.errstate(divide="ignore"):
            return np.asarray(self.function(ratio, reference), dtype=np.float64)

    def between(
        self,
        lower: ArrayLike,
        upper: ArrayLike,
        reference: Reference,
        normaliser: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> tuple[Vector, Vector]:
        """The least and the greatest index that bounds (n, m) of concentrations leave possible.

        `normaliser` holds the bounds (n,) of the reference element: its high bound goes with the least index.
        """
        low, high = (None, None) if normaliser is None else normaliser
        return self.of(lower, reference, high), self.of(upper, reference, low)

    def classes_for(self, reference: Reference) -> Classes:
        """The classes for these contaminants, rescaled and said so where the author's belong to others."""
        factor = 1.0 if self.rescale is None else self.rescale(reference)
        if factor == 1.0:
            return self.classes
        told = f"the author's classes are for other substances: their edges are multiplied by {factor:.3g}"
        return self.classes.scaled(factor, told)


INDICES: dict[str, Index] = {}


def index(**described: Any) -> Callable[[Function], Function]:
    """Put a function into the registry, its docstring being the formula."""

    def kept(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        described.setdefault("needs", "background")
        INDICES[name] = Index(name=name, formula=(function.__doc__ or "").strip(), function=function, **described)
        return function

    return kept


HAKANSON = "Hakanson 1980, Water Research 14: 975-1001"


@index(
    title="Contamination factor",
    source=HAKANSON,
    together=False,
    classes=Classes(HAKANSON, (1.0, 3.0, 6.0), ("low", "moderate", "considerable", "very high")),
)
def contamination_factor(ratio: Vector, _: Reference) -> Vector:
    """C / B."""
    return ratio


@index(
    title="Geo-accumulation index",
    source="Müller 1969, GeoJournal 2: 108-118",
    together=False,
    classes=Classes(
        "Müller 1981, Chemiker-Zeitung 105: 157-164",
        (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
        (
            "uncontaminated",
            "uncontaminated to moderately contaminated",
            "moderately contaminated",
            "moderately to heavily contaminated",
            "heavily contaminated",
            "heavily to extremely contaminated",
            "extremely contaminated",
        ),
        top_inclusive=True,
    ),
)
def geo_accumulation(ratio: Vector, _: Reference) -> Vector:
    """log2(C / (1.5 B)); minus infinity where nothing is there."""
    return np.asarray(np.log2(ratio / 1.5))


@index(
    title="Enrichment factor",
    normalised=True,
    source="Zoller et al. 1974, Science 183: 198-200",
    together=False,
    classes=Classes(
        "Sutherland 2000, Environmental Geology 39: 611-627",
        (2.0, 5.0, 20.0, 40.0),
        ("minimal", "moderate", "significant", "very high", "extremely high"),
    ),
)
def enrichment_factor(ratio: Vector, _: Reference) -> Vector:
    """(C / R) / (B of C / B of R) with the reference element R."""
    return ratio


@index(
    title="Pollution load index",
    source="Tomlinson et al. 1980, Helgoländer Meeresuntersuchungen 33: 566-575",
    together=True,
    classes=Classes(
        "Tomlinson et al. 1980, Helgoländer Meeresuntersuchungen 33: 566-575",
        (1.0,),
        ("no more than the background", "above the background"),
        top_inclusive=True,
    ),
)
def pollution_load(ratio: Vector, _: Reference) -> Vector:
    """The geometric mean of the contamination factors."""
    return np.asarray(np.exp(np.log(ratio).mean(axis=1)))


@index(
    title="Nemerow index",
    source="Nemerow 1974, Scientific Stream Pollution Analysis",
    together=True,
    classes=Classes(
        "HJ/T 166-2004, technical specification for soil environmental monitoring (China)",
        (0.7, 1.0, 2.0, 3.0),
        ("clean", "still clean", "slight", "moderate", "heavy"),
        top_inclusive=True,
    ),
)
def nemerow(ratio: Vector, _: Reference) -> Vector:
    """The root of half the sum of the squared mean and the squared greatest contamination factor."""
    return np.asarray(np.sqrt((ratio.mean(axis=1) ** 2 + ratio.max(axis=1) ** 2) / 2.0))


@index(
    title="Degree of contamination",
    source=HAKANSON,
    together=True,
    classes=Classes(HAKANSON, (8.0, 16.0, 32.0), ("low", "moderate", "considerable", "very high")),
    rescale=lambda reference: len(reference.contaminants) / len(TOXIC_RESPONSE),
)
def degree_of_contamination(ratio: Vector, _: Reference) -> Vector:
    """The sum of the contamination factors."""
    return np.asarray(ratio.sum(axis=1))


@index(
    title="Modified degree of contamination",
    source="Abrahim & Parker 2008, Environmental Monitoring and Assessment 136: 227-238",
    together=True,
    classes=Classes(
        "Abrahim & Parker 2008, Environmental Monitoring and Assessment 136: 227-238",
        (1.5, 2.0, 4.0, 8.0, 16.0, 32.0),
        ("very low", "low", "moderate", "high", "very high", "extremely high", "ultra high"),
    ),
)
def modified_degree_of_contamination(ratio: Vector, _: Reference) -> Vector:
    """The mean of the contamination factors."""
    return np.asarray(ratio.mean(axis=1))


@index(
    title="Ecological risk factor",
    source=HAKANSON,
    together=False,
    classes=Classes(HAKANSON, (40.0, 80.0, 160.0, 320.0), ("low", "moderate", "considerable", "high", "very high")),
)
def ecological_risk_factor(ratio: Vector, reference: Reference) -> Vector:
    """Toxic-response factor times C / B, for Hakanson's eight substances."""
    return np.asarray(reference.toxic_response() * ratio)


@index(
    title="Potential ecological risk index",
    source=HAKANSON,
    together=True,
    classes=Classes(HAKANSON, (150.0, 300.0, 600.0), ("low", "moderate", "considerable", "very high")),
    rescale=lambda reference: float(reference.toxic_response().sum() / sum(TOXIC_RESPONSE.values())),
)
def potential_ecological_risk(ratio: Vector, reference: Reference) -> Vector:
    """The sum over substances of toxic-response factor times C / B."""
    return np.asarray((reference.toxic_response() * ratio).sum(axis=1))


@index(
    title="Sum of toxic units",
    source="Sprague 1970, Water Research 4: 3-32",
    together=True,
    needs="criteria",
    classes=Classes(
        "Pedersen et al. 1998, Aquatic Ecosystem Health & Management 1: 95-116 (probable effect levels of sediments)",
        (1.0, 4.0),
        ("below the criteria together", "at or above the criteria together", "moderate to serious toxicity"),
    ),
)
def toxic_units(ratio: Vector, _: Reference) -> Vector:
    """The sum of concentrations over their criteria."""
    return np.asarray(ratio.sum(axis=1))
