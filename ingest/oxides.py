"""Contents given as oxides, by stoichiometry: 1 % of K2O is 0.83 % of potassium."""

import re

from ingest.contaminants import Contaminants

OXYGEN = 15.999  # g/mol, IUPAC abridged standard atomic weight
FORMULA = re.compile(r"(?P<element>[A-Z][a-z]?)(?P<count>\d*)O(?P<oxygen>\d*)(?:\s*\(?(?:[Tt]|tot|total)\)?)?")
# what is written like an oxide and is none of a solid soil
GASES = ("CO", "NO", "SO", "CO2", "NO2", "SO2", "NO3", "PO4", "SO4", "CO3")


def matched(text: str, contaminants: Contaminants) -> tuple[str, float]:
    """The contaminant that a text means, and how much of it one part holds; raises ValueError for none.

    The ratio is 1 for every label of the vocabulary, and the mass fraction of the element for an oxide's formula.
    """
    try:
        return contaminants.match(text), 1.0
    except ValueError:
        oxide = _oxide(text.strip(), contaminants)
        if oxide is None:
            raise
        return oxide


def _oxide(text: str, contaminants: Contaminants) -> tuple[str, float] | None:
    formula = FORMULA.fullmatch(text)
    if formula is None or text in GASES:
        return None
    element = next((entry for entry in contaminants.entries if entry.symbol == formula["element"]), None)
    if element is None or element.molar_mass is None:
        return None
    mass = element.molar_mass * int(formula["count"] or 1)
    return element.id, mass / (mass + OXYGEN * int(formula["oxygen"] or 1))
