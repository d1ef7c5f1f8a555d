"""Contaminants by any of their names: identifier, symbol, CAS number, or a name in one of several languages."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).parent / "vocabularies" / "contaminants.csv"
SYNONYMS = Path(__file__).parent / "vocabularies" / "synonyms.csv"
LOCANTS = re.compile(r"[\[(]([^\[\]()]*)[\])]")
# an element together with its compounds: "Lead And Lead Compounds", "Arsen und Verbindungen (als As)"
COMPOUNDS = re.compile(
    r"(?P<name>.+?)(?:\s*(?:,|&|\+|/|\b(?:and|und|et|y|e|en|och|и)\b))?\s*(?:\b(?:its|seine|ihre|ses|sus|seus|inorganic)\s+)?"
    r"(?:(?P=name)\s+)?\b(?:compounds?|verbindungen|compos[ée]s|compuestos|compostos|composti|verbindingen|föreningar|соединения)"
    r"(?P<rest>.*)",
    re.IGNORECASE,
)
# "Lead (and its compounds)" is written without the brackets, too
BRACKETED = re.compile(r"\s*[\[(]\s*((?:and|und|et|y|e|en|och|и|&|\+)\s[^\[\]()]*)[\])]", re.IGNORECASE)
AS_ELEMENT = re.compile(
    r"\W*(?:expressed |total )?(?:as|als|en|como|come|in|som|в пересч[её]те на)\W+(?:total )?\w+\W*", re.I
)
LANGUAGES = ("en", "de", "fr", "nl", "es", "it", "sv")


@dataclass(frozen=True, slots=True)
class Contaminant:
    """A substance, or a sum of substances, that this service knows."""

    id: str
    symbol: str | None
    names: Mapping[str, str]
    cas: str | None
    group: str | None
    members: tuple[str, ...]
    molar_mass: float | None
    glosis_code: str | None
    synonyms: tuple[str, ...] = ()

    def labels(self) -> Iterator[str]:
        """Every text that means this contaminant."""
        yield from (self.id, *self.names.values(), *self.synonyms)
        yield from (label for label in (self.symbol, self.cas, self.glosis_code) if label)


@dataclass(frozen=True, slots=True)
class Compounds:
    """An element with its compounds; `as_element` where the name says that the mass is that of the element."""

    contaminant: str
    as_element: bool


@dataclass(frozen=True)
class Contaminants:
    """All contaminants, found by any label."""

    entries: tuple[Contaminant, ...]
    _meaning: dict[str, set[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.entries:
            for label in entry.labels():
                self._meaning.setdefault(_plain(label), set()).add(entry.id)

    def match(self, text: str) -> str:
        """The identifier of the contaminant that a text means; raises ValueError for none or more than one."""
        meaning = self._meaning.get(_plain(text), set())
        if len(meaning) == 1:
            return next(iter(meaning))
        if meaning:
            raise ValueError(f"{text!r} may be {' or '.join(sorted(meaning))}; write the identifier")
        close = get_close_matches(_plain(text), self._meaning, n=1, cutoff=0.75)
        hint = f"; did you mean {min(self._meaning[close[0]])}?" if close else ""
        raise ValueError(f"{text!r} is not a known contaminant{hint}")

    def compounds(self, text: str) -> Compounds | None:
        """What a text means that names an element together with its compounds; `None` for any other."""
        found = COMPOUNDS.fullmatch(BRACKETED.sub(r" \1", " ".join(text.split())))
        if found is None or (found["rest"].strip(" .") and not AS_ELEMENT.fullmatch(found["rest"])):
            return None
        try:
            return Compounds(self.match(found["name"]), bool(found["rest"].strip(" .")))
        except ValueError:
            return None


def _plain(text: str) -> str:
    """Case, white space and the many ways to write locants, `benzo[g,h,i]` and `benzo(ghi)`, make no difference."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return LOCANTS.sub(lambda found: f"[{found[1].replace(',', '').replace(' ', '')}]", words)


@lru_cache(maxsize=1)
def shipped_contaminants() -> Contaminants:
    """The contaminants of the shipped vocabulary."""
    with VOCABULARY.open(encoding="utf-8", newline="") as handle:
        return Contaminants(tuple(_entries(csv.DictReader(handle, strict=True), _synonyms())))


def _synonyms() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    with SYNONYMS.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, strict=True):
            found.setdefault(row["contaminant"], []).append(row["name"])
    return found


def _entries(rows: Iterable[Mapping[str, str]], synonyms: Mapping[str, list[str]]) -> Iterator[Contaminant]:
    for row in rows:
        yield Contaminant(
            id=row["id"],
            symbol=row["symbol"] or None,
            names={language: row[f"name_{language}"] for language in LANGUAGES if row[f"name_{language}"]},
            cas=row["cas"] or None,
            group=row["group"] or None,
            members=tuple(row["members"].split(";")) if row["members"] else (),
            molar_mass=float(row["molar_mass"]) if row["molar_mass"] else None,
            glosis_code=row["glosis"] or None,
            synonyms=tuple(synonyms.get(row["id"], ())),
        )
