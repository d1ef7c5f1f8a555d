"""Columns of coordinates and the system that they are in."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from ingest.coordinates import Fault, horizontal_crs, locate
from ingest.draft.table import MOSTLY, Table
from ingest.draft.words import meaning_score
from ingest.draft.writing import Draft, column
from ingest.profile import GEOMETRY, GEOMETRY_X, GEOMETRY_Y

Pair = tuple[str, str]
# surveys keep to one zone a little beyond its edge
BEYOND_DEGREES = 3.0
# systems by the words that headings have for them; where there are zones, {zone} is one of two digits
SYSTEMS = {
    r"utm[\s_]*(?:zone)?[\s_]*(?P<zone>\d{1,2})[\s_]*s\b": "EPSG:327{zone:02d}",
    r"(?:etrs\w*[\s_]*)(?:utm)?[\s_]*(?:zone)?[\s_]*(?P<zone>3[0-7])n?\b": "EPSG:258{zone:02d}",
    r"(?:utm|wgs|e|n)[\s_]*(?:zone)?[\s_]*(?P<zone>\d{1,2})n?(?:wgs|\b)": "EPSG:326{zone:02d}",
    r"\b(?:rd|rijksdriehoek)\b": "EPSG:28992",
    r"l(?:ambert)?[\s_]*-?93": "EPSG:2154",
    r"lv[\s_]*95": "EPSG:2056",
    r"lv[\s_]*03|ch1903": "EPSG:21781",
    r"osgb|\bbng\b|british": "EPSG:27700",
    r"\bitm\b": "EPSG:2157",
    r"nztm": "EPSG:2193",
    r"laea|etrs[\s_]*89[\s_]*3035": "EPSG:3035",
    r"(?:mga|gda94)[\s_]*(?:zone)?[\s_]*(?P<zone>49|5[0-6])": "EPSG:283{zone:02d}",
    r"(?:gda2020)[\s_]*(?:zone)?[\s_]*(?P<zone>49|5[0-6])": "EPSG:78{zone:02d}",
    r"nad[\s_]*83": "EPSG:4269",
    r"nad[\s_]*27": "EPSG:4267",
    r"sirgas": "EPSG:4674",
    r"gda94": "EPSG:4283",
    r"etrs": "EPSG:4258",
    r"wgs": "EPSG:4326",
}
OTHER_AXIS = {"x": "y", "y": "x", "X": "Y", "Y": "X"}
PARTS = {
    "degrees": r"(?:lat|lon)\w*[\s_]*d(?:eg\w*)?|d(?:eg\w*)?[\s_]*(?:lat|lon)\w*|.*(?:grad|deg)",
    "minutes": r".*min\w*|.*[\s_]m",
    "seconds": r".*sec\w*|.*[\s_]s",
    "side": r"ns|ew|n/s|e/w|.*hem\w*|.*dir\w*|.*[\s_](?:ns|ew)",
}


def draft_position(draft: Draft, table: Table) -> set[str]:
    """Draft the part on positions; the columns that it reads."""
    draft.part("[position]")
    if GEOMETRY in table.headings:
        draft.add(
            f"# nothing to state: the file has its geometries, in {table.crs or 'a system that it does not name'}"
        )
        if table.crs is None:
            draft.add('crs = "?"')
            draft.ask("the coordinate reference system of the file: position.crs, for example 'EPSG:4326'")
        return {GEOMETRY, GEOMETRY_X, GEOMETRY_Y}
    pairs = pairs_in(table)
    parts = {axis: _columns_of_parts(table, word) for axis, word in (("x", "lon"), ("y", "lat"))}
    if not pairs or (all(parts.values()) and _in_degrees(table, pairs[0])):
        return _draft_parts(draft, parts)
    taken: set[str] = set()
    for number, pair in enumerate(pairs[:2]):
        if number and not _has_system(table, pair):
            draft.ask(f"the system of the second pair of coordinates, {pair[0]} and {pair[1]}: [position.second]")
            continue
        if number:
            draft.part("[position.second]")
        taken |= set(pair) | _draft_pair(draft, table, pair, second=bool(number))
    return taken


def pairs_in(table: Table) -> list[Pair]:
    """Pairs of columns that look like coordinates: degrees first."""
    found = {axis: list(_coordinates(table, axis)) for axis in ("x", "y")}
    words = {axis: [name for name in names if not _letter(name, axis)] for axis, names in found.items()}
    pairs = [pair for pair in zip(words["x"], words["y"], strict=False) if pair[0] != pair[1]]
    # a letter may be yttrium or nitrogen: it is a coordinate beside its like, E32wgs beside N32wgs
    pairs += [(x, y) for x in found["x"] for y in found["y"] if _letter(x, "x") == _letter(y, "y") != ""]
    return sorted(pairs, key=lambda pair: not _in_degrees(table, pair))


def _letter(name: str, axis: str) -> str:
    """What surrounds the letter that a heading has for an axis, `*` in its place; empty where it has a word."""
    letters = "xe" if axis == "x" else "yn"
    found = re.match(rf"^(.*?(?:^|[\W_]))([{letters}])(?![a-z])(.*)$", name, re.IGNORECASE | re.DOTALL)
    return f"{found[1]}*{found[3]}".casefold() if found else ""


def _coordinates(table: Table, axis: str) -> Iterator[str]:
    """The columns of one axis, those first whose heading says so in more words than a letter."""
    scored = [
        (meaning_score(name, axis) or _paired(table, name, axis), -len(name) < -1, name) for name in table.headings
    ]
    best = sorted((entry for entry in scored if entry[0]), key=lambda entry: (entry[1], entry[0]), reverse=True)
    yield from (name for _, _, name in best if _is_coordinate(table, name, axis))


def _paired(table: Table, name: str, axis: str) -> int:
    """1 for `x_theo` where there is a `y_theo`: nothing else comes as x and y."""
    letter = rf"(?<![^\W_])[{axis}{axis.upper()}](?![^\W_])"
    other = re.sub(letter, lambda found: OTHER_AXIS[found[0]], name)
    return int(other != name and other in table.headings)


def _is_coordinate(table: Table, name: str, axis: str) -> bool:
    if name in table.numbers:
        return bool(np.isfinite(table.numbers[name]).any())
    angles = np.isfinite(table.angles(name, axis))
    return bool(angles.sum() >= MOSTLY * len(table.written(name)) > 0)


def _values(table: Table, name: str, axis: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = table.numbers.get(name)
    return np.asarray(table.angles(name, axis) if values is None else values, np.float64)


def _in_degrees(table: Table, pair: Pair) -> bool:
    x, y = (np.abs(_values(table, name, axis)) for name, axis in zip(pair, "xy", strict=True))
    inside = (x <= 360) & (y <= 360)
    known = np.isfinite(x) & np.isfinite(y)
    return bool(known.any() and inside[known].mean() > MOSTLY)


def _swapped(table: Table, pair: Pair) -> bool:
    """Whether what is called latitude cannot be one, while what is called longitude could."""
    x, y = (np.abs(_values(table, name, axis)) for name, axis in zip(pair, "xy", strict=True))
    known = np.isfinite(x) & np.isfinite(y)
    return bool(known.any() and (y[known] > 90).mean() > 0.5 and (x[known] <= 90).all())


def _draft_pair(draft: Draft, table: Table, pair: Pair, *, second: bool) -> set[str]:
    x, y = pair
    reason = "its heading"
    if _in_degrees(table, pair) and _swapped(table, pair):
        x, y = y, x
        reason = "the headings say the contrary, but these are too large for latitudes"
        draft.ask(f"whether {pair[0]} and {pair[1]} are swapped: all of {pair[0]} are below 90, and {pair[1]} are not")
    taken = _draft_system(draft, table, (x, y), second=second)
    for axis, name in (("x", x), ("y", y)):
        angles = "" if name in table.numbers else "; degrees with minutes or letters"
        draft.add(f"{axis} = {column(name)}", f"{reason}{angles}")
    if any(name not in table.numbers and table.holds(name, r"\bO\b|\dO") for name in (x, y)):
        draft.add('letters = { O = "W" }', "O stands in the coordinates")
        draft.ask("whether O in the coordinates is west (ouest, oeste) or east (Ost)")
    return taken


def _draft_system(draft: Draft, table: Table, pair: Pair, *, second: bool) -> set[str]:
    zone = None if second else table.find("zone", pair)
    stated = _stated(pair)
    if not _in_degrees(table, pair) and zone is not None:
        return _draft_zones(draft, table, zone)
    if stated and _fits(table, pair, stated):
        draft.add(f'crs = "{stated}"', "a heading names it and the coordinates lie in its area")
    elif _in_degrees(table, pair):
        draft.add('crs = "EPSG:4326"', f"all of {pair[0]} and {pair[1]} are degrees")
        draft.ask("whether the degrees are of WGS 84 (EPSG:4326) or of a national datum")
    else:
        draft.add('crs = "?"')
        ranges = " and ".join(f"{name} ({_range(table, name, axis)})" for name, axis in zip(pair, "xy", strict=True))
        draft.ask(f"the system of the coordinates {ranges}: position.crs, for example 'EPSG:25832'{_hint(table, pair)}")
    return set()


def _draft_zones(draft: Draft, table: Table, zone: str) -> set[str]:
    """One UTM zone per row; the hemisphere is north unless a letter says otherwise."""
    texts = table.distinct(zone)
    codes = {text: code for text in texts if (code := _utm(text)) is not None}
    if len(codes) < len(texts):
        draft.ask(f"the systems of the zones {', '.join(text for text in texts if text not in codes)}: position.crs")
    if len(codes) == 1 and len(texts) == 1:
        draft.add(f'crs = "{codes[texts[0]]}"', f"every {zone} is {texts[0]}")
    else:
        draft.add(f"crs = {column(zone, values=codes)}", "a zone in each row")
    draft.ask(f"whether the zones in {zone} are UTM zones of WGS 84, north or south of the equator")
    return {zone}


def _utm(text: str) -> str | None:
    found = re.search(r"(?<!\d)(\d{1,2})\s*([A-Za-z])?\b", text)
    if found is None or not 1 <= int(found[1]) <= 60:
        return None
    # letters are those of the bands of latitude, C to M in the south; an S alone stands for south
    letter = (found[2] or "N").upper()
    south = letter == "S" or letter in "CDEFGHJKLM"
    return f"EPSG:{327 if south else 326}{int(found[1]):02d}"


def _stated(pair: Pair) -> str | None:
    words = " ".join(pair)
    named = re.search(r"(?<!\d)(\d{4,5})(?!\d)", words)
    if named and _exists(f"EPSG:{named[1]}"):
        return f"EPSG:{named[1]}"
    for pattern, code in SYSTEMS.items():
        for name in pair:
            found = re.search(pattern, name.casefold().replace("_", " "))
            if found:
                zone = found.groupdict().get("zone")
                return code.format(zone=int(zone)) if zone else code
    return None


def _exists(code: str) -> bool:
    try:
        horizontal_crs(code)
    except ValueError:
        return False
    return True


def _has_system(table: Table, pair: Pair) -> bool:
    stated = _stated(pair)
    return _in_degrees(table, pair) or (stated is not None and _fits(table, pair, stated))


def _fits(table: Table, pair: Pair, crs: str) -> bool:
    x, y = (_values(table, name, axis) for name, axis in zip(pair, "xy", strict=True))
    try:
        fault = locate(x, y, horizontal_crs(crs), BEYOND_DEGREES).fault
    except ValueError:
        return False
    return bool((fault == Fault.NONE).sum() > MOSTLY * (fault != Fault.MISSING).sum())


def _hint(table: Table, pair: Pair) -> str:
    x, y = (_values(table, name, axis) for name, axis in zip(pair, "xy", strict=True))
    if np.nanmin(x) > 100_000 and np.nanmax(x) < 900_000 and np.nanmin(y) > 0 and np.nanmax(y) < 10_000_000:
        return "; the numbers could be of a UTM zone"
    return ""


def _range(table: Table, name: str, axis: str) -> str:
    values = _values(table, name, axis)
    return f"{np.nanmin(values):.0f} to {np.nanmax(values):.0f}"


def _draft_parts(draft: Draft, fields: Mapping[str, list[str]]) -> set[str]:
    """Degrees, minutes and seconds in columns of their own, or nothing that can be told."""
    if not all(fields.values()):
        draft.add('crs = "?"')
        draft.add('x = { column = "?" }')
        draft.add('y = { column = "?" }')
        draft.ask("which columns hold the coordinates, and in which system they are: position.crs, x and y")
        return set()
    draft.add('crs = "EPSG:4326"', "degrees, minutes and seconds")
    draft.ask("whether the degrees are of WGS 84 (EPSG:4326) or of a national datum")
    for axis, (first, *rest) in fields.items():
        draft.add(f"{axis} = {column(first, also=rest)}", "degrees, minutes and seconds stand in columns of their own")
    return {name for names in fields.values() for name in names}


def _columns_of_parts(table: Table, word: str) -> list[str]:
    own = [name for name in table.headings if word in name.casefold()]
    found = []
    for pattern in PARTS.values():
        free = [name for name in own if name not in found and re.fullmatch(pattern, name.casefold())]
        found += free[:1]
    return found if len(found) >= 2 else []
