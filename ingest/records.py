"""What files of samples and of sources have in common: opening, accounting for rows, finding repeats."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.findings import OF_THE_FILE, RULES, Finding
from ingest.layout import marks_of
from ingest.numbers import Mask
from ingest.profile import Profile
from ingest.readers import open_file
from ingest.readers.base import UNREADABLE_RULES, Batch, Opened
from ingest.readers.matching import renamed
from ingest.rejected import as_first_given
from ingest.sheet import Sheet


def open_sheets(file: Path, profile: Profile) -> tuple[Iterator[Sheet], tuple[Finding, ...]]:
    """The batches of a file, ready to be read field by field, and what was found out about its layout.

    Raises `IngestError` when a column of the profile is missing, or there are no rows.
    """
    given = as_first_given(file, open_file(file, profile.file))
    opened = renamed(given, [column for _, column in profile.columns()])
    _check_columns(file, opened.headings, profile)
    return _sheets(file, opened, profile)


def with_system_of(file: Path, profile: Profile) -> Profile:
    """The profile with the coordinate system that the file itself states, where the profile states none."""
    if profile.position.crs is not None:
        return profile
    crs = open_file(file, profile.file).crs
    if crs is None:
        raise IngestError(
            f"{file.name}: neither the profile nor the file says in which system the coordinates are; "
            "state position.crs, for example 'EPSG:4326'"
        )
    return profile.model_copy(update={"position": profile.position.model_copy(update={"crs": crs})})


def _check_columns(file: Path, headings: tuple[str, ...], profile: Profile) -> None:
    """Every column that the profile reads must be there; raises `IngestError` naming the first that is not."""
    for key, column in profile.columns(optional=False):
        if column not in headings:
            place = f"{file.name}, row {profile.file.heading_row}"
            raise IngestError(f"{place}: there is no column {column!r} ({key}); there are {', '.join(headings)}")


def _sheets(file: Path, opened: Opened, profile: Profile) -> tuple[Iterator[Sheet], tuple[Finding, ...]]:
    """The batches of a file, ready to be read field by field, and what was found out about its layout."""
    first = next(opened.batches, None)
    if first is None or not (len(first.rows) or first.broken):
        raise IngestError(f"{file.name} has a heading but no rows")
    marks, guesses = marks_of(profile, first.cells, file.name)
    found = "; ".join((*opened.guesses, *guesses))
    note = Finding(RULES["file-layout"], OF_THE_FILE, [""], f"found out: {found}")
    rules = profile.quality_rules
    sheets = (
        _sheet(batch, Sheet(batch, marks, rules, opened.units, opened.limits))
        for batch in chain((first,), opened.batches)
    )
    return sheets, (note,) if found else ()


def _sheet(batch: Batch, sheet: Sheet) -> Sheet:
    for broken in batch.broken:
        rows = np.array([broken.row], dtype=np.int64)
        sheet.findings.append(Finding(RULES[broken.rule], rows, [broken.text], broken.reason, None, True))
    return sheet


def broken_rows(findings: Iterable[Finding]) -> int:
    """How many rows never became records."""
    return sum(len(finding.rows) for finding in findings if finding.rule.name in UNREADABLE_RULES)


def first_places(keys: Any, among: Mask) -> NDArray[np.int64]:
    """For each row, the place of the first row of the mask with the same key (its own place where there is none)."""
    codes = pc.dictionary_encode(keys).combine_chunks().indices.to_numpy()
    places = np.arange(len(codes))
    first = np.full(int(codes.max(initial=-1)) + 1, len(codes))
    np.minimum.at(first, codes[among], places[among])
    return np.where(first[codes] < len(codes), first[codes], places)


def is_first(keys: Any, among: Mask) -> Mask:
    """Which rows are the first of the mask with their key."""
    return np.asarray(first_places(keys, among) == np.arange(len(among)), np.bool_)


def occurrences(keys: Any) -> NDArray[np.int64]:
    """Which occurrence of its key each row is, in their order, from 1."""
    codes = pc.dictionary_encode(keys).combine_chunks().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0]) if len(codes) else np.empty(0, np.int64)
    counted = np.arange(len(codes)) - np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    found = np.empty(len(codes), np.int64)
    found[order] = counted + 1
    return found


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of several batches, those of the same rule, column and reason as one."""
    groups: dict[tuple[str, str | None, str, bool], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule.name, finding.column, finding.reason, finding.whole_row)
        groups.setdefault(key, []).append(finding)
    return [_one(group) for group in groups.values()]


def _one(group: list[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    rows = np.concatenate([finding.rows for finding in group])
    texts = [text for finding in group for text in finding.texts]
    return Finding(group[0].rule, rows, texts, group[0].reason, group[0].column, group[0].whole_row)
