"""Headings of contents: contaminant, unit, digestion, instrument and medium out of `Pb_AR_mg_kg` or `MOSS_Zn (ppm)`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingest.contaminants import Contaminants
from ingest.draft.table import Table
from ingest.headings import basis_in, split_heading
from ingest.oxides import matched
from ingest.units import to_mg_per_kg

DIGESTIONS = {
    "aqua-regia": r"ar|aqua\s?regia|k[oö]nigswasser|kw|eau\s?r[eé]gale|agua\s?regia|царская\s?водка|王水|"
    r"ar\s?digest|koningswater",
    "four-acid": r"4a|4ac|four\s?acid|4\s?acid|hf|multi\s?acid|4acid|md|four",
    "total": r"tot|total|totals|gesamt|inaa|naa|xrf|rfa|edxrf|wdxrf|pxrf|fluorescence|валов\w*|全量|totaal|t|tt|fx",
    "ammonium-nitrate": r"nh4no3|an|ammoniumnitrat|ammonium\s?nitrate",
    "nitric-acid": r"hno3|nitric|7m\s?hno3",
    "edta": r"edta",
    "dtpa": r"dtpa",
    "calcium-chloride": r"cacl2|cc",
    "ammonium-acetate": r"nh4oac|amac|acetate|aac|амм\w*",
    "mobile-metal-ion": r"mmi",
    "fusion": r"fusion|libo2",
}
INSTRUMENTS = {
    "INAA": r"inaa|naa",
    "XRF": r"xrf|rfa|edxrf|wdxrf|fluorescence|fx",
    "portable XRF": r"pxrf",
    "ICP-MS": r"icp\s?-?ms|icpms|ms",
    "ICP-OES": r"icp\s?-?(?:oes|aes)|icpoes|icpaes|oes|aes",
    "ICP": r"icp",
    "AAS": r"aas|gfaas|gf\s?aas|faas|hgaas|fa\s?aas",
    "CV-AAS": r"cvaas|cv\s?aas|cv|amal",
    "fire assay": r"fa|fire\s?assay",
}
MEDIA = {
    "mineral-horizon": r"soil|top\s?soil|sub\s?soil|boden|oberboden|unterboden|sol|suelo|solo|suolo|bodem|почва|"
    r"土壤|表土|表层土|so|"
    r"a|ah|ap|b|bhv|bhorizon|c|bho|cho|bhor|chor|b\s?horizon|c\s?horizon|a\s?horizon|ts|ss|top|bot|bottom|ts\s?soil|mineral\s?soil|"
    r"sl|s|soils|agricultural\s?soil|ap\s?horizon|gr|jord|gleba|toprak",
    "o-horizon": r"humus|hum|o|oho|o\s?horizon|ohor|organic|litter|"
    r"auflage|auflagehorizont|humusauflage|horizonte\s?o|mor|of|oh|"
    r"organic\s?soil|органический",
    "sediment": r"sediment|sed|sediments|stream\s?sediment|ss\s?sed|sedimento|s[eé]diment|отложения|沉积物|底泥|"
    r"overbank|floodplain|"
    r"stream|ssed|se|sq",
    "moss": r"moss|mos|mosses|moos|mousse|musgo|mosse|мох|苔藓|muschio",
    "plant": r"plant|plants|leaf|leaves|pflanze|needle|grass|crop|vegetation|planta|растение|植物",
    "rock": r"rock|gestein|roche|roca|rocha|порода|岩石|rk|core|outcrop",
    "water": r"water|wasser|eau|agua|água|вода|水|wg|ws|groundwater|surface\s?water|wq",
    "dust": r"dust|staub|poussi[eè]re|polvo|пыль|灰尘",
}
WORD = re.compile(r"[^\s_.,;:/\\()\[\]{}|=-]+")
# words that say nothing of what was measured
IDLE = re.compile(
    r"^(?:conc|concentration|content|in|of|gehalt|teneur|contenido|содержание|含量|value|result|element|s|the|an|as|"
    r"soil|dry|wt|sample|measured|lab|icp|no\d*|\d{1,2}|в|de|en|do|total|tot)$",
    re.IGNORECASE,
)
# a column that says of another one what could be detected
LIMIT = re.compile(
    r"(?<![A-Za-z])(?:LOD|MDL|DL|LOQ|RL|LLD|NWG|BG|LD)(?![A-Za-z])|detection|nachweisgrenze", re.IGNORECASE
)
SYMBOL = re.compile(r"[A-Z][a-z]?")
FEWEST_SHARED = 2


@dataclass(frozen=True, slots=True)
class Content:
    """What a heading says of a column of contents; `before` and `after` are its other words."""

    heading: str
    contaminant: str
    unit: str | None = None
    digestion: str | None = None
    instrument: str | None = None
    basis: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def contents_in(table: Table, contaminants: Contaminants, taken: Iterable[str]) -> dict[str, Content]:
    """The columns of numbers whose heading names a contaminant."""
    free = [name for name in table.mixed if name not in set(taken)]
    found = {name: content_of(name, contaminants) for name in free if not LIMIT.search(name)}
    return {name: content for name, content in found.items() if content is not None and not _is_mass(content.unit)}


def _is_mass(unit: str | None) -> bool:
    """Whether a unit is one of mass alone, as of what a source releases."""
    try:
        return unit is not None and not to_mg_per_kg(unit)
    except ValueError:
        return True


def content_of(heading: str, contaminants: Contaminants) -> Content | None:
    """What a heading says; `None` where it names no contaminant, or too much besides."""
    label, unit = split_heading(heading)
    rest = heading if unit is None else _without_unit(heading, label)
    basis = basis_in(heading)
    words = WORD.findall(rest)
    for first, last in _spans(len(words)):
        others = (*words[:first], *words[last:])
        if others and _is_known(text := " ".join(words[first:last]), contaminants) and all(map(_is_method, others)):
            return _content(heading, text, unit, basis, (tuple(words[:first]), tuple(words[last:])))
    for candidate in (label, rest):
        if _is_known(candidate, contaminants):
            return Content(heading, candidate.strip(), unit, basis=basis)
    for first, last in _spans(len(words)):
        text = " ".join(words[first:last])
        if _is_named(text, words, contaminants):
            return _content(heading, text, unit, basis, (tuple(words[:first]), tuple(words[last:])))
    return None


def _without_unit(heading: str, label: str) -> str:
    """Name and remarks behind the unit: the unit is what is left out of `Pb [ppm] AR`."""
    place = heading.find(label)
    after = heading[place + len(label) :] if place >= 0 else ""
    words = [word for word in WORD.findall(after) if _meaning(word, DIGESTIONS) or _meaning(word, INSTRUMENTS)]
    return " ".join([label, *words])


def _spans(count: int) -> Iterator[tuple[int, int]]:
    for length in range(min(count, 4), 0, -1):
        yield from ((first, first + length) for first in range(count - length + 1))


def _is_known(text: str, contaminants: Contaminants) -> bool:
    try:
        matched(text, contaminants)
    except ValueError:
        return False
    return True


def _is_named(text: str, words: list[str], contaminants: Contaminants) -> bool:
    """A name of some length, or a symbol as it is written among words that are all understood."""
    if not _is_known(text, contaminants):
        return False
    if len(text) > 3:
        return not _is_method(text) or len(words) == 1
    others = [word for word in words if word != text]
    unknown = [word for word in others if not (_is_method(word) or IDLE.match(word) or _meaning(word, MEDIA))]
    if not unknown:
        return not _is_method(text) or len(words) == 1
    # "As received" and "In situ" name no element, B_Zn and Zn_2 do
    as_written = SYMBOL.fullmatch(text) or re.fullmatch(r"[A-Z][A-Za-z]?\d?O\d?", text)
    return bool(as_written) and len(unknown) == 1 and not re.fullmatch(r"[a-z]{3,}", unknown[0])


def _is_method(word: str) -> bool:
    return bool(_meaning(word, DIGESTIONS) or _meaning(word, INSTRUMENTS))


def _meaning(text: str, vocabulary: Mapping[str, str]) -> str | None:
    return next((name for name, words in vocabulary.items() if re.fullmatch(words, text, re.IGNORECASE)), None)


def _content(
    heading: str, text: str, unit: str | None, basis: str | None, around: tuple[tuple[str, ...], tuple[str, ...]]
) -> Content:
    before, after = around
    methods = [word for word in (*before, *after) if _is_method(word)]
    digestion = next((name for word in methods if (name := _meaning(word, DIGESTIONS))), None)
    instrument = next((name for word in methods if (name := _meaning(word, INSTRUMENTS))), None)
    kept = (tuple(word for word in words if word not in methods and not IDLE.match(word)) for words in (before, after))
    return Content(heading, text, unit, digestion, instrument, basis, *kept)


def digestion_of(text: str) -> str | None:
    """The digestion that a text names."""
    words = WORD.findall(text)
    spans = (" ".join(words[first:last]) for first, last in _spans(len(words)))
    return next((name for span in spans if (name := _meaning(span, DIGESTIONS))), None)


def medium_of(text: str) -> str | None:
    """The medium that a text names."""
    words = WORD.findall(text)
    spans = (" ".join(words[first:last]) for first, last in _spans(len(words)))
    return next((name for span in spans if (name := _meaning(span, MEDIA))), None)


def media_side_by_side(contents: Mapping[str, Content]) -> dict[str, str | None]:
    """The beginnings or ends of headings that tell several specimens of a record apart, each with its medium.

    They are such where the same contaminants stand behind at least two of them, and every heading has one.
    """
    for side in ("before", "after"):
        words = {name: getattr(content, side) for name, content in contents.items()}
        counts = Counter(word for parts in words.values() for word in parts[:1])
        affixes = [word for word, count in counts.items() if count >= FEWEST_SHARED]
        if len(affixes) < 2 or sum(counts[word] for word in affixes) < 0.9 * len(contents):
            continue
        by_affix = {
            affix: {contents[name].contaminant for name, parts in words.items() if parts[:1] == (affix,)}
            for affix in affixes
        }
        shared = set.intersection(*by_affix.values())
        if len(shared) >= FEWEST_SHARED:
            return {_affix(affix, contents, side): medium_of(affix) for affix in affixes}
    return {}


def _affix(word: str, contents: Mapping[str, Content], side: str) -> str:
    """The word with the mark that parts it from the rest, as it stands in the headings."""
    name = next(name for name, content in contents.items() if getattr(content, side)[:1] == (word,))
    if side == "before":
        found = re.match(rf"{re.escape(word)}[\s_.,:/-]*", name)
    else:
        found = re.search(rf"[\s_.,:/-]*{re.escape(word)}$", name)
    return found[0] if found else word
