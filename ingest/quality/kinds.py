"""What a row of a file is: a sample, or a control of one of five kinds, by the words that laboratories use for them."""

import csv
import re
from functools import lru_cache
from pathlib import Path

from db.tables import CONTROL_KINDS

VOCABULARY = Path(__file__).parent.parent / "vocabularies" / "controls.csv"
SAMPLE = "sample"
DUPLICATES = ("laboratory-duplicate", "field-duplicate")
# phrases, in the order in which they are looked for: a duplicate of a spike is a spike, a blank duplicate is a blank
PHRASES = (
    (r"spike|spiked|fortified|laboratory control|recovery|wiederfindung", "spike"),
    (r"blank|blindprobe|blindwert|blanc\b|blanco|bianco|blindprov", "blank"),
    (r"reference|referen[cz]|standard|certified|certifi|control material|oreas", "reference-material"),
    (r"(lab|pulp|analy|assay|instrument|prep|digest|labor)\w*.*(dup|repl|repeat|split|doppel)", "laboratory-duplicate"),
    (r"(dup|repl|repeat)\w*.*(lab|pulp|analy|assay|instrument|prep|digest|labor)", "laboratory-duplicate"),
    (r"dup|repl|twin|split|co-?located|doppel|doublon|duplicad|duplicaat|dubbel|dubblett", "field-duplicate"),
)


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    with VOCABULARY.open(encoding="utf-8", newline="") as handle:
        words = {row["text"]: row["kind"] for row in csv.DictReader(handle, strict=True)}
    return words | {kind: kind for kind in CONTROL_KINDS}


def kind_of(text: str) -> str | None:
    """`sample`, or the kind of control that a text means; None where it is not understood. An empty one is a sample."""
    plain = " ".join(text.casefold().replace("_", " ").split())
    if not plain:
        return SAMPLE
    known = _words().get(plain)
    if known is not None:
        return known
    return next((kind for phrase, kind in PHRASES if re.search(phrase, plain)), None)


def original_of(code: str, suffixes: tuple[str, ...]) -> str | None:
    """The code of the sample whose duplicate a code names, by the suffixes of duplicates; None where it names none."""
    for suffix in suffixes:
        if code.casefold().endswith(suffix.casefold()) and len(code) > len(suffix):
            return code[: -len(suffix)]
    return None
