"""Risk to people from soil: hazard quotients and lifetime cancer risk by the exposure equations of the US EPA.

Risk Assessment Guidance for Superfund, volume I, part A (EPA/540/1-89/002), dermal contact by part E
(EPA/540/R/99/005), inhalation by part F (EPA-540-R-070-002). Every parameter can be replaced, and all are told with the
result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector

KG_PER_MG = 1e-6
DAYS, HOURS = 365.0, 24.0
RECEPTORS = ("child", "adult")
REFUSED: Mapping[str, str] = {
    "lead": "lead has no reference dose: no threshold is known below which it does no harm; models of blood lead are "
    "used instead",
    "chromium": "the risk of chromium depends on its valence: give chromium-iii or chromium-vi",
}


@dataclass(frozen=True, slots=True)
class Receptor:
    """Who is exposed: residential defaults of OSWER Directive 9200.1-120 (2014); ValueError for what is not above zero.

    `ingestion_mg_per_day` of soil, `days_per_year`, `years`, `body_weight_kg`, `skin_cm2`, `adherence_mg_per_cm2`,
    `hours_per_day` outdoors or in, `particulate_m3_per_kg` (the particulate emission factor), `lifetime_years`.
    """

    ingestion_mg_per_day: float
    days_per_year: float
    years: float
    body_weight_kg: float
    skin_cm2: float
    adherence_mg_per_cm2: float
    hours_per_day: float = 24.0
    particulate_m3_per_kg: float = 1.36e9
    lifetime_years: float = 70.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0.0 < getattr(self, field.name) < np.inf:
                raise ValueError(f"exposure: {field.name} must be a number above zero, got {getattr(self, field.name)}")

    @classmethod
    def named(cls, name: str, **replaced: float) -> Receptor:
        """A child or an adult, with parameters replaced; ValueError that lists what there is."""
        if name not in DEFAULTS:
            raise ValueError(f"exposure: the receptor is {' or '.join(RECEPTORS)}, got {name!r}")
        known = {field.name for field in fields(cls)}
        for unknown in set(replaced) - known:
            raise ValueError(f"exposure: {unknown!r} is no parameter; known are {', '.join(sorted(known))}")
        return replace(DEFAULTS[name], **replaced)


DEFAULTS: Mapping[str, Receptor] = {
    "child": Receptor(200.0, 350.0, 6.0, 15.0, 2373.0, 0.2),
    "adult": Receptor(100.0, 350.0, 20.0, 80.0, 6032.0, 0.07),
}


@dataclass(frozen=True, slots=True)
class Toxicity:
    """What is known of a contaminant: None where nothing is.

    `reference_dose` mg/kg/day and `slope` per mg/kg/day by mouth; `reference_concentration` mg/m³ and `unit_risk` per
    µg/m³ in air; `dermal` share absorbed through the skin, `gut` share absorbed by mouth, `bioavailability` relative to
    that of the study.
    """

    contaminant: str
    reference_dose: float | None = None
    slope: float | None = None
    reference_concentration: float | None = None
    unit_risk: float | None = None
    dermal: float = 0.0
    gut: float = 1.0
    bioavailability: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        if self.contaminant in REFUSED:
            raise ValueError(REFUSED[self.contaminant])
        for name in ("reference_dose", "slope", "reference_concentration", "unit_risk"):
            given = getattr(self, name)
            if given is not None and not 0.0 < given < np.inf:
                raise ValueError(f"{self.contaminant}: {name} must be above zero, got {given}")
        for name in ("dermal", "gut", "bioavailability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{self.contaminant}: {name} is a share from 0 to 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, eq=False)
class Risk:
    """Hazard quotient and lifetime cancer risk (…) of one contaminant by route; None where no value of it is known."""

    contaminant: str
    hazard: Mapping[str, Vector]
    cancer: Mapping[str, Vector]

    @property
    def hazard_quotient(self) -> Vector | None:
        """Over all routes."""
        return np.sum(list(self.hazard.values()), axis=0) if self.hazard else None

    @property
    def cancer_risk(self) -> Vector | None:
        """Over all routes."""
        return np.sum(list(self.cancer.values()), axis=0) if self.cancer else None


def risk(concentration: ArrayLike, toxicity: Toxicity, receptor: Receptor) -> Risk:
    """The risk from concentrations (…) in soil, mg/kg."""
    soil = np.asarray(concentration, dtype=np.float64)
    intake = soil * _intake_per_concentration(receptor)
    eaten = intake * toxicity.bioavailability
    skin = soil * _contact_per_concentration(receptor) * toxicity.dermal
    air = soil * _air_per_concentration(receptor)
    years = receptor.years / receptor.lifetime_years
    hazard: dict[str, Vector] = {}
    cancer: dict[str, Vector] = {}
    if toxicity.reference_dose is not None:
        hazard["ingestion"] = eaten / toxicity.reference_dose
        hazard["skin"] = skin / (toxicity.reference_dose * max(toxicity.gut, 1e-9))
    if toxicity.reference_concentration is not None:
        hazard["inhalation"] = air / toxicity.reference_concentration
    if toxicity.slope is not None:
        cancer["ingestion"] = eaten * years * toxicity.slope
        cancer["skin"] = skin * years * toxicity.slope / max(toxicity.gut, 1e-9)
    if toxicity.unit_risk is not None:
        cancer["inhalation"] = 1000.0 * air * years * toxicity.unit_risk
    return Risk(toxicity.contaminant, hazard, cancer)


def _intake_per_concentration(receptor: Receptor) -> float:
    """mg/kg/day by mouth, averaged over the years of exposure, per mg/kg in soil."""
    own = receptor
    return own.ingestion_mg_per_day * KG_PER_MG * own.days_per_year / (own.body_weight_kg * DAYS)


def _contact_per_concentration(receptor: Receptor) -> float:
    """mg/kg/day on the skin, per mg/kg in soil, one event a day."""
    on_skin = receptor.skin_cm2 * receptor.adherence_mg_per_cm2 * KG_PER_MG
    return on_skin * receptor.days_per_year / (receptor.body_weight_kg * DAYS)


def _air_per_concentration(receptor: Receptor) -> float:
    """mg/m³ breathed, per mg/kg in soil."""
    share = receptor.days_per_year / DAYS * receptor.hours_per_day / HOURS
    return share / receptor.particulate_m3_per_kg


def told(receptor: Receptor, toxicities: Mapping[str, Toxicity]) -> dict[str, Any]:
    """All parameters of a result; JSON types."""
    return {"receptor": asdict(receptor), "toxicity": {name: asdict(each) for name, each in toxicities.items()}}
