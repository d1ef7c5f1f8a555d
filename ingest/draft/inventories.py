"""Sources of pollution of a drafted profile: facilities with releases, registers of sites, mines, landfills."""

import re

from ingest.contaminants import Contaminants
from ingest.draft.table import Table
from ingest.draft.words import meaning_score
from ingest.draft.writing import Draft, column, quoted
from ingest.headings import split_heading
from ingest.profile import GEOMETRY
from ingest.units import to_kg

SCHEMES = {
    "gnfr": (r"gnfr", r"[A-M]_\w+"),
    "naics": (r".*naics.*", r"\d{2,6}"),
    "nace": (r".*nace.*", r"[A-U]?\d{2}(?:\.\d{1,2})?"),
    "e-prtr": (r".*activ.*|.*annex.*", r"\d{1,2}\.?\(?[a-z]?\)?.*"),
}
# a heading that only an inventory has
ROLES = ("source_code", "name", "sector", "pollutant", "status", "quantity")
SIGNS = re.compile(
    r"facility|naics|gnfr|release|emission|nace|prtr|superfund|\bnpl\b|landfill|altlast|brownfield|deposit|\bmine\b|"
    r"site[\s_]?name|site[\s_]?status|commod|operator|выброс|排放|betrieb|rejet|émission|emisi|deponie|sector|industr",
    re.IGNORECASE,
)


def is_inventory(table: Table, contents: int) -> bool:
    """Whether the headings are those of a list of sources rather than of samples."""
    signs = sum(SIGNS.search(name) is not None for name in table.headings)
    if contents:
        return signs >= (1 if contents < 2 else 3)
    roles = sum(any(meaning_score(name, role) > 1 for name in table.headings) for role in ROLES)
    return signs > 0 or roles >= 3


def draft_sources(draft: Draft, table: Table, contaminants: Contaminants, taken: set[str]) -> set[str]:
    """Draft the part on sources; the columns that it reads."""
    draft.part("[sources]")
    draft.add(
        "# a heading speaks of facilities, sites, sectors, releases or emissions: this is an inventory of sources"
    )
    found = _draft_identity(draft, table, taken)
    code = found.get("code")
    masses = [name for name in table.numbers if name not in taken and _mass_of(name)]
    repeated = code is not None and not table.is_unique(code)
    if repeated:
        draft.add('layout = "one-row-per-release"', f"{code} stands more than once")
    if GEOMETRY in table.headings:
        draft.add('geometry = "file"', "the file has geometries")
    used = {*found.values(), *_draft_status(draft, table, taken | set(found.values()))}
    if masses:
        return used | _draft_masses(draft, table, masses, taken | used)
    return used | _draft_releases(draft, table, contaminants, taken | used)


def _draft_identity(draft: Draft, table: Table, taken: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, meaning in (("code", "source_code"), ("name", "name"), ("sector", "sector")):
        name = table.find(meaning, taken | set(found.values()))
        if name is not None:
            found[key] = name
            scheme = _scheme(table, name) if key == "sector" else None
            draft.add(f"{key} = {column(name, scheme=scheme)}", "its heading")
            if key == "sector":
                draft.add(f"sector_original = {column(name)}", "the code as the inventory has it")
        elif key != "code":
            draft.add(f'{key} = "?"')
            draft.ask(f"the {key} of the sources")
    return found


def _scheme(table: Table, name: str) -> str | None:
    texts = table.distinct(name)[:20]
    for scheme, (heading, code) in SCHEMES.items():
        coded = sum(re.fullmatch(code, text) is not None for text in texts)
        if re.fullmatch(heading, split_heading(name)[0], re.IGNORECASE) and coded >= max(1, 0.7 * len(texts)):
            return scheme
    return None


def _draft_status(draft: Draft, table: Table, taken: set[str]) -> list[str]:
    status = table.find("status", taken)
    if status is None:
        return []
    draft.add(f"status = {column(status)}", "its heading")
    since = table.find("status_since", {*taken, status})
    formats = table.days(since) if since else ()
    if since is None or not formats:
        return [status]
    draft.add(f"status_since = {column(since, format=None if formats[0] == '%Y-%m-%d' else formats[0])}", "its heading")
    return [status, since]


def _draft_masses(draft: Draft, table: Table, masses: list[str], taken: set[str]) -> set[str]:
    """One column for each pollutant."""
    year = table.find("year", {*taken, *masses})
    dated = f", year = {column(year)}" if year else ""
    draft.add("releases = [")
    for name in masses:
        pollutant, unit = split_heading(name)
        mass = f"quantity = {column(name)}, unit = {quoted(str(unit))}{dated}"
        entry = f'    {{ pollutant = {quoted(pollutant)}, medium = "?", {mass} }},'
        draft.add(entry, "its heading gives a mass")
    draft.add("]")
    draft.ask(f"the medium that takes up the releases: air, water, land{'' if year else '; and the year of each'}")
    return {*masses, *([year] if year else [])}


def _draft_releases(draft: Draft, table: Table, contaminants: Contaminants, taken: set[str]) -> set[str]:
    """One column that names the pollutant, with or without a mass beside it."""
    pollutant = table.find("pollutant", taken)
    if pollutant is None:
        draft.ask("which pollutants the sources release, if the file says so at all: sources.releases")
        return set()
    used = {pollutant}
    draft.part("[[sources.releases]]")
    split = _separator(table.distinct(pollutant), contaminants)
    draft.add(f"pollutant = {column(pollutant)}", "its heading")
    if split:
        draft.add(f"separator = {quoted(split)}", "several names stand in a cell")
    for key, meaning, numeric in (("medium", "release_medium", False), ("year", "year", True)):
        name = table.find(meaning, taken | used, numeric=numeric)
        if name is not None:
            used.add(name)
            draft.add(f"{key} = {column(name)}", "its heading")
        elif key == "medium":
            draft.add('medium = "?"')
            draft.ask("the medium that takes up the releases: air, water, land, soil")
    return used | _draft_quantity(draft, table, taken | used)


def _separator(texts: list[str], contaminants: Contaminants) -> str | None:
    """The mark that parts several names in one cell: that which leaves most of them known."""
    for mark in (";", "|", "/", ","):
        pieces = [piece.strip() for text in texts if mark in text for piece in text.split(mark)]
        if pieces and sum(_is_known(piece, contaminants) for piece in pieces) >= 0.5 * len(pieces):
            return mark
    return None


def _is_known(text: str, contaminants: Contaminants) -> bool:
    try:
        contaminants.match(text)
    except ValueError:
        return False
    return True


def _draft_quantity(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    quantity = table.find("quantity", taken, numeric=True)
    if quantity is None:
        return set()
    draft.add(f"quantity = {column(quantity)}", "its heading")
    unit = table.find("unit", {*taken, quantity})
    stated = "kg" if re.search(r"kg\W*$", quantity, re.IGNORECASE) else None
    if unit is not None and meaning_score(unit, "unit"):
        draft.add(f"unit = {column(unit)}", "its heading")
        return {quantity, unit}
    draft.add(f'unit = "{stated or "?"}"', "the heading of the quantity" if stated else "")
    if stated is None:
        draft.ask(f"the unit of {quantity}: kg, t, pounds, …")
    return {quantity}


def _mass_of(heading: str) -> bool:
    unit = split_heading(heading)[1]
    try:
        return unit is not None and bool(to_kg(unit))
    except ValueError:
        return False
