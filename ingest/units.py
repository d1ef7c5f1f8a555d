"""Units of content in soil to mg/kg, and of mass to kg, as exact ratios of integers."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pint
from numpy.typing import NDArray

WORDS = {
    "ppm": Fraction(1),
    "ppb": Fraction(1, 1000),
    "%": Fraction(10_000),
    "wt%": Fraction(10_000),
    "wt.%": Fraction(10_000),
    "wt-%": Fraction(10_000),
    "percent": Fraction(10_000),
    **dict.fromkeys(("%w/w", "%(w/w)", "%m/m", "%(m/m)", "weight%", "mass%", "masse%", "%weight"), Fraction(10_000)),
    **dict.fromkeys(("gew.-%", "gew-%", "ma.-%", "m.-%", "percentbyweight", "weightpercent"), Fraction(10_000)),
    "‰": Fraction(1000),
}
AMBIGUOUS = {"ppt": "parts per thousand or per trillion", "ton": "metric, short or long"}
RATIO = re.compile(
    r"(?P<top>[A-Za-zµμ]{1,10})\s*(?:/|\bper\b)\s*(?P<count>10{0,3})?\s*(?P<bottom>[A-Za-zµμ]{1,10})"
    r"|(?P<top2>[A-Za-zµμ]{1,10})[\s.·*](?P<bottom2>[A-Za-zµμ]{1,10})\s*\^?\(?[-−]1\)?"
)
TOXIC_EQUIVALENTS = re.compile(r"\s+(?:I|WHO(?:[ -]?\d{2,4})?)[ -]?TEQ$|\s+TEQ$", re.IGNORECASE)
MASS = re.compile(r"[A-Za-zµμ]{1,10}|т|кг")
NAMES = {
    "t": "metric_ton",
    "kt": "kilometric_ton",
    "lbs": "pound",
    "tne": "metric_ton",
    "kgm": "kilogram",
    "grm": "gram",
    "т": "metric_ton",
    "кг": "kilogram",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """Multiplication by an exact ratio; a decimal fraction of a decimal text stays the nearest double."""

    ratio: Fraction

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values in the canonical unit, same shape."""
        return values * float(self.ratio.numerator) / float(self.ratio.denominator)


@lru_cache(maxsize=256)
def to_mg_per_kg(unit: str) -> Conversion:
    """How a content in `unit` becomes mg/kg; raises ValueError for what is not a mass of pollutant per mass of soil."""
    text = " ".join(unit.split())
    text = text.lower() if text.isupper() else text
    _refuse_ambiguous(text)
    word = WORDS.get(text.lower().replace(" ", ""))
    if word is not None:
        return Conversion(word)
    match = RATIO.fullmatch(text)
    if match is None:
        raise ValueError(f"unit {unit!r} is not a content in soil that can become mg/kg")
    top, bottom = match["top"] or match["top2"], match["bottom"] or match["bottom2"]
    _refuse_ambiguous(bottom)
    count = int(match["count"] or 1)
    try:
        ratio = _mass(top, "milligram") / (_mass(bottom, "kilogram") * count)
    except ValueError:
        raise ValueError(f"unit {unit!r} is not a mass per mass of soil, so it cannot become mg/kg") from None
    return Conversion(ratio)


@lru_cache(maxsize=64)
def to_kg(unit: str) -> Conversion:
    """How a mass in `unit` becomes kg; raises ValueError for what is not a mass.

    The mass of a sum of toxic equivalents names its set of factors after the unit: `g I-TEQ`.
    """
    mass = TOXIC_EQUIVALENTS.sub("", unit.strip())
    _refuse_ambiguous(mass)
    if not MASS.fullmatch(mass):
        raise ValueError(f"unit {unit!r} is not a mass")
    try:
        return Conversion(_mass(mass, "kilogram"))
    except ValueError:
        # registers in capitals write KG, T and Pounds, or the codes of the UNECE for units of trade
        if mass != "T" and not (mass.isupper() and len(mass) > 1) and len(mass) < 4:
            raise
        return Conversion(_mass(mass.lower(), "kilogram"))


def _refuse_ambiguous(text: str) -> None:
    if text.lower() in AMBIGUOUS:
        raise ValueError(f"unit {text!r} is ambiguous ({AMBIGUOUS[text.lower()]}); name the masses, as in 'ng/kg'")


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Fraction]:
    return pint.UnitRegistry(non_int_type=Fraction)


def _mass(text: str, target: str) -> Fraction:
    """How many `target` a mass unit is; its symbol is read with the case that SI gives it (Mg is not mg)."""
    try:
        quantity = _registry().Quantity(Fraction(1), NAMES.get(text, text))
        return Fraction(quantity.to(target).magnitude)
    except (pint.PintError, AttributeError, TypeError, ValueError, KeyError):
        raise ValueError(f"unit {text!r} is not a mass") from None
