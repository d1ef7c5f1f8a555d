"""Sums of congeners, from the members measured on one specimen by one procedure: bounds, and never a silent part.

What was not detected counts as nothing in the lower bound and as its limit in the upper one. Where members are missing
the sum is known only from below.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.errors import IngestError

VOCABULARY = Path(__file__).parent / "vocabularies" / "sums.csv"
SAME = ("specimen", "procedure", "basis", "replicate")
DERIVED, PARTIAL, CONTRADICTED = "derived-sum", "partial-sum", "sum-contradiction"
TOLERANCE = 0.05
"""Reported sums are rounded, and so are their members: a difference below this share is none."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A way to make the content of a contaminant from members, each weighted by its factor."""

    definition: str
    contaminant: str
    factors: str
    members: Mapping[str, float]
    source: str

    def __post_init__(self) -> None:
        if len(self.members) < 2 or min(self.members.values()) <= 0 or self.contaminant in self.members:
            raise ValueError(f"the sum {self.definition!r} needs two members, other than itself, with factors above 0")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Reported sums of a contaminant that their members contradict: rows (n,) of the table, and what these say."""

    contaminant: str
    places: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@lru_cache(maxsize=1)
def shipped_sums() -> tuple[Sum, ...]:
    """The sums of the shipped vocabulary, in the order in which they are made: xylenes before BTEX."""
    with VOCABULARY.open(encoding="utf-8", newline="") as handle:
        return tuple(_sums(csv.DictReader(handle, strict=True)))


def _sums(rows: Iterable[Mapping[str, str]]) -> Iterable[Sum]:
    for definition, members in groupby(rows, key=lambda row: row["definition"]):
        listed = list(members)
        factors = {row["member"]: float(row["factor"]) for row in listed}
        yield Sum(definition, listed[0]["contaminant"], listed[0]["factors"], factors, listed[0]["source"])


def chosen_sums(wanted: Sequence[str]) -> tuple[Sum, ...]:
    """The ways to make the contaminants that are wanted; raises `IngestError` for one that is no sum of members."""
    known = {one.contaminant for one in shipped_sums()}
    for contaminant in wanted:
        if contaminant not in known:
            raise IngestError(f"{contaminant!r} is no sum made of members; these are: {', '.join(sorted(known))}")
    return tuple(one for one in shipped_sums() if one.contaminant in wanted)


def derive_sums(measurements: Any, sums: Sequence[Sum], *, partial: bool) -> tuple[Any, tuple[Contradiction, ...]]:
    """The sums that the members of an Arrow table give, and the reported ones that they contradict.

    The table has the columns of `SAME` and contaminant, lower, upper and uncertainty in mg/kg; what comes back has
    these, the text that says how it was made, and its flag. A sum that is reported, or was made by an earlier
    definition, is not made again. With `partial`, what then is left gets a lower bound from the members that are there.
    """
    so_far = measurements.select([*SAME, "contaminant", "lower", "upper", "uncertainty"]).combine_chunks()
    made: list[Any] = []
    for one, whole in [(one, True) for one in sums] + [(one, False) for one in sums if partial]:
        found = _of_one(so_far, one)
        if found is None:
            continue
        new = found.filter(pa.array(_absent(so_far, one.contaminant, found) & (_complete(found, one) == whole)))
        made.append(_labelled(new, one))
        so_far = pa.concat_tables([so_far, _bare(new, one)]).combine_chunks()
    contaminants = dict.fromkeys(one.contaminant for one in sums)
    compared = (_contradiction(so_far, measurements.num_rows, name, sums) for name in contaminants)
    return _settled(made, so_far.schema), tuple(one for one in compared if len(one.places))


def _of_one(measurements: Any, one: Sum) -> Any:
    """The sum of each specimen and procedure with at least one member, or None where there is none."""
    names = pa.array(one.members)
    member = pc.index_in(measurements["contaminant"], names)
    rows = measurements.filter(member.is_valid())
    if not rows.num_rows:
        return None
    place = member.drop_null().combine_chunks().to_numpy()
    codes = pc.dictionary_encode(_keys(rows)).indices.to_numpy()
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    factor = np.array(list(one.members.values()))[place]
    lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
    error = np.array(rows["uncertainty"].to_numpy(), dtype=np.float64)

    def total(parts: Any) -> NDArray[np.float64]:
        return np.bincount(group, parts, len(first)).astype(np.float64)

    table = rows.select(SAME).take(pa.array(first))
    columns = {
        "lower": total(factor * lower),
        "upper": total(factor * upper),
        "uncertainty": pa.array(np.sqrt(total((factor * error) ** 2)), from_pandas=True),
        "bounded": total((lower < upper).astype(float)).astype(np.int64),
        # which members are there, one bit each: no sum has more of them than a double has bits
        "members": total(2.0**place).astype(np.int64),
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def _complete(found: Any, one: Sum) -> NDArray[np.bool_]:
    return np.asarray(found["members"].to_numpy() == 2 ** len(one.members) - 1, np.bool_)


def _absent(measurements: Any, contaminant: str, found: Any) -> NDArray[np.bool_]:
    """Which of the found specimens and procedures have not that contaminant already."""
    there = measurements.filter(pc.equal(measurements["contaminant"], contaminant))
    return np.asarray(pc.invert(pc.is_in(_keys(found), _keys(there))).to_numpy(zero_copy_only=False), np.bool_)


def _keys(rows: Any) -> Any:
    parts = (pc.fill_null(pc.cast(rows[key].combine_chunks(), pa.string()), "") for key in SAME)
    return pc.binary_join_element_wise(*parts, "\x1f")


def _contradiction(measurements: Any, given: int, contaminant: str, sums: Sequence[Sum]) -> Contradiction:
    """Reported sums outside of what any definition makes of their members; missing members leave the upper end open."""
    is_it = pc.equal(measurements["contaminant"], contaminant).to_numpy()
    places = np.flatnonzero(is_it[:given])
    reported = measurements.take(pa.array(places))
    lower, upper = np.full((2, len(places)), np.nan)
    for one in (one for one in sums if one.contaminant == contaminant and len(places)):
        found = _of_one(measurements, one)
        if found is not None:
            at = pc.index_in(_keys(reported), _keys(found))
            low, high = found["lower"], np.where(_complete(found, one), found["upper"].to_numpy(), np.inf)
            lower = np.fmin(lower, _taken(low, at))
            upper = np.fmax(upper, _taken(pa.array(high), at))
    low, high = reported["lower"].to_numpy(), reported["upper"].to_numpy()
    apart = (high < lower * (1 - TOLERANCE)) | (low > upper * (1 + TOLERANCE))
    return Contradiction(contaminant, places[apart], lower[apart], upper[apart])


def _taken(values: Any, at: Any) -> NDArray[np.float64]:
    taken = pc.take(values, at)
    return np.asarray((taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken).to_numpy(False))


def _bare(new: Any, one: Sum) -> Any:
    """A sum as measurements of its contaminant, so that other sums can have it for a member."""
    contaminant = pa.repeat(pa.scalar(one.contaminant), new.num_rows)
    upper = pa.array(np.where(_complete(new, one), new["upper"].to_numpy(), np.inf))
    columns = {name: new[name] for name in SAME} | {"contaminant": contaminant, "lower": new["lower"], "upper": upper}
    return pa.table(columns | {"uncertainty": new["uncertainty"]})


def _labelled(new: Any, one: Sum) -> Any:
    """The measurements of a sum, which say how they were made."""
    complete = _complete(new, one)
    texts = [
        _says(one, members, bounded)
        for members, bounded in zip(new["members"].to_pylist(), new["bounded"].to_pylist(), strict=True)
    ]
    table = _bare(new, one).append_column("original_text", pa.array(texts, pa.string()))
    return table.append_column("quality_flag", pa.array(np.where(complete, DERIVED, PARTIAL), pa.string()))


@lru_cache(maxsize=4096)
def _text(definition: str, factors: str, names: tuple[str, ...], members: int, bounded: int) -> str:
    missing = [name for bit, name in enumerate(names) if not members >> bit & 1]
    weighted = f", factors {factors}" if factors else ""
    below = f", {bounded} known as bounds" if bounded else ""
    without = f"; missing: {', '.join(missing)}" if missing else ""
    return f"{definition}: {len(names) - len(missing)} of {len(names)} members{below}{weighted}{without}"


def _says(one: Sum, members: int, bounded: int) -> str:
    return _text(one.definition, one.factors, tuple(one.members), members, bounded)


def _settled(made: list[Any], schema: Any) -> Any:
    """All sums in one table, with the types of the measurements."""
    fields = [*schema, pa.field("original_text", pa.string()), pa.field("quality_flag", pa.string())]
    target = pa.schema(fields)
    tables = [table.select(target.names).cast(target) for table in made]
    return pa.concat_tables(tables).combine_chunks() if tables else target.empty_table()
