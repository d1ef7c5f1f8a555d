"""The decimal mark of a file, where its profile does not state it: decided by cells that can be read one way only."""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from ingest.errors import IngestError
from ingest.numbers import Marks, trimmed
from ingest.profile import Profile

SIGN = r"^(?:<=|>=|<|>|≤|≥)?\s*[+-]?"
SURE = SIGN + r"(?:0{mark}\d+|\d+{mark}(?:\d{{1,2}}|\d{{4,}})|\d{{4,}}{mark}\d+)(?:[eE][+-]?\d+)?$"
EITHER = SIGN + r"\d{{1,3}}{mark}\d{{3}}$"


def marks_of(profile: Profile, cells: Any, file: str) -> tuple[Marks, tuple[str, ...]]:
    """How the numbers of a file are written, by its profile or else by its first records, and what was found out."""
    options = profile.file
    if options.decimal is not None:
        return Marks(options.decimal, options.thousands, options.blank), ()
    there = set(cells.schema.names)
    columns = [trimmed(cells.column(name)) for name in numeric_columns(profile) if name in there]
    sure = {mark: sum(_count(texts, SURE, mark) for texts in columns) for mark in ".,"}
    if not any(sure.values()) and any(_count(texts, EITHER, ",") for texts in columns):
        raise IngestError(f"{file}: cannot tell whether the comma in numbers is a decimal mark; state file.decimal")
    decimal = "," if sure[","] > sure["."] else "."
    thousands = options.thousands if options.thousands != decimal else None
    other = "," if decimal == "." else "."
    why = f"{sure[decimal]} of the first numbers can only be read with it, {sure[other]} with {other!r}"
    return Marks(decimal, thousands, options.blank), (f"decimal mark {decimal!r} ({why})",)


def numeric_columns(profile: Profile) -> tuple[str, ...]:
    """The columns in which the profile expects numbers; every one once."""
    measured = profile.measurements
    columns = [profile.position.x.column, profile.position.y.column]
    columns += [second.x.column, second.y.column] if (second := profile.position.second) else []
    columns += list(measured.columns) if measured else []
    columns += [measured.value.column] if measured and measured.value else []
    columns += [
        release.quantity.column for release in (profile.sources.releases if profile.sources else ()) if release.quantity
    ]
    return tuple(dict.fromkeys(columns))


def _count(texts: Any, pattern: str, mark: str) -> int:
    found = pc.match_substring_regex(texts, pattern.format(mark=f"\\{mark}"))
    return int(np.count_nonzero(found.to_numpy(zero_copy_only=False)))
