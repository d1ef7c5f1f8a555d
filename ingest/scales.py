"""Lengths, areas and shares in any unit to the one of a field: depths in feet to cm, carbon in g/kg to percent."""

import re
from functools import lru_cache

import pint

TARGETS = {"_cm": "centimetre", "_mm": "millimetre", "_m2": "metre ** 2", "_m": "metre", "_percent": "percent"}
# what files write and the registry reads otherwise or not at all
SPELLINGS = {
    "in": "inch",
    "in.": "inch",
    "ft.": "foot",
    "feet": "foot",
    "'": "foot",
    '"': "inch",
    "m2": "metre ** 2",
    "m²": "metre ** 2",
    "cm2": "centimetre ** 2",
    "ha": "hectare",
    "%": "percent",
    "pct": "percent",
    "wt%": "percent",
    "µm": "micrometre",
    "um": "micrometre",
}
PER = re.compile(r"^(\w+)[ .]+(\w+)(?:-1|\^-1|⁻¹)$")


@lru_cache(maxsize=256)
def scale_to(field: str, unit: str) -> float:
    """What a number in `unit` is multiplied with to be in the unit that the name of a field ends with.

    Raises ValueError for a unit of another kind.
    """
    target = next((name for ending, name in TARGETS.items() if field.endswith(ending)), None)
    if target is None:
        raise ValueError(f"{field} has no unit that {unit!r} could be converted to")
    written = PER.sub(r"\1/\2", unit.strip())
    written = SPELLINGS.get(written.lower(), written.lower() if written.isupper() else written)
    for spelling in (written, written.lower()):
        try:
            return float(_registry().Quantity(1.0, spelling).to(target).magnitude)
        except (pint.PintError, AttributeError, TypeError, ValueError, KeyError):
            continue
    raise ValueError(f"unit {unit!r} is none that can become the one of {field}")


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry()
