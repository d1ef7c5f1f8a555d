"""Units of content as laboratories write them, with what they say beside the unit: dry or wet matter, equivalents."""

import re
from functools import lru_cache

from ingest.headings import unit_in
from ingest.units import Conversion, to_mg_per_kg

# the factors belong to the contaminant, which is a sum with its set named; the unit is that of its mass
EQUIVALENTS = re.compile(
    r"\s*\b(?:(?:I|WHO)[ -]?)?(?:PCDD/F[ -]?(?:PCB[ -]?)?)?TEQ?(?:[ -]?(?:19|20)\d\d)?\b", re.IGNORECASE
)
# the letters of the words after a unit, in English, German, Dutch, Romance and Nordic languages
BASES = {
    **dict.fromkeys(("dry", "drywt", "dryweight", "drymatter", "drymass", "drybasis", "drysoil", "dw", "dm"), "dry"),
    **dict.fromkeys(("ts", "tm", "tr", "trockensubstanz", "trockenmasse", "trockengewicht", "torrsubstans"), "dry"),
    **dict.fromkeys(("ds", "drogestof", "ms", "matièresèche", "matieresseches", "ps", "pesoseco", "ss"), "dry"),
    **dict.fromkeys(("sostanzasecca", "materiaseca", "tørrstoff", "tørstof", "suchejmasy", "sm"), "dry"),
    **dict.fromkeys(("wet", "wetwt", "wetweight", "wetbasis", "ww", "fresh", "freshwt", "freshweight", "fw"), "wet"),
    **dict.fromkeys(
        ("freshmass", "asreceived", "fm", "fs", "frischmasse", "frischsubstanz", "os", "versgewicht"), "wet"
    ),
    **dict.fromkeys(("pf", "poidsfrais", "pesofresco", "våtvekt", "våtvikt", "vådvægt"), "wet"),
}
SOIL = ("soil", "boden", "sol", "bodem", "suelo", "suolo", "jord")
LONGEST = 3
"""Words in what stands after a unit."""


@lru_cache(maxsize=256)
def content_in(unit: str) -> tuple[Conversion, str | None]:
    """How a content in a unit becomes mg/kg, and whether the unit says dry or wet; raises ValueError for no unit."""
    try:
        return to_mg_per_kg(unit), None
    except ValueError as error:
        bare, basis = _parted(re.sub(r"\s*/\s*", "/", EQUIVALENTS.sub("", unit)))
        conversion = _conversion(bare)
        if conversion is None:
            raise ValueError(str(error)) from None
        return conversion, basis


def _parted(text: str) -> tuple[str, str | None]:
    """The unit itself, and the basis that the words after it state."""
    words = [word for word in re.split(r"[\s_,()\[\]]+", text) if word and word.casefold() not in SOIL]
    for length in range(min(LONGEST, len(words) - 1), 0, -1):
        said = BASES.get("".join(filter(str.isalpha, "".join(words[-length:]).casefold())))
        if said is not None:
            return " ".join(words[:-length]), said
    return " ".join(words), None


def _conversion(bare: str) -> Conversion | None:
    for spelt in (bare, unit_in(bare) or ""):
        try:
            return to_mg_per_kg(spelt)
        except ValueError:
            continue
    return None
