"""Specimens out of a batch of cells: who, where, how deep, when, and what soil."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.coordinates import Fault, Located, distance_m, from_degrees, horizontal_crs, locate
from ingest.depths import read_depths
from ingest.numbers import blanks
from ingest.profile import FromColumn, Position, SecondPosition, Specimen
from ingest.sheet import Sheet
from ingest.whereabouts import Inside, astray

ANY = (-np.inf, np.inf)
POSITIVE = (np.nextafter(0, 1), np.inf)
PERCENT = (0.0, 100.0)
NUMBERS = {
    "upper_depth_cm": ANY,
    "lower_depth_cm": ANY,
    "sieve_fraction_mm": POSITIVE,
    "composite_count": (1.0, 1e6),
    "support_m2": POSITIVE,
    "ph": (0.0, 14.0),
    "clay_percent": PERCENT,
    "silt_percent": PERCENT,
    "sand_percent": PERCENT,
    "organic_matter_percent": PERCENT,
    "toc_percent": PERCENT,
}
TEXTS = ("land_use", "texture")
# what tells the specimens of a site apart, where it stands in a column
TELL_APART = ("medium", "depth_cm", "upper_depth_cm", "lower_depth_cm", "sampled")
FAULTS = {
    Fault.ORIGIN: ("position-at-origin", "is (0, 0), which is what empty coordinates become"),
    Fault.OUTSIDE: ("position-outside", "lies more than {tolerance:g} degrees outside the area of use of {crs}"),
    Fault.SWAPPED: ("position-swapped", "lies outside the area of use of {crs}, but inside with x and y swapped"),
}


def read_positions(sheet: Sheet, position: Position) -> dict[str, Any]:
    """The columns of a position: as given, and as longitude and latitude (NaN where at fault, and then noted)."""
    if isinstance(position.crs, FromColumn):
        return _in_each_system(sheet, position, position.crs)
    x, y = sheet.coordinate(position.x, "x", position), sheet.coordinate(position.y, "y", position)
    tolerated = tuple(fault for fault, (rule, _) in FAULTS.items() if not sheet.rejects(rule))
    located = locate(x, y, position.system, position.area_tolerance_degrees, tolerated)
    if position.second is not None:
        other = _located(sheet, position, position.second)
        _compare(sheet, position, position.second, located, other)
        x, y, located = _filled(sheet, position, (x, y, located), other)
    _note_faults(sheet, position, located.fault)
    return {
        "longitude": located.longitude,
        "latitude": located.latitude,
        "x_as_given": x,
        "y_as_given": y,
        "crs_as_given": pa.repeat(pa.scalar(position.crs), len(x)),
        "positional_accuracy_m": _nullable(sheet.number(position.accuracy_m, (0.0, np.inf), field="accuracy_m")),
    }


def _in_each_system(sheet: Sheet, position: Position, given: FromColumn) -> dict[str, Any]:
    """The same where each row names its system: the rows of each are read together and put back into their order."""
    names = pc.fill_null(sheet.text(given), "")
    parts, places = [], []
    for name in pc.unique(names).to_pylist():
        where = np.asarray(pc.equal(names, name).to_numpy(zero_copy_only=False), np.bool_)
        system = name if _is_system(name) else "EPSG:4326"
        if system != name:
            reason = "names no coordinate reference system; write for example 'EPSG:4326'"
            sheet.find("position-unreadable", where, names, reason, (given.column, True))
        own = replace(sheet.part(where), findings=sheet.findings if system == name else [])
        parts.append(pa.table(read_positions(own, position.model_copy(update={"crs": system}))))
        places.append(np.flatnonzero(where))
    order = np.argsort(np.concatenate(places), kind="stable") if places else np.empty(0, np.int64)
    table = pc.take(pa.concat_tables(parts), pa.array(order)).combine_chunks()
    doubles = ("longitude", "latitude", "x_as_given", "y_as_given")
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return columns | {name: columns[name].to_numpy(zero_copy_only=False) for name in doubles}


def _is_system(name: str) -> bool:
    try:
        horizontal_crs(name)
    except ValueError:
        return False
    return True


def _note_faults(sheet: Sheet, position: Position, fault: Any) -> None:
    x, y = sheet.joined(position.x), sheet.joined(position.y)
    both = pc.utf8_trim_whitespace(pc.binary_join_element_wise(x, y, " "))
    at = (f"{position.x.column}, {position.y.column}", True)
    empty = (fault == Fault.MISSING) & (blanks(x, sheet.marks) | blanks(y, sheet.marks))
    sheet.find("position-missing", empty, both, "is no position: a coordinate is empty", at)
    told = {"crs": f"{position.crs} ({position.system.name})", "tolerance": position.area_tolerance_degrees}
    for kind, (rule, reason) in FAULTS.items():
        sheet.find(rule, fault == kind, both, reason.format(**told), at)


def note_astray(sheet: Sheet, position: Position, area: Inside | None, columns: dict[str, Any]) -> None:
    """Note positions outside of where the survey says it was made, and what would put them inside."""
    if area is None:
        return
    per_row = isinstance(position.crs, FromColumn)
    names = ("longitude", "latitude") if per_row else ("x_as_given", "y_as_given")
    placed = np.isfinite(columns["longitude"])
    x, y = (np.where(placed, columns[name], np.nan) for name in names)
    texts = pc.binary_join_element_wise(sheet.joined(position.x), sheet.joined(position.y), " ")
    at = (f"{position.x.column}, {position.y.column}", True)
    system = horizontal_crs("EPSG:4326") if per_row else position.system
    for (rule, reason), where in astray(x, y, system, area):
        sheet.find(rule, where, texts, reason, at)


def _located(sheet: Sheet, position: Position, second: SecondPosition) -> Located:
    x, y = sheet.coordinate(second.x, "x", second), sheet.coordinate(second.y, "y", second)
    return locate(x, y, second.system, position.area_tolerance_degrees, (Fault.OUTSIDE,))


def _filled(
    sheet: Sheet, position: Position, first: tuple[Any, Any, Located], other: Located
) -> tuple[Any, Any, Located]:
    """The first positions, and where there is none the second, as coordinates of the first system."""
    x, y, located = first
    absent = (located.fault == Fault.MISSING) & (other.fault == Fault.NONE)
    if not absent.any() or "position-from-second" not in sheet.rules:
        return first
    system = position.system
    x[absent], y[absent] = from_degrees(other.longitude[absent], other.latitude[absent], system)
    placed = locate(x, y, system, position.area_tolerance_degrees)
    both = np.where(absent, placed.longitude, located.longitude), np.where(absent, placed.latitude, located.latitude)
    texts = pa.array([""] * len(x))
    reason = "has no first pair of coordinates and was placed by the second"
    sheet.find("position-from-second", absent, texts, reason, (f"{position.x.column}, {position.y.column}", True))
    return x, y, Located(*both, np.where(absent, placed.fault, located.fault).astype(np.uint8))


def _compare(sheet: Sheet, position: Position, second: SecondPosition, first: Located, other: Located) -> None:
    """Note where the second pair of coordinates lies farther from the first than the profile tolerates."""
    apart = distance_m(first, other)
    texts = sheet.cells(second.x.column), sheet.cells(second.y.column)
    both = pc.binary_join_element_wise(*texts, " ")
    columns = ", ".join((position.x.column, position.y.column, second.x.column, second.y.column))
    for place in np.flatnonzero(apart > second.tolerance_m):
        here = np.arange(len(apart)) == place
        reason = f"lies {_length(apart[place])} from where {position.x.column} and {position.y.column} say"
        sheet.find("two-positions", here, both, reason, (columns, True))


def _length(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"


def read_specimens(sheet: Sheet, position: Position, specimen: Specimen, area: Inside | None = None) -> Any:
    """A table with one row per record, in their order; `area` is where the survey says it was made."""
    columns: dict[str, Any] = {"row": sheet.rows}
    columns |= _codes(sheet, specimen)
    columns |= read_positions(sheet, position)
    note_astray(sheet, position, area, columns)
    for key, within in NUMBERS.items():
        columns[key] = _nullable(sheet.number(getattr(specimen, key), within, field=key))
    if specimen.depth_cm is not None:
        columns |= read_depths(sheet, specimen.depth_cm)
    for key in TEXTS:
        columns[key] = sheet.text(getattr(specimen, key))
    columns["medium"] = pc.fill_null(sheet.text(specimen.medium), "unknown")
    columns["sampled_from"], last = sheet.days(specimen.sampled)
    columns["sampled_to"] = last if specimen.sampled_to is None else sheet.days(specimen.sampled_to)[1]
    columns["content"] = sheet.content()
    return pa.table(columns)


def _codes(sheet: Sheet, specimen: Specimen) -> dict[str, Any]:
    """Codes of specimen and site; a specimen without a code of its own is named after its site and what else differs.

    Where there is no site either, the row's number names both.
    """
    given = specimen.code or specimen.site
    if given is None:
        rows = pc.cast(pa.array(sheet.rows), pa.string())
        return {"code": rows, "site": rows}
    code = _required(sheet, given)
    site = code if specimen.site is None else pc.coalesce(sheet.text(specimen.site), code)
    if specimen.code is None:
        told_apart = [part for part in (getattr(specimen, key) for key in TELL_APART) if isinstance(part, FromColumn)]
        code = pc.binary_join_element_wise(code, *(sheet.joined(part) for part in told_apart), " ")
    return {"code": pc.utf8_rtrim_whitespace(code), "site": site}


def _required(sheet: Sheet, given: FromColumn) -> Any:
    texts = sheet.text(given)
    absent = np.asarray(texts.is_null().to_numpy(zero_copy_only=False), np.bool_)
    sheet.find(
        "no-code", absent, pc.fill_null(texts, ""), "is empty, so the specimen has no code", (given.column, True)
    )
    return pc.fill_null(texts, "")


def _nullable(values: Any) -> Any:
    return pa.array(values, from_pandas=True)
