"""Sums of congeners into the tables, once the members of a dataset are stored."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, delete, select

from db.tables import measurement
from ingest.copying import copy_rows
from ingest.findings import OF_THE_FILE, Finding, Rule
from ingest.sums import DERIVED, PARTIAL, Contradiction, Sum, chosen_sums, derive_sums, shipped_sums

CHUNK_ROWS = 100_000
READ = {
    "specimen": pa.int64(),
    "procedure": pa.int64(),
    "basis": pa.string(),
    "replicate": pa.int64(),
    "contaminant": pa.string(),
    "lower": pa.float64(),
    "upper": pa.float64(),
    "uncertainty": pa.float64(),
    "row": pa.int64(),
    "original_text": pa.string(),
}


class Sums:
    """The sums of a dataset; `wanted` names those to be made even of some members, None those that are whole."""

    def __init__(self, wanted: tuple[str, ...] | None, rules: Mapping[str, Rule]) -> None:
        self._sums = shipped_sums() if wanted is None else chosen_sums(wanted)
        self._partial, self._rules = wanted is not None, rules
        self.made: Counter[str] = Counter()
        self._texts: Counter[tuple[str, str]] = Counter()
        self._contradictions: list[Finding] = []

    def store(self, connection: Connection, dataset: int) -> None:
        """Make the sums of a dataset anew from what is stored of it."""
        contaminants = sorted({one.contaminant for one in shipped_sums()})
        mine = measurement.c.dataset_id == dataset
        old = mine & measurement.c.contaminant_id.in_(contaminants) & measurement.c.quality_flag.in_((DERIVED, PARTIAL))
        connection.execute(delete(measurement).where(old))
        for members in _by_specimen(_read(connection, dataset, self._sums)):
            made, contradictions = derive_sums(members, self._sums, partial=self._partial)
            self._note(members, made, contradictions)
            if made.num_rows:
                copy_rows(connection, measurement, _stored(made, dataset))

    def findings(self) -> Iterator[Finding]:
        """What was made, of what members were missing, and which reported sums do not fit their members."""
        yield from self._contradictions
        for (flag, text), count in sorted(self._texts.items()):
            if flag in self._rules:
                counted = f"{count} specimen{'s' * (count > 1)}"
                yield Finding(self._rules[flag], OF_THE_FILE, [""], f"{text}; {counted}")

    def _note(self, members: Any, made: Any, contradictions: Iterable[Contradiction]) -> None:
        self.made.update(made["contaminant"].to_pylist())
        texts = (text.split(", ")[0] if flag == DERIVED else text for flag, text in _told(made))
        self._texts.update(zip(made["quality_flag"].to_pylist(), texts, strict=True))
        for one in contradictions if "sum-contradiction" in self._rules else ():
            rows = members.take(pa.array(one.places))
            says = [f"{low:.4g} to {high:.4g} mg/kg" for low, high in zip(one.lower, one.upper, strict=True)]
            for place, said in enumerate(says):
                here = rows.slice(place, 1)
                reason = f"is reported as {one.contaminant}, but its members add up to {said}"
                texts_here = here["original_text"].to_pylist()
                rule = self._rules["sum-contradiction"]
                self._contradictions.append(Finding(rule, here["row"].to_numpy(), texts_here, reason))


def _told(made: Any) -> Iterable[tuple[str, str]]:
    return zip(made["quality_flag"].to_pylist(), made["original_text"].to_pylist(), strict=True)


def _read(connection: Connection, dataset: int, sums: Iterable[Sum]) -> Iterator[list[Any]]:
    """The members of sums, and the sums that are reported, by specimen; a cursor keeps the memory flat."""
    names = sorted({name for one in sums for name in (one.contaminant, *one.members)})
    table = measurement.c
    columns = (
        *(table.specimen_id, table.procedure_id, table.basis, table.replicate, table.contaminant_id),
        *(table.lower, table.upper, table.uncertainty, table.source_row, table.original_text),
    )
    query = select(*columns).where(table.dataset_id == dataset, table.contaminant_id.in_(names))
    ordered = query.order_by(table.specimen_id, table.id).execution_options(yield_per=CHUNK_ROWS)
    with connection.execute(ordered) as result:
        yield from (list(part) for part in result.partitions())


def _by_specimen(parts: Iterable[list[Any]]) -> Iterator[Any]:
    """The rows as tables, none of which ends in the middle of a specimen."""
    left: list[Any] = []
    for part in parts:
        rows = [*left, *part]
        last = rows[-1].specimen_id
        cut = next((place for place in range(len(rows) - 1, -1, -1) if rows[place].specimen_id != last), -1) + 1
        left = rows[cut:]
        if cut:
            yield _table(rows[:cut])
    if left:
        yield _table(left)


def _table(rows: list[Any]) -> Any:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, READ.values(), strict=True)], names=list(READ)
    )


def _stored(made: Any, dataset: int) -> Any:
    return pa.table(
        {
            "dataset_id": pa.repeat(pa.scalar(dataset), made.num_rows),
            "specimen_id": made["specimen"],
            "procedure_id": made["procedure"],
            "contaminant_id": made["contaminant"],
            "original_unit": pa.repeat(pa.scalar("mg/kg"), made.num_rows),
            **{name: made[name] for name in ("basis", "replicate", "lower", "upper", "uncertainty")},
            **{name: made[name] for name in ("original_text", "quality_flag")},
        }
    )
