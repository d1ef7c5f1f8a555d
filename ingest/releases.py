"""What sources release: pollutants with their masses in kg, or only named, one of them or several in a cell."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.contaminants import Contaminants
from ingest.copying import whole
from ingest.numbers import Mask
from ingest.profile import FromColumn, ProfileError, Release
from ingest.sheet import Sheet
from ingest.units import to_kg

YEARS = (1000.0, 3000.0)


def check_units(releases: Iterable[Release]) -> None:
    """Raise `ProfileError` for a unit in the profile that is none of mass."""
    for release in releases:
        for unit in _stated_units(release.unit):
            try:
                to_kg(unit)
            except ValueError as error:
                raise ProfileError(f"sources.releases: {error}") from None


def _stated_units(given: str | FromColumn | None) -> list[str]:
    if isinstance(given, FromColumn):
        return [*given.values.values(), *([given.otherwise] if given.otherwise else [])]
    return [given] if given else []


def read_releases(sheet: Sheet, release: Release, contaminants: Contaminants, start: int, number: int) -> Any:
    """What each row releases, as a table; a row whose quantity is blank releases nothing.

    `record` is the place of the row, counted from `start`; `number` is which release of the profile it is.
    """
    pollutant = pc.fill_null(sheet.text(release.pollutant), "")
    quantity = sheet.number(release.quantity, (0.0, np.inf))
    named = np.asarray(pc.not_equal(pollutant, "").to_numpy(zero_copy_only=False), np.bool_)
    units = pc.fill_null(sheet.text(release.unit), "")
    mass, is_mass = _in_kg(sheet, release, units, quantity, named)
    keep = named if release.quantity is None else named & np.isfinite(quantity) & is_mass
    table = pa.table(
        {
            "record": np.arange(start, start + len(sheet.rows)),
            "pollutant": pollutant,
            "medium": pc.fill_null(pc.utf8_lower(sheet.text(release.medium)), "unknown"),
            "year": whole(pa.array(sheet.number(release.year, YEARS), from_pandas=True)),
            "row": sheet.rows,
            "source_row": sheet.rows,
            "source_column": pa.repeat(pa.scalar(number, pa.int16()), len(sheet.rows)),
            "quantity_kg": pa.array(mass, from_pandas=True),
            "original_text": pc.fill_null(sheet.text(release.quantity), ""),
            "original_unit": units,
        }
    ).filter(pa.array(keep))
    if release.separator:
        table = _each_alone(table, release.separator)
    return _matched(sheet, release, table, contaminants)


def _each_alone(table: Any, separator: str) -> Any:
    """One row for each of several names in a cell."""
    names = pc.split_pattern(table["pollutant"].combine_chunks(), separator)
    parents, texts = pc.list_parent_indices(names), pc.utf8_trim_whitespace(pc.list_flatten(names))
    index = table.schema.get_field_index("pollutant")
    alone = pc.take(table, parents).set_column(index, "pollutant", texts)
    return alone.filter(pc.not_equal(texts, ""))


def _in_kg(sheet: Sheet, release: Release, units: Any, quantity: Any, named: Mask) -> tuple[Any, Mask]:
    """The quantities in kg, and which of them have a unit of mass."""
    mass, possible = np.full(len(quantity), np.nan), np.zeros(len(quantity), np.bool_)
    for unit in pc.unique(units).to_pylist():
        where = np.asarray(pc.equal(units, unit).to_numpy(zero_copy_only=False), np.bool_)
        try:
            mass[where] = to_kg(unit)(quantity[where])
            possible |= where
        except ValueError as error:
            at = (release.unit.column if isinstance(release.unit, FromColumn) else None, False)
            sheet.find("unit-not-convertible", where & named & np.isfinite(quantity), units, f"– {error}", at)
    return mass, possible


def _matched(sheet: Sheet, release: Release, table: Any, contaminants: Contaminants) -> Any:
    """The releases with their contaminant, null for what is none of soil (such as NOx): the name is kept beside it."""
    pollutants = table["pollutant"].combine_chunks()
    distinct = pollutants.dictionary_encode()
    found: list[str | None] = []
    for text in distinct.dictionary.to_pylist():
        found.append(_contaminant(text, contaminants))
        _note_compounds(sheet, release, table, text, contaminants)
    return table.append_column("contaminant_id", pc.take(pa.array(found, pa.string()), distinct.indices))


def _contaminant(text: str, contaminants: Contaminants) -> str | None:
    try:
        return contaminants.match(text)
    except ValueError:
        compounds = contaminants.compounds(text)
        return compounds.contaminant if compounds else None


def _note_compounds(sheet: Sheet, release: Release, table: Any, text: str, contaminants: Contaminants) -> None:
    """Say of an element with its compounds whose mass it is, where there is one."""
    compounds = contaminants.compounds(text)
    if compounds is None or release.quantity is None:
        return
    of_element = compounds.as_element or release.compounds == "element"
    here = np.isin(sheet.rows, table.filter(pc.equal(table["pollutant"], text))["row"].to_numpy())
    column = release.pollutant.column if isinstance(release.pollutant, FromColumn) else None
    reason = f"counts {compounds.contaminant} with its compounds; the mass is that of the element"
    if not of_element:
        reason = (
            f"counts {compounds.contaminant} with its compounds; whether the mass is that of the element is unknown"
        )
    rule = "compounds-as-element" if of_element else "compounds"
    sheet.find(rule, here, pa.repeat(pa.scalar(text), len(sheet.rows)), reason, (column, False))
