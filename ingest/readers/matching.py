"""The columns that a profile names, found in a file that writes their headings a little differently."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.readers.base import Batch, Opened

NUMBERED = re.compile(r"^#|^\d{1,3}\.\s+(?=\S)")


def matching_columns(headings: Sequence[str], wanted: Iterable[str]) -> Mapping[str, str]:
    """The heading of each wanted column that is there: exactly, or else the only one that differs in no letter.

    Case, spaces and marks make no difference, nor does a number in front (`37. CHEMICAL`) or a `#` (EQuIS).
    """
    plain: dict[str, list[str]] = {}
    for heading in headings:
        plain.setdefault(_plain(heading), []).append(heading)
    there = set(headings)
    close = {name: [name] if name in there else plain.get(_plain(name), []) for name in wanted}
    return {name: found[0] for name, found in close.items() if len(found) == 1}


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFKC", NUMBERED.sub("", heading.strip())).casefold()
    return "".join(mark for mark in text if mark.isalnum() or mark in "%<>+") or text


def renamed(opened: Opened, wanted: Iterable[str]) -> Opened:
    """The same file under the names that a profile has for its columns, and what was taken for what."""
    found = matching_columns(opened.headings, wanted)
    new = {heading: name for name, heading in found.items() if name != heading and name not in opened.headings}
    if not new:
        return opened
    notes = tuple(f"column {heading!r} taken for {name!r}" for heading, name in new.items())
    headings = tuple(new.get(name, name) for name in opened.headings)
    return replace(
        opened,
        headings=headings,
        batches=_batches(opened.batches, headings),
        guesses=(*opened.guesses, *notes),
        units={new.get(name, name): unit for name, unit in opened.units.items()},
        limits={new.get(name, name): limit for name, limit in opened.limits.items()},
    )


def _batches(batches: Iterable[Batch], headings: Sequence[str]) -> Iterator[Batch]:
    for batch in batches:
        yield replace(batch, cells=batch.cells.rename_columns(list(headings)))
