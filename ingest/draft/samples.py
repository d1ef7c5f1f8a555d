"""Specimens and measurements of a drafted profile."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from ingest.contaminants import Contaminants
from ingest.draft.contents import Content, contents_in, digestion_of, media_side_by_side, medium_of
from ingest.draft.notation import draft_notation
from ingest.draft.table import MOSTLY, Table
from ingest.draft.words import meaning_score
from ingest.draft.writing import Draft, ask_order, column, quoted
from ingest.headings import basis_in, split_heading, unit_in
from ingest.oxides import matched
from ingest.qualifiers import MEANINGS
from ingest.scales import scale_to

TEXTS = ("code", "site", "land_use", "texture")
NUMBERS = ("ph", "clay_percent", "silt_percent", "sand_percent", "organic_matter_percent", "toc_percent")
LONG = ("contaminant", "value", "unit", "cas", "lod", "loq", "qualifier", "digestion", "laboratory", "batch", "basis")
OF_RANGE = r"^\s*\d+(?:[.,]\d+)?\s*(?:cm|m|in|ft)?\s*(?:[-–—/]|to|bis|a|à)\s*\d+(?:[.,]\d+)?"
IN_BRACKETS = re.compile(r"[(\[_\s](?P<unit>cm|mm|m|ft|feet|in|inch|inches|g/kg|%|pct)[)\]]?$", re.IGNORECASE)
ELEMENTS = 30
BESIDE = {
    "qualifier": r"{stem}[\s_.-]*(?:flag|q|qual|qualifier|cen|censored|sign|lt|code|rem|remark)|"
    r"(?:flag|q|qual|sign)[\s_.-]*{stem}",
    "lod": r"{stem}[\s_.-]*(?:lod|mdl|dl|ld|nwg|detection limit)(?:\W.*)?|(?:lod|mdl|dl|ld|nwg)[\s_.-]*{stem}(?:\W.*)?",
}


PART = "part"


def bare(affix: str) -> str:
    """The beginning or end of a heading without the marks that part it from the rest."""
    return affix.strip(" _.,:/-")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of the measurements: by their role where a row holds one, else one content each."""

    long: Mapping[str, str]
    contents: Mapping[str, Content]
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def values(self) -> list[str]:
        """The columns in which contents stand."""
        return [self.long["value"]] if self.long else list(self.contents)

    @property
    def columns(self) -> set[str]:
        """Every column of the measurements."""
        return {
            *self.long.values(),
            *self.contents,
            *(name for names in self.beside.values() for name in names.values()),
        }


def measured_in(table: Table, contaminants: Contaminants, taken: Iterable[str]) -> Layout:
    """How a table holds its contents; wide tables name a contaminant in several headings, long ones in the cells."""
    contents = contents_in(table, contaminants, taken)
    long = _long(table, contaminants, set(taken))
    if long and len(contents) < 2:
        return Layout(long, {})
    return Layout({}, contents, {name: found for name in contents if (found := _beside(table, name))})


def _beside(table: Table, name: str) -> dict[str, str]:
    """The columns that hold the signs and the limits of detection of another column: `Pb_flag`, `PbCen`, `Pb LOD`."""
    stem = re.escape(split_heading(name)[0])
    found: dict[str, str] = {}
    for role, pattern in BESIDE.items():
        of_role = (other for other in table.headings if re.fullmatch(pattern.format(stem=stem), other, re.IGNORECASE))
        fits = (other for other in of_role if other != name and _serves_beside(table, other, role))
        if (first := next(fits, None)) is not None:
            found[role] = first
    return found


def _serves_beside(table: Table, name: str, role: str) -> bool:
    if role == "lod":
        return name in table.numbers
    return all(text.casefold() in MEANINGS for text in table.distinct(name)[:ELEMENTS])


def _long(table: Table, contaminants: Contaminants, taken: set[str]) -> dict[str, str]:
    names = [name for name in table.headings if name not in taken and name not in table.numbers]
    candidates = sorted(names, key=lambda name: -meaning_score(name, "contaminant"))
    which = next((name for name in candidates if _holds_contaminants(table, name, contaminants)), None)
    value = table.find("value", taken, numeric=True)
    if which is None or value is None:
        return {}
    found = {"contaminant": which, "value": value}
    for role in LONG[2:]:
        numeric = role in ("lod", "loq")
        name = table.find(role, taken | set(found.values()), numeric=numeric)
        if name is not None and _serves(table, name, role):
            found[role] = name
    return found


def _holds_contaminants(table: Table, name: str, contaminants: Contaminants) -> bool:
    texts = table.distinct(name)[:ELEMENTS]
    known = sum(_is_known(text, contaminants) for text in texts)
    named = meaning_score(name, "contaminant") > 0
    return bool(texts) and (known >= 0.3 * len(texts) if named else known >= 0.7 * len(texts) and len(texts) > 1)


def _is_known(text: str, contaminants: Contaminants) -> bool:
    try:
        matched(text, contaminants)
    except ValueError:
        return False
    return True


def _serves(table: Table, name: str, role: str) -> bool:
    """Whether what stands in a column is what its heading says."""
    texts = table.distinct(name)[:ELEMENTS]
    if role == "unit":
        return any(unit_in(text) for text in texts)
    if role == "qualifier":
        return all(text.casefold() in MEANINGS for text in texts)
    if role == "basis":
        return bool(texts) and all(_basis(text) for text in texts)
    if role == "cas":
        return any(re.fullmatch(r"\d{2,7}-\d{2}-\d", text) for text in texts)
    return bool(texts)


def _basis(text: str) -> str | None:
    known = {"dry": "dry", "d": "dry", "wet": "wet", "w": "wet", "dry weight": "dry", "wet weight": "wet"}
    return known.get(text.casefold()) or basis_in(f"x mg/kg {text}")


def draft_specimen(
    draft: Draft, table: Table, layout: Layout, folds: Mapping[str, str | None], taken: set[str]
) -> set[str]:
    """Draft the part on specimens; the columns that it reads."""
    draft.part("[specimen]")
    found = _draft_medium(draft, table, folds, taken)
    for key in TEXTS:
        name = table.find(key, taken | found)
        if name is not None and (key != "code" or _is_code(table, name, layout)):
            found.add(name)
            also = [PART] if folds and key == "code" else None
            draft.add(f"{key} = {column(name, also=also)}", "its heading")
        elif name is not None and table.find("site", taken | found) is None:
            found.add(name)
            draft.add(f"site = {column(name)}", "its heading; it stands more than once, so it is no code of a sample")
    found |= _draft_depths(draft, table, taken | found)
    found |= _draft_date(draft, table, taken | found)
    for key in NUMBERS:
        name = table.find(key, taken | found, numeric=True)
        if name is not None and _is_plausible(table, name, key):
            found.add(name)
            draft.add(f"{key} = {column(name, unit=_unit_beside(name, key))}", "its heading")
    return found


def _is_code(table: Table, name: str, layout: Layout) -> bool:
    return table.is_unique(name) or bool(layout.long)


def _is_plausible(table: Table, name: str, key: str) -> bool:
    values = table.numbers[name][np.isfinite(table.numbers[name])]
    highest = 14.0 if key == "ph" else 1000.0 if _unit_beside(name, key) else 100.0
    return len(values) == 0 or float(np.median(values)) <= highest


def _draft_medium(draft: Draft, table: Table, folds: Mapping[str, str | None], taken: set[str]) -> set[str]:
    if folds:
        values = {bare(affix): medium or "?" for affix, medium in folds.items()}
        draft.add(f"medium = {column(PART, values=values)}", "the beginnings or ends of headings, see file.fold")
        return set()
    name = table.find("medium", taken)
    texts = table.distinct(name) if name is not None else []
    known = {text: medium_of(text) for text in texts}
    if name is not None and texts and len(texts) <= ELEMENTS and any(known.values()):
        values = {text: medium or "?" for text, medium in known.items()}
        draft.add(f"medium = {column(name, values=values)}", "its heading and what stands in it")
        draft.ask(f"whether the media are what the texts of {name} were taken for{_unknown(known)}")
        return {name}
    draft.add('medium = "?"')
    draft.ask("the medium: mineral-horizon, o-horizon, sediment, moss, …")
    return set()


def _unknown(known: Mapping[str, str | None]) -> str:
    texts = [text for text, medium in known.items() if medium is None]
    return f", and what is meant by {', '.join(texts)}" if texts else ""


def _draft_depths(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    ranges = table.find("depth", taken)
    if ranges is not None and table.holds(ranges, OF_RANGE) >= MOSTLY * len(table.written(ranges)) > 0:
        draft.add(f"depth_cm = {column(ranges, unit=_unit_beside(ranges, 'depth_cm'))}", "ranges of depths")
        _ask_depth_unit(draft, ranges)
        return {ranges}
    found: set[str] = set()
    for key, meaning in (("upper_depth_cm", "upper"), ("lower_depth_cm", "lower")):
        name = table.find(meaning, taken | found, numeric=True)
        if name is not None:
            found.add(name)
            draft.add(f"{key} = {column(name, unit=_unit_beside(name, key))}", "its heading")
            _ask_depth_unit(draft, name)
    if not found and ranges is not None and ranges in table.numbers:
        draft.add(f"lower_depth_cm = {column(ranges, unit=_unit_beside(ranges, 'lower_depth_cm'))}", "its heading")
        draft.ask(f"whether {ranges} is the depth down to which a sample reaches, and in which unit")
        return {ranges}
    if not found:
        draft.ask("the depth of sampling: upper_depth_cm, lower_depth_cm")
    return found


def _ask_depth_unit(draft: Draft, name: str) -> None:
    if IN_BRACKETS.search(name) is None:
        draft.ask(f"the unit of {name}, taken for cm")


def _unit_beside(name: str, field: str) -> str | None:
    """The unit in a heading, where it is not the one of the field."""
    found = IN_BRACKETS.search(name)
    try:
        return found["unit"] if found and scale_to(field, found["unit"]) != 1 else None
    except ValueError:
        return None


def _draft_date(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    for meaning in ("sampled", "year"):
        name = table.find(meaning, taken)
        formats = table.days(name) if name is not None else ()
        if name is None or not formats:
            continue
        written = None if formats[0] == "%Y-%m-%d" else formats[0]
        draft.add(f"sampled = {column(name, format=written)}", f"every text is a date written {formats[0]}")
        ask_order(draft, name, formats)
        return {name}
    return set()


def draft_measurements(draft: Draft, table: Table, layout: Layout, folds: Mapping[str, str | None]) -> None:
    """Draft the parts on measurements."""
    draft.part("[measurements]")
    if layout.long:
        _draft_long(draft, table, layout)
    else:
        _draft_general(draft, table, layout)
    draft_notation(draft, table, layout.values, limits="lod" in layout.long)
    if layout.contents:
        draft.part("[measurements.columns]")
    affixes = sorted(folds, key=len, reverse=True)
    written: set[str] = set()
    for name, content in layout.contents.items():
        bare = next((_without(name, affix) for affix in affixes if _without(name, affix)), name)
        if bare not in written:
            written.add(bare)
            draft.add(f"{quoted(bare)} = {_entry(content, layout.beside.get(name, {}))}", _reason(content))


def _without(name: str, affix: str) -> str:
    return (
        name.removeprefix(affix) if name.startswith(affix) else name.removesuffix(affix) if name.endswith(affix) else ""
    )


def _entry(content: Content, beside: Mapping[str, str]) -> str:
    said = {"contaminant": content.contaminant, "unit": content.unit, "digestion": content.digestion}
    said |= {"instrument": content.instrument, "basis": content.basis}
    parts = [f"{key} = {quoted(value)}" for key, value in said.items() if value]
    return f"{{ {', '.join([*parts, *(f'{key} = {column(name)}' for key, name in beside.items())])} }}"


def _reason(content: Content) -> str:
    told = [key for key in ("unit", "digestion", "instrument", "basis") if getattr(content, key)]
    return "its heading" + (f" gives contaminant and {', '.join(told)}" if told else "")


def _draft_general(draft: Draft, table: Table, layout: Layout) -> None:
    contents = layout.contents.values()
    if not contents:
        draft.ask("which columns hold contents: no heading is a known contaminant")
    draft.add('basis = "unknown"')
    draft.add('digestion = "unknown"')
    if not contents or any(content.digestion is None or content.basis is None for content in contents):
        draft.ask("how the samples were digested (aqua-regia, total, …), and whether contents are of dry soil")
    if not contents or any(content.unit is None and not _unit_above(table, content) for content in contents):
        draft.add('unit = "?"')
        draft.ask("the unit of the contents whose heading gives none")


def _unit_above(table: Table, content: Content) -> bool:
    return bool(unit_in(table.units.get(content.heading, "")))


def _draft_long(draft: Draft, table: Table, layout: Layout) -> None:
    long = layout.long
    for role in ("contaminant", "value", "cas", "lod", "loq", "laboratory", "batch", "qualifier"):
        if role in long:
            draft.add(f"{role} = {column(long[role])}", "its heading; a row holds one measurement")
    if "unit" in long:
        _draft_units(draft, table, long["unit"])
    else:
        draft.add('unit = "?"')
        draft.ask("the unit of the contents")
    _draft_digestion(draft, table, long.get("digestion"))
    bases = {text: _basis(text) or "unknown" for text in table.distinct(long["basis"])} if "basis" in long else {}
    draft.add(f"basis = {column(long['basis'], values=bases)}" if bases else 'basis = "unknown"')
    if not bases:
        draft.ask("whether contents are of dry soil: measurements.basis")
    repeats = [name for name in (table.find("code"), long["contaminant"], long.get("digestion")) if name is not None]
    if len(repeats) > 1 and _repeats(table, repeats):
        draft.add('replicates = "number"', "the same was measured on the same sample more than once")


def _draft_units(draft: Draft, table: Table, name: str) -> None:
    spelt = {text: unit_in(text) or text for text in table.distinct(name)}
    units = set(spelt.values())
    if len(units) == 1 and len(table.written(name)) < len(table.texts[name]):
        # what was not detected often bears no unit
        given = column(name, values=spelt | {"": next(iter(units))})
        draft.add(f"unit = {given}", "its heading; where no unit stands, the one of all others")
        draft.ask(f"whether values without a unit in {name} are in {next(iter(units))}, too")
        return
    values = spelt if any(text != unit for text, unit in spelt.items()) else None
    draft.add(f"unit = {column(name, values=values)}", "its heading; a row holds one measurement")


def _draft_digestion(draft: Draft, table: Table, name: str | None) -> None:
    if name is None:
        draft.add('digestion = "unknown"')
        draft.ask("how the samples were digested: aqua-regia, total, …")
        return
    known = {text: digestion_of(text) or text for text in table.distinct(name)[:ELEMENTS]}
    values = known if any(text != digestion for text, digestion in known.items()) else None
    draft.add(f"digestion = {column(name, values=values)}", "its heading")
    draft.ask(f"whether the digestions are what the texts of {name} were taken for")


def _repeats(table: Table, names: list[str]) -> bool:
    keys = pc.binary_join_element_wise(*(table.texts[name] for name in names), "\x1f")
    return bool(pc.count_distinct(keys).as_py() < len(keys))


def folds_in(layout: Layout) -> dict[str, str | None]:
    """What tells several specimens of a row apart, and their media."""
    return media_side_by_side(layout.contents)
