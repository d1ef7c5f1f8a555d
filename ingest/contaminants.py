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
LOCANTS = re.compile(r"[\[(]([^\[\]()]*)[\])]")
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

    def labels(self) -> Iterator[str]:
        """Every text that means this contaminant."""
        yield from (self.id, *self.names.values())
        yield from (label for label in (self.symbol, self.cas) if label)


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


def _plain(text: str) -> str:
    """Case, white space and the many ways to write locants, `benzo[g,h,i]` and `benzo(ghi)`, make no difference."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return LOCANTS.sub(lambda found: f"[{found[1].replace(',', '').replace(' ', '')}]", words)


@lru_cache(maxsize=1)
def shipped_contaminants() -> Contaminants:
    """The contaminants of the shipped vocabulary."""
    with VOCABULARY.open(encoding="utf-8", newline="") as handle:
        return Contaminants(tuple(_entries(csv.DictReader(handle, strict=True))))


def _entries(rows: Iterable[Mapping[str, str]]) -> Iterator[Contaminant]:
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
        )
