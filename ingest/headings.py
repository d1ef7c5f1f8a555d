"""Units in headings: `Zn (mg/kg)`, `Pb_ppm`, `As [µg/g]`, `Cd mg.kg-1`, `Pb_mg_kg_TS`, `Ni, мг/кг`."""

import re
import unicodedata
from collections.abc import Iterator

from ingest.units import to_kg, to_mg_per_kg

BRACKETED = re.compile(r"^(?P<name>.*?)\s*[(\[{](?P<unit>[^()\[\]{}]+)[)\]}]\s*(?P<rest>[^()\[\]{}]*)$")
TOKENS = re.compile(r"[^\s_,.;:·*-]+")
# what laboratories write for dry and for wet matter after the unit
BASES = {
    "dry": r"ts|tm|tr|dw|dm|dry(?:\s*(?:weight|wt|matter|basis))?|d\.?\s?w\.?|d\.?\s?m\.?|ms|m\.?s\.?|ps|p\.?s\.?|"
    r"s\.?\s?m\.?|s\.?\s?s\.?|s\.?\s?u\.?|suš(?:iny)?\.?|sz\.?\s?a\.?|k\.?\s?m\.?|ka\.?|"  # Polish to Finnish
    r"sec|seco|dry\s?wt|trockensubstanz|trockenmasse|ds|d\.s\.|сух\.?|сухого|干重|干基",
    "wet": r"fm|fs|fw|ww|wet(?:\s*(?:weight|wt|basis))?|w\.?w\.?|f\.?w\.?|mf|nat\.?|鲜重|湿重",
}
EITHER = "|".join(f"(?P<{name}>{words})" for name, words in BASES.items())
BASIS = re.compile(rf"^(?P<unit>.*?)[\s_.,-]*(?<![^\W_])(?:{EITHER})$", re.IGNORECASE)
SPELLINGS = {
    **dict.fromkeys(("pct", "percent", "prozent", "gew%", "m%", "масс%", "мас%", "w%", "por ciento"), "%"),
    **dict.fromkeys(("мг/кг", "mgkg", "mgperkg", "ppmw", "毫克/千克"), "mg/kg"),
    **dict.fromkeys(("мкг/кг", "ugkg", "mcg/kg", "ugperkg"), "ug/kg"),
    **dict.fromkeys(("мкг/г", "ugg", "mcg/g", "ugperg"), "ug/g"),
    **dict.fromkeys(("нг/г", "ngg"), "ng/g"),
    **dict.fromkeys(("г/т", "gt", "gpt"), "g/t"),
    **dict.fromkeys(("г/кг", "gkg"), "g/kg"),
}
PARTS = re.compile(
    r"^(?P<top>[a-zµμ]{1,3})[\s_./·*]{1,2}(?P<bottom>kg|g|t)(?:[\s_]*\^?[\s_.]?[-−–]?\(?[-−–]?1\)?)?$", re.IGNORECASE
)
SUPERSCRIPTS = str.maketrans("⁻¹", "-1")
MASSES = frozenset({"kg", "kt", "lb", "lbs", "pounds", "tonnes", "tons", "grams", "tonne", "mg", "т", "кг"})


def split_heading(heading: str) -> tuple[str, str | None]:
    """Name and unit of a heading; the unit is `None` where what looks like one is no unit of content or mass."""
    for name, candidate, bare in _candidates(heading):
        unit = unit_in(candidate)
        if unit is not None and (not bare or _is_content(unit) or candidate.lower() in MASSES):
            return name.strip(" _,.;:-"), unit
    return heading.strip(), None


def unit_in(text: str) -> str | None:
    """The unit that a text is in one of many spellings, with or without words for dry or wet; `None` for none."""
    plain = unicodedata.normalize("NFC", text).translate(SUPERSCRIPTS).strip(" _,.;:")
    found = BASIS.match(plain)
    for candidate in (plain, found["unit"] if found else ""):
        spelt = _spelt(candidate.strip(" _,.;:-"))
        if spelt and is_unit(spelt):
            return spelt
    return None


def basis_in(text: str) -> str | None:
    """Whether a heading or unit speaks of dry or of wet matter."""
    inner = BRACKETED.match(text)
    for candidate in (text, inner["unit"] if inner else ""):
        found = BASIS.match(candidate.strip(" _,.;:)]"))
        if found and split_heading(f"x {found['unit']}")[1]:
            return "dry" if found["dry"] else "wet"
    return None


def _candidates(heading: str) -> Iterator[tuple[str, str, bool]]:
    """Ways to part a heading into a name and what may be a unit, and whether nothing but that marks it as one."""
    bracketed = BRACKETED.match(heading)
    if bracketed is not None:
        yield bracketed["name"], bracketed["unit"], False
    words = list(TOKENS.finditer(heading))
    for first in words[1:]:
        yield heading[: first.start()], heading[first.start() :], True
    for first in words[1:4]:
        yield heading[first.start() :], heading[: first.start()], True
    for place, first in enumerate(words[1:-1], start=1):
        for last in reversed(words[place:-1]):
            yield heading[: first.start()], heading[first.start() : last.end()], True


def _spelt(text: str) -> str:
    short = re.sub(r"[\s.]", "", text).lower()
    if short in SPELLINGS:
        return SPELLINGS[short]
    parts = PARTS.match(text)
    return f"{parts['top']}/{parts['bottom'].lower()}" if parts else text


def _is_content(text: str) -> bool:
    try:
        to_mg_per_kg(text)
    except ValueError:
        return False
    return True


def is_unit(text: str) -> bool:
    """Whether a text is a unit of content in soil, or of mass."""
    try:
        to_kg(text)
    except ValueError:
        return _is_content(text)
    return True
