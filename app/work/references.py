"""What concentrations are compared with: a published background, one's own table, or data of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from db.samples import Population
from db.selection import Selection
from db.several import SeveralRows, read_several
from ingest.backgrounds import BackgroundTable, background_tables, read_background_table
from mapping.background import background_of

COMPARABLE = {"rock": ("mineral-horizon", "soil", "sediment"), "sediment": ("sediment", "mineral-horizon", "soil")}
"""Media that a table of rock or of sediment says something about; never organic horizons, moss or plants."""
TOTAL = {"total", "four-acid", "xrf", "hf"}
"""Procedures that leave next to nothing undissolved."""
FROM_DATA = "data"


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Background values in mg/kg (m,), where each is from, and what has to be said of the comparison.

    `datasets` are those that it was computed from, `private` says that one of them is.
    """

    values: tuple[float, ...]
    sources: tuple[str, ...]
    caveats: tuple[str, ...]
    datasets: tuple[str, ...] = ()
    private: bool = False


def backgrounds_for(
    connection: Connection, selection: Selection, rows: SeveralRows, asked: str, statistic: str = "median"
) -> Backgrounds:
    """The background of each contaminant of some samples.

    `asked` is the name of a shipped table, the path of a CSV, `data` (these samples themselves) or `data:<dataset>`.
    `ValueError` where the background is of another medium or procedure, or has no value for a contaminant.
    """
    kind, _, name = asked.partition(":")
    if kind == FROM_DATA:
        own = rows if not name else _of_dataset(connection, selection, rows, name)
        return _of_data(own, statistic, name or "the samples themselves")
    return _of_table(_table(asked), rows)


def _table(asked: str) -> BackgroundTable:
    shipped = background_tables()
    if asked in shipped:
        return shipped[asked]
    if not Path(asked).is_file():
        raise ValueError(
            f"there is no background {asked!r}: give one of {', '.join(shipped)}, data, data:<dataset>, or a CSV file"
        )
    return read_background_table(Path(asked))


def _of_table(table: BackgroundTable, rows: SeveralRows) -> Backgrounds:
    missing = [name for name in rows.contaminants if name not in table.mg_per_kg]
    if missing:
        raise ValueError(f"the background {table.name} has no value for {', '.join(missing)}")
    medium = rows.populations[0].medium
    allowed = COMPARABLE.get(table.of, ("soil", "mineral-horizon"))
    if medium not in allowed:
        raise ValueError(
            f"the samples are of {medium}, the background {table.name} is of {table.of}: an index of one over the "
            "other means nothing; take the background from data of the same medium (data or data:<dataset>)"
        )
    digestions = sorted({own.digestion for own in rows.populations} - TOTAL)
    how = ", ".join(digestions).replace("unknown", "a procedure that is not stated")
    told = f"{table.name} holds total contents of {table.of}, the samples were analysed by {how}: "
    caveats = (told + "the indices are too low where that leaves a part undissolved",) if digestions else ()
    values = tuple(table.mg_per_kg[name] for name in rows.contaminants)
    return Backgrounds(values, (table.source,) * len(values), caveats)


def _of_dataset(connection: Connection, selection: Selection, rows: SeveralRows, name: str) -> SeveralRows:
    """The background's samples, of the same media and procedures; `ValueError` says which differ."""
    own = rows.populations[0]
    there = replace(selection, dataset=name, medium=own.medium, digestion=None, basis=None, depth=selection.depth)
    try:
        found = read_several(connection, there, rows.contaminants)
    except ValueError as error:
        raise ValueError(
            f"the background data {name} must be of the same medium and procedure as the samples ({own}): {error}"
        ) from None
    for contaminant, here, other in zip(rows.contaminants, rows.populations, found.populations, strict=True):
        _check_same(contaminant, here, other, name)
    return found


def _check_same(contaminant: str, here: Population, there: Population, name: str) -> None:
    if (here.medium, here.digestion, here.basis) != (there.medium, there.digestion, there.basis):
        raise ValueError(
            f"{contaminant} was measured in {here}, in the background data {name} in {there}: an index of one over the "
            "other means nothing"
        )


def _of_data(rows: SeveralRows, statistic: str, named: str) -> Backgrounds:
    values, sources = [], []
    for number, contaminant in enumerate(rows.contaminants):
        known = ~np.isnan(rows.lower[:, number])
        try:
            found = background_of(rows.lower[known, number], rows.upper[known, number], statistic)
        except ValueError as error:
            raise ValueError(f"background of {contaminant} from {named}: {error}") from None
        values.append(found.value)
        sources.append(f"{found} of {named}")
    caveat = f"the background is that of {named}: where these are polluted themselves, the indices are too low"
    return Backgrounds(tuple(values), tuple(sources), (caveat,), rows.datasets, rows.private)


def shipped_names() -> Sequence[str]:
    """The shipped tables."""
    return tuple(background_tables())
