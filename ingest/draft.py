"""A profile drafted from a file that nobody has described yet: guesses with their reasons, and open questions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingest.contaminants import Contaminants
from ingest.coordinates import Fault, horizontal_crs, locate
from ingest.guesses import (
    COORDINATES,
    FIELDS,
    INVENTORY,
    LONG,
    OF_SYSTEM,
    SCHEMES,
    SOURCES,
    TEXT_FIELDS,
    Table,
    count,
    means,
    read_table,
)
from ingest.headings import split_heading
from ingest.oxides import matched
from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y, FileOptions
from ingest.readers import open_file
from ingest.readers.base import Opened
from ingest.units import to_kg


@dataclass(slots=True)
class Draft:
    """The text of a profile, the reason of each guess, and what was left for a person to say."""

    file: str
    lines: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)

    def add(self, line: str, reason: str = "") -> None:
        """A line of the profile, with why it stands there as a comment beside it."""
        self.lines.append(f"{line}  # {reason}" if reason else line)
        if reason:
            self.reasons.append(f"{line.strip()}: {reason}")

    def part(self, heading: str) -> None:
        """The heading of a part, parted from what is above."""
        self.lines += ["", heading]

    def ask(self, question: str) -> None:
        """Something that the file does not say."""
        self.open_questions.append(question)

    @property
    def toml(self) -> str:
        """The profile, with the open questions on top."""
        asked = [f"#   - {question}" for question in self.open_questions]
        return "\n".join([f"# Drafted from {self.file}. Not told by the file:", *asked, "", *self.lines, ""])


def draft_profile(file: Path, contaminants: Contaminants, options: FileOptions | None = None) -> Draft:
    """Inspect a file and draft its profile; raises `IngestError` where it cannot be read at all."""
    options = options or FileOptions()
    opened = open_file(file, options)
    table = read_table(opened)
    draft = Draft(file.name)
    _dataset(draft, file)
    _file(draft, opened, options, table)
    taken = _position(draft, table)
    if any(means(name, INVENTORY) for name in table.headings):
        taken |= _sources(draft, table, taken)
    else:
        taken |= _specimen(draft, table, taken)
        taken |= _measurements(draft, table, contaminants, taken)
    left = [name for name in table.headings if name not in taken]
    if left:
        draft.ask(f"what these columns mean, which are not read: {', '.join(left)}")
    return draft


def _dataset(draft: Draft, file: Path) -> None:
    slug = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:62] or "dataset"
    draft.add("[dataset]")
    draft.add(f'name = "{slug}"', "from the name of the file")
    for key, value in (("title", file.stem), ("licence", "?"), ("provider", "?")):
        draft.add(f"{key} = {_quoted(value)}")
    draft.ask("title, licence and provider of the data")


def _file(draft: Draft, opened: Opened, options: FileOptions, table: Table) -> None:
    draft.part("[file]")
    if options.sheet:
        draft.add(f"sheet = {_quoted(options.sheet)}")
    if options.heading_row > 1:
        draft.add(f"heading_row = {options.heading_row}")
    if table.decimal == ",":
        draft.add('decimal = ","', "most numbers with a mark have a comma")
    for guess in opened.guesses:
        draft.add(f"# {guess}")


def _position(draft: Draft, table: Table) -> set[str]:
    draft.part("[position]")
    geometry = {GEOMETRY, GEOMETRY_X, GEOMETRY_Y}
    if GEOMETRY in table.headings:
        draft.add(f"# nothing to state: the file has points, in {table.crs}")
        return geometry
    pairs = _pairs(table)
    if not pairs:
        draft.ask("which columns hold the coordinates, and in which system they are")
    for number, (x, y) in enumerate(pairs[:2]):
        if number:
            draft.part("[position.second]")
        _system(draft, table, x, y)
        for axis, name in (("x", x), ("y", y)):
            draft.add(f"{axis} = {_column(name)}", "its heading")
    return {name for pair in pairs[:2] for name in pair}


def _pairs(table: Table) -> list[tuple[str, str]]:
    """Pairs of columns that look like coordinates: degrees first."""
    found = {
        axis: [name for name in table.numbers if means(name, f"(?:{pattern}){OF_SYSTEM}")]
        for axis, pattern in COORDINATES.items()
    }
    pairs = zip(found["x"], found["y"], strict=False)
    return sorted(pairs, key=lambda pair: not _in_degrees(table, *pair))


def _in_degrees(table: Table, x: str, y: str) -> bool:
    return bool(np.nanmax(np.abs(table.numbers[x])) <= 180 and np.nanmax(np.abs(table.numbers[y])) <= 90)


def _system(draft: Draft, table: Table, x: str, y: str) -> None:
    named = re.search(r"(?<!\d)(\d{4,5})(?!\d)", f"{x} {y}")
    if named and _fits(table, x, y, f"EPSG:{named[1]}"):
        draft.add(f'crs = "EPSG:{named[1]}"', "a heading names it and the coordinates lie in its area")
    elif _in_degrees(table, x, y):
        draft.add('crs = "EPSG:4326"', f"all of {x} is within 180 and all of {y} within 90, so they are degrees")
        draft.ask("whether the degrees are of WGS 84 (EPSG:4326) or of a national datum")
    else:
        draft.add('crs = "?"')
        draft.ask(f"the system of the coordinates {x} ({_range(table, x)}) and {y} ({_range(table, y)}): position.crs")


def _fits(table: Table, x: str, y: str, crs: str) -> bool:
    try:
        fault = locate(table.numbers[x], table.numbers[y], horizontal_crs(crs), 0.5).fault
    except ValueError:
        return False
    return bool((fault == Fault.NONE).mean() > 0.9)


def _range(table: Table, name: str) -> str:
    values = table.numbers[name]
    return f"{np.nanmin(values):.0f} to {np.nanmax(values):.0f}"


def _specimen(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    draft.part("[specimen]")
    draft.add('medium = "?"')
    draft.ask("the medium: mineral-horizon, o-horizon, sediment, moss, …")
    found: dict[str, str] = {}
    for key, pattern in FIELDS.items():
        name = table.find(pattern, taken | set(found.values()), numeric=key not in TEXT_FIELDS)
        if name is not None and (key != "code" or table.is_unique(name) or _long(table, taken)):
            found[key] = name
            draft.add(f"{key} = {_column(name)}", "its heading")
    if "upper_depth_cm" not in found:
        draft.ask("the depth of sampling: upper_depth_cm, lower_depth_cm")
    return set(found.values())


def _long(table: Table, taken: set[str]) -> dict[str, str]:
    """The columns of a layout with one measurement per row, by what they mean; empty where it is not that layout."""
    found = {key: table.find(pattern, taken, numeric=key in ("value", "lod")) for key, pattern in LONG.items()}
    there = {key: name for key, name in found.items() if name is not None}
    return there if {"contaminant", "value"} <= set(there) else {}


def _measurements(draft: Draft, table: Table, contaminants: Contaminants, taken: set[str]) -> set[str]:
    draft.part("[measurements]")
    draft.add('basis = "unknown"')
    draft.add('digestion = "unknown"')
    draft.ask("how the samples were digested (aqua-regia, total, …), and whether contents are of dry soil")
    long = _long(table, taken)
    for key, name in long.items():
        draft.add(f"{key} = {_column(name)}", "its heading; a row holds one measurement")
    columns = {} if long else dict(_contents(table, contaminants, taken))
    if not columns and not long:
        draft.ask("which columns hold contents: no heading is a known contaminant")
    if "unit" not in long and (long or any(unit is None for _, unit in columns.values())):
        draft.add('unit = "?"')
        draft.ask("the unit of the contents whose heading gives none")
    _notation(draft, table, [long["value"]] if long else list(columns))
    if columns:
        draft.part("[measurements.columns]")
    for name, (contaminant, unit) in columns.items():
        given = f", unit = {_quoted(unit)}" if unit else ""
        reason = "its heading" + (" gives contaminant and unit" if unit else "")
        draft.add(f"{_quoted(name)} = {{ contaminant = {_quoted(contaminant)}{given} }}", reason)
    return {*columns, *long.values()}


def _contents(
    table: Table, contaminants: Contaminants, taken: set[str]
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    for name in table.numbers:
        label, unit = split_heading(name)
        for text in (label, re.split(r"[\s_.,-]+", label)[0]) if name not in taken else ():
            if _is_known(text, contaminants):
                yield name, (text, unit)
                break


def _is_known(text: str, contaminants: Contaminants) -> bool:
    try:
        matched(text, contaminants)
    except ValueError:
        return False
    return True


def _notation(draft: Draft, table: Table, columns: list[str]) -> None:
    zeros = [name for name in columns if (table.numbers[name] == 0).any()]
    negative = [name for name in columns if (table.numbers[name] < 0).any()]
    about = [name for name in columns if count(table.texts[name], "^~")]
    if zeros:
        draft.ask(f"what a content of 0 means (in {', '.join(zeros[:5])}): notation.zero")
    if negative:
        draft.ask(
            f"whether negative contents are limits of detection (in {', '.join(negative[:5])}): notation.negative"
        )
    if about:
        draft.add('notation.approximate = "flag"', f"there are values such as ~5 in {about[0]}")


def _sources(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    draft.part("[sources]")
    draft.add("# a heading speaks of facilities, sectors, releases or emissions: this is an inventory of sources")
    found: dict[str, str] = {}
    for key, pattern in SOURCES.items():
        name = table.find(pattern, taken | set(found.values()))
        if name is not None:
            found[key] = name
            scheme = next((known for known, heading in SCHEMES.items() if means(name, heading)), None)
            stated = f', scheme = "{scheme}"' if key == "sector" and scheme else ""
            draft.add(f"{key} = {{ column = {_quoted(name)}{stated} }}", "its heading")
        elif key != "code":
            draft.add(f'{key} = "?"')
            draft.ask(f"the {key} of the sources")
    if "code" in found and not table.is_unique(found["code"]):
        draft.add('layout = "one-row-per-release"', f"{found['code']} stands more than once")
    masses = [name for name in table.numbers if name not in taken and _mass_of(name)]
    draft.add("releases = [")
    for name in masses:
        pollutant, unit = split_heading(name)
        quantity = f'quantity = {_column(name)}, unit = "{unit}"'
        draft.add(f'    {{ pollutant = {_quoted(pollutant)}, medium = "?", {quantity} }},', "its heading gives a mass")
    draft.add("]")
    draft.ask("the medium that takes up the releases: air, water, land; and the year of each")
    return {*found.values(), *masses}


def _mass_of(heading: str) -> bool:
    unit = split_heading(heading)[1]
    try:
        return unit is not None and bool(to_kg(unit))
    except ValueError:
        return False


def _column(name: str) -> str:
    return f"{{ column = {_quoted(name)} }}"


def _quoted(text: str) -> str:
    """A TOML string; TOML's basic strings are JSON's."""
    return json.dumps(text, ensure_ascii=False)
