"""Whose data a report speaks of, by what they were read, and what their columns were taken to mean."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from typing import Any

from ingest.profile import FromColumn, Position, Profile
from ingest.visible import visible

MOST_COLUMNS, LONGEST_WORDS = 300, 500


@dataclass(frozen=True, slots=True)
class Origin:
    """The provider and terms of the data; `positions` says in which systems coordinates stand, `columns` what was read.

    `read_at` is a time in ISO 8601 (UTC), `columns` holds pairs of a key of the profile and the column it names.
    """

    licence: str
    provider: str
    contact: str | None
    citation: str | None
    visibility: str
    software: str
    read_at: str
    positions: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON would hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Origin":
        """What `to_dict` wrote."""
        columns = tuple((key, column) for key, column in content["columns"])
        return cls(**{**content, "positions": tuple(content["positions"]), "columns": columns})


def origin_of(profile: Profile) -> Origin:
    """What a profile says of its data, read now."""
    stated = profile.dataset
    return Origin(
        licence=visible(stated.licence, LONGEST_WORDS),
        provider=visible(stated.provider, LONGEST_WORDS),
        contact=visible(stated.contact, LONGEST_WORDS) if stated.contact else None,
        citation=visible(stated.citation, LONGEST_WORDS) if stated.citation else None,
        visibility=stated.visibility,
        software=f"edaphos {version('edaphos')}",
        read_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        positions=tuple(_positions(profile.position)),
        columns=tuple(islice(_columns(profile), MOST_COLUMNS)),
    )


def _columns(profile: Profile) -> Iterator[tuple[str, str]]:
    """What each column is, the contaminant itself where a column holds one."""
    measured = profile.measurements.columns if profile.measurements else {}
    for key, column in profile.columns():
        if key == "measurements.columns":
            yield visible(measured[column].contaminant), visible(column)
        else:
            yield key, visible(column)


def _positions(position: Position) -> Iterator[str]:
    if isinstance(position.crs, FromColumn):
        yield f"the system of each row from {visible(position.crs.column)}"
    elif position.crs is not None:
        x, y = visible(position.x.column), visible(position.y.column)
        yield f"{position.crs} ({position.system.name}): x from {x}, y from {y}"
    second = position.second
    if second is not None:
        x, y = visible(second.x.column), visible(second.y.column)
        yield (
            f"compared with {second.crs} ({second.system.name}): x from {x}, y from {y}; "
            f"flagged where farther apart than {second.tolerance_m:g} m"
        )
