"""Several contaminants as the science wants them: bounds at places in metres, and a limit for each."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.limits import Limit, LimitError, resolve_limit
from app.work.areas import MapArea
from app.work.exceedance import guideline_rows
from app.work.projection import Projection, choose_projection
from db.samples import Population
from db.selection import Selection
from db.several import SeveralRows, read_several
from mapping.arrays import Points


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Specimens with several contaminants, and their places (n, 2) in the metres of a projection."""

    rows: SeveralRows
    projection: Projection
    xy: Points

    @property
    def visibility(self) -> str:
        """Who may see what is made from these samples."""
        return "private" if self.rows.private else "public"


def gather_several(connection: Connection, selection: Selection, contaminants: Sequence[str]) -> Together:
    """The measurements of several contaminants; `ValueError` when they must not be pooled or looked at together."""
    rows = read_several(connection, selection, contaminants)
    projection = choose_projection(rows.specimens)
    return Together(rows, projection, projection.place(rows.specimens))


def limits_of(
    connection: Connection,
    rows: SeveralRows,
    limits: Mapping[str, float],
    guideline: str | None = None,
    assume: Sequence[str] = (),
) -> tuple[Limit, ...]:
    """A limit for each contaminant: its own number, else the guideline's value; `LimitError` names who has none."""
    unknown = set(limits) - set(rows.contaminants)
    if unknown:
        raise LimitError(f"limit: {', '.join(sorted(unknown))} is not among {', '.join(rows.contaminants)}")
    pairs = zip(rows.contaminants, rows.populations, strict=True)
    return tuple(_limit(connection, name, own, limits.get(name), guideline, assume) for name, own in pairs)


def _limit(
    connection: Connection,
    contaminant: str,
    population: Population,
    number: float | None,
    guideline: str | None,
    assume: Sequence[str],
) -> Limit:
    rows = guideline_rows(connection, contaminant)
    rule = None if number is not None else guideline
    try:
        return resolve_limit(rows, context_of(population), limit=number, guideline=rule, assume=assume)
    except LimitError as error:
        raise LimitError(f"{contaminant}: {error}") from None


def context_of(population: Population) -> dict[str, str]:
    """What a guideline value asks about how samples were taken and analysed."""
    return {"medium": population.medium, "procedure": population.digestion, "basis": population.basis}


def told_populations(rows: SeveralRows) -> dict[str, Any]:
    """Which population each contaminant is from, in words."""
    return {name: str(own) for name, own in zip(rows.contaminants, rows.populations, strict=True)}


def told_selection(selection: Selection) -> dict[str, Any]:
    """What was selected, of that which decides on the population; JSON types."""
    chosen = {name: getattr(selection, name) for name in ("dataset", "medium", "digestion", "basis", "depth")}
    return {name: value for name, value in chosen.items() if value is not None}


def samples_digest(together: Together) -> str:
    """SHA-256 of places and bounds: the identity of what is made from them."""
    parts = (together.xy, together.rows.lower, together.rows.upper)
    return hashlib.sha256(b"".join(part.astype("<f8").tobytes() for part in parts)).hexdigest()


def area_visibility(together: Together, area: MapArea) -> str:
    """Who may see a map of these samples over an area: what is cut out by a private layer is private."""
    hidden = area.layer is not None and area.layer.visibility != "public"
    return "private" if hidden else together.visibility
