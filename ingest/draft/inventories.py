"""Sources of pollution of a drafted profile: facilities with releases, registers of sites, mines, landfills."""

import re

from ingest.contaminants import Contaminants
from ingest.draft.table import Table
from ingest.draft.words import WITH_A_REMARK, meaning_score
from ingest.draft.writing import Draft, ask_order, column, quoted
from ingest.headings import split_heading
from ingest.profile import GEOMETRY
from ingest.units import to_kg

SCHEMES = {
    "gnfr": (r"gnfr", r"[A-M]_\w+"),
    "naics": (r".*naics.*", r"\d{2,6}"),
    # of one kind with ISIC down to the divisions
    "nace": (r".*nace.*|.*isic.*", r"[A-U]?\d{2}(?:\.?\d{1,2})?"),
    "anzsic": (r".*anzsic.*", r"[A-S]?\d{2,4}"),
    "sic": (r"(?:primary |main )?sic(?: code)?\d*", r"\d{2,4}"),
    "e-prtr": (r".*activ.*|.*annex.*|.*prtr.*", r"\d{1,2}\.?\(?[a-z]?\)?.*"),
}
MEDIA = {
    "air": r"\bair|(?<![a-z])air(?![a-z])|atmosph|luft|aire\b|stack|fugitive|воздух|大气|空气|废气",
    "water": r"water|wasser|\beau\b|\bagua\b|água|sewer|stream|вод[аыу]|水",
    "land": r"(?<![a-z])land(?![a-z])|landfill|(?<![a-z])soil|boden|\bsol\b|suelo|solo\b|почв|земл|土",
    "transfer": r"transfer|off[\s_-]?site|verbringung|hors site",
}
MOST_TEXTS = 20
FEW = 0.3
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
    roles = sum(any(meaning_score(name, role) >= WITH_A_REMARK for name in table.headings) for role in ROLES)
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
    names = _names_of_pollutants(table, contaminants, taken | used) if masses else None
    if names is not None:
        return used | _draft_mass_by_medium(draft, table, masses, names, taken | used)
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
        elif key == "sector" and table.find("status", taken) is not None:
            draft.add('sector = "contaminated-site"', "a register that gives a status and no sector")
            draft.ask("whether these are contaminated sites, or of which sector else")
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
    ask_order(draft, since, formats)
    return [status, since]


def _names_of_pollutants(table: Table, contaminants: Contaminants, taken: set[str]) -> str | None:
    """The column that names the pollutant whose masses stand beside it, where there is one."""
    name = table.find("pollutant", taken)
    if name is None or name in table.numbers:
        return None
    texts = table.distinct(name)[:MOST_TEXTS]
    known = sum(_is_known(text, contaminants) or contaminants.compounds(text) is not None for text in texts)
    return name if known >= FEW * len(texts) > 0 else None


def _draft_mass_by_medium(draft: Draft, table: Table, masses: list[str], names: str, taken: set[str]) -> set[str]:
    """One column of masses for each medium, and one that names the pollutant."""
    year = table.find("year", {*taken, *masses, names}, numeric=True)
    dated = f", year = {column(year)}" if year else ""
    draft.add("releases = [")
    for name in masses:
        medium = medium_said(name)
        said = f"pollutant = {column(names)}, medium = {quoted(medium or '?')}, quantity = {column(name)}"
        reason = "its heading gives a mass and a medium" if medium else "its heading gives a mass"
        draft.add(f"    {{ {said}, unit = {quoted(str(split_heading(name)[1]))}{dated} }},", reason)
    draft.add("]")
    if unsaid := [name for name in masses if medium_said(name) is None]:
        draft.ask(
            f"the medium that takes up {', '.join(unsaid)}, or whether it is the sum of the others: then leave it"
        )
    if year is None:
        draft.ask("the year of the releases")
    return {*masses, names, *([year] if year else [])}


def medium_said(text: str) -> str | None:
    """The medium of which a text speaks; None where it names none or several."""
    found = [medium for medium, pattern in MEDIA.items() if re.search(pattern, text, re.IGNORECASE)]
    return found[0] if len(found) == 1 else None


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
    used |= _draft_medium(draft, table, taken | used)
    year = table.find("year", taken | used, numeric=True)
    if year is not None:
        used.add(year)
        draft.add(f"year = {column(year)}", "its heading")
    return used | _draft_quantity(draft, table, taken | used)


def _draft_medium(draft: Draft, table: Table, taken: set[str]) -> set[str]:
    """The column whose heading or whose texts speak of media; else the name of the file, or a question."""
    free = [name for name in table.headings if name not in taken and name not in table.numbers]
    telling = (name for name in free if _speaks_of_media(table.distinct(name)[:MOST_TEXTS]))
    name = table.find("release_medium", taken) or next(telling, None)
    if name is not None:
        said = {text: medium_said(text) or text for text in table.distinct(name)[:MOST_TEXTS]}
        values = said if any(text.lower() != medium for text, medium in said.items()) else None
        draft.add(f"medium = {column(name, values=values)}", "it speaks of media")
        return {name}
    named = medium_said(re.sub(r"[\W_\d]+", " ", draft.file))
    draft.add(f"medium = {quoted(named or '?')}", "the name of the file" if named else "")
    draft.ask("the medium that takes up the releases: air, water, land, soil")
    return set()


def _speaks_of_media(texts: list[str]) -> bool:
    return bool(texts) and all(medium_said(text) for text in texts)


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
