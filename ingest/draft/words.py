"""What headings mean, in the languages of the surveys: a vocabulary of words, found whatever their case and marks."""

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from pathlib import Path

from ingest.headings import split_heading

VOCABULARY = Path(__file__).parents[1] / "vocabularies" / "meanings.csv"
# what may stand beside a meaning: a system or zone, a unit of length, a number, an article
BESIDE = re.compile(
    r"^(?:epsg|utm|wgs|wgs84|etrs|etrs89|gda|gda94|gda2020|nad|nad27|nad83|gk|rd|lv|lv95|mga|l93|sirgas2000|sirgas|"
    r"pulkovo|msk|sk42|osgb|bng|itm|nztm|zone|system|crs|dd|dec|deg|degrees|decimal|grad|m|cm|mm|ft|feet|in|meter|metre|"
    r"metres|meters|км|м|см|de|of|the|der|des|du|la|la|sample|proben|s|\d{1,6}[nsuvwt]?(?:wgs)?)$"
)
AXIS = re.compile(r"^([xyen])\d{1,2}(?:wgs|n|s)?$")
REMARK = re.compile(r"\s*[(\[{].*$")
# the same in two languages: `Units / Unités`
LANGUAGES = re.compile(r"\s+[/|]\s+")
NUMBERED = re.compile(r"\d+$")
# what a heading with a strong word in it may be about instead
OTHERWISE = frozenset({"analysis", "analysed", "analyzed", "report", "reported", "received", "receipt", "update"})
OTHERWISE |= {"updated", "modified", "created", "loaded", "upload", "birth", "name", "code", "error", "accuracy"}
STRONG = "strong"
IN_SO_MANY_WORDS, WITH_A_REMARK, WITH_OTHER_THINGS = 4, 3, 2
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=1)
def meanings() -> Mapping[str, frozenset[str]]:
    """The words of each meaning, without spaces and marks."""
    return _vocabulary(lambda language: language != STRONG)


@lru_cache(maxsize=1)
def strong_words() -> Mapping[str, frozenset[str]]:
    """Single words that say a meaning even where others that nobody knows stand beside them: `TH_LAT`, `CollDate`."""
    return _vocabulary(lambda language: language == STRONG)


def _vocabulary(wanted: Callable[[str], bool]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    with VOCABULARY.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, strict=True):
            if wanted(row["language"]):
                found.setdefault(row["field"], set()).update(_joined(_words(word)) for word in row["words"].split(";"))
    return {name: frozenset(words) for name, words in found.items()}


@lru_cache(maxsize=4096)
def meaning_score(heading: str, meaning: str) -> int:
    """How well a heading says a meaning.

    4 in so many words, 3 with a unit or remark, 2 with other things beside, 1 with a strong word first or last, 0.
    A heading in two languages says what either of them says.
    """
    return max(_score(part, meaning) for part in (heading, *LANGUAGES.split(heading)))


def _score(heading: str, meaning: str) -> int:
    known = meanings()[meaning]
    bare = REMARK.sub("", split_heading(heading)[0]) or heading
    for score, text in ((IN_SO_MANY_WORDS, heading), (WITH_A_REMARK, bare)):
        if _joined(_words(text)) in known:
            return score
    words = [AXIS.sub(r"\1", word) for word in _words(bare) if not BESIDE.match(word)]
    if words and (_joined(words) in known or NUMBERED.sub("", _joined(words)) in known):
        return WITH_OTHER_THINGS
    return int(_has_strong_word(_words(bare), strong_words().get(meaning, frozenset())))


def _has_strong_word(words: list[str], strong: Set[str]) -> bool:
    return bool(words) and not OTHERWISE.intersection(words) and (words[0] in strong or words[-1] in strong)


def _words(text: str) -> list[str]:
    spaced = CAMEL.sub(" ", text)
    folded = unicodedata.normalize("NFKD", spaced).casefold()
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark))
    return re.findall(r"[^\W_]+|№", plain)


def _joined(words: list[str]) -> str:
    return "".join(words)
