"""Pollution sources out of a file: one per row, or one whose outline the rows draw in their order."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from ingest.contaminants import Contaminants
from ingest.copying import geometries, points, whole
from ingest.errors import IngestError
from ingest.findings import RULES, Finding
from ingest.numbers import Mask
from ingest.profile import Profile, ProfileError, Release, Sources
from ingest.records import is_first, merged, open_sheets
from ingest.report import Problem
from ingest.sheet import Sheet
from ingest.specimens import read_positions
from ingest.units import to_kg

FEWEST_POINTS = {"line": 2, "polygon": 3}


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sources and their releases as Arrow tables; `record` of a release is the row of its source in the table."""

    sources: Any
    releases: Any
    findings: tuple[Finding, ...]
    rows_in: int
    loaded: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Content:
    """All that stands in the file: `record` of a release is the place of its row."""

    sources: Any
    releases: Any
    findings: tuple[Finding, ...]

    @property
    def rows_in(self) -> int:
        return int(self.sources.num_rows) + sum(finding.rule.name == "ragged-row" for finding in self.findings)


def read_sources(file: Path, profile: Profile, contaminants: Contaminants) -> Inventory:
    """Read and check a file of sources; raises `IngestError` when nothing in it can be loaded."""
    if profile.sources is None:
        raise IngestError(f"the profile of {profile.dataset.name!r} describes samples, not sources")
    content = _content(file, profile, profile.sources, contaminants)
    if profile.sources.geometry == "point":
        return _points(file, content)
    return _outline(file, content, profile.sources.geometry)


def _content(file: Path, profile: Profile, given: Sources, contaminants: Contaminants) -> _Content:
    _check_units(given.releases)
    sheets, guesses = open_sheets(file, profile)
    sources, releases, findings, start = [], [], list(guesses), 0
    for sheet in sheets:
        sources.append(_sources(sheet, profile, given))
        releases += [_released(sheet, release, contaminants, start) for release in given.releases]
        findings += sheet.findings
        start += len(sheet.rows)
    none = pa.table({"record": pa.array([], pa.int64())})
    released = pa.concat_tables(releases) if releases else none
    return _Content(pa.concat_tables(sources).combine_chunks(), released, tuple(merged(findings)))


def _check_units(releases: Iterable[Release]) -> None:
    for release in releases:
        try:
            to_kg(release.unit or "kg")
        except ValueError as error:
            raise ProfileError(f"sources.releases: {error}") from None


def _sources(sheet: Sheet, profile: Profile, given: Sources) -> Any:
    rows = pc.cast(pa.array(sheet.rows), pa.string())
    code = sheet.text(given.code) if given.code else rows
    placed = read_positions(sheet, profile.position)
    return pa.table(
        {
            "row": sheet.rows,
            "code": pc.coalesce(code, rows),
            "name": pc.coalesce(sheet.text(given.name), code, rows),
            "sector": pc.fill_null(sheet.text(given.sector), "unknown"),
            "sector_original": pc.fill_null(sheet.text(given.sector_original), ""),
            "diffuse": pa.repeat(pa.scalar(given.diffuse), len(sheet.rows)),
            "longitude": placed["longitude"],
            "latitude": placed["latitude"],
            "content": pc.binary_join_element_wise(*sheet.batch.cells.columns, "\x1f"),
        }
    )


def _released(sheet: Sheet, release: Release, contaminants: Contaminants, start: int) -> Any:
    """What each row releases; a row whose quantity is blank releases nothing."""
    pollutant = pc.fill_null(sheet.text(release.pollutant), "")
    quantity = sheet.number(release.quantity, (0.0, np.inf))
    named = np.asarray(pc.not_equal(pollutant, "").to_numpy(zero_copy_only=False), np.bool_)
    keep = named if release.quantity is None else named & np.isfinite(quantity)
    table = pa.table(
        {
            "record": np.arange(start, start + len(sheet.rows)),
            "pollutant": pollutant,
            "contaminant_id": _matched(pollutant, contaminants),
            "medium": pc.fill_null(sheet.text(release.medium), "unknown"),
            "year": whole(pa.array(sheet.number(release.year, (1000.0, 3000.0)), from_pandas=True)),
            "quantity_kg": pa.array(to_kg(release.unit or "kg")(quantity), from_pandas=True),
            "original_text": pc.fill_null(sheet.text(release.quantity), ""),
            "original_unit": pa.repeat(pa.scalar(release.unit or ""), len(sheet.rows)),
        }
    )
    return table.filter(pa.array(keep))


def _matched(pollutants: Any, contaminants: Contaminants) -> Any:
    """The contaminant of each pollutant, null for what is none of soil (such as NOx): the name is kept beside it."""
    distinct = pollutants.dictionary_encode()
    found: list[str | None] = []
    for text in distinct.dictionary.to_pylist():
        try:
            found.append(contaminants.match(text))
        except ValueError:
            found.append(None)
    return pc.take(pa.array(found, pa.string()), distinct.indices)


def _points(file: Path, content: _Content) -> Inventory:
    rows, codes = content.sources["row"].to_numpy(), content.sources["code"]
    spoilt = [finding.rows for finding in content.findings if finding.whole_row]
    alive = ~np.isin(rows, np.concatenate(spoilt)) if spoilt else np.ones(len(rows), np.bool_)
    repeated = alive & ~is_first(content.sources["content"], alive)
    alive &= ~repeated
    contrary = alive & ~is_first(codes, alive)
    alive &= ~contrary
    findings = [
        *content.findings,
        *_found("duplicate-row", repeated, rows, codes, "repeats an earlier row cell by cell"),
        *_found("duplicate-code", contrary, rows, codes, "is a source that an earlier row describes differently"),
    ]
    if not alive.any():
        raise IngestError(f"{file.name}: nothing can be loaded; {Problem.of(findings[0]).message}")
    kept = content.sources.filter(pa.array(alive))
    placed = kept.append_column("geom", points(kept["longitude"], kept["latitude"]))
    counts = (content.rows_in, int(alive.sum()), int(repeated.sum()))
    return Inventory(placed, _of_kept(content.releases, alive), tuple(findings), *counts)


def _found(rule: str, where: Mask, rows: Any, texts: Any, reason: str) -> list[Finding]:
    if not where.any():
        return []
    chosen = pc.filter(texts, pa.array(where)).to_pylist()
    return [Finding(RULES[rule], rows[where], chosen, reason, None, RULES[rule].severity == "reject")]


def _of_kept(releases: Any, alive: Mask) -> Any:
    """The releases of the sources that stay, pointing to their new places."""
    if not releases.num_rows:
        return releases
    kept = releases.filter(pa.array(alive[releases["record"].to_numpy()]))
    place = np.cumsum(alive) - 1
    return kept.set_column(0, "record", pa.array(place[kept["record"].to_numpy()]))


def _outline(file: Path, content: _Content, geometry: str) -> Inventory:
    for finding in content.findings:
        if finding.rule.severity == "reject":
            raise IngestError(f"{file.name}: the outline cannot do without a row; {Problem.of(finding).message}")
    corners = np.column_stack([content.sources["longitude"], content.sources["latitude"]])
    shape = geometries([_shape(file, geometry, corners)])
    source = content.sources.slice(0, 1).append_column("geom", shape)
    first = np.arange(content.sources.num_rows) == 0
    return Inventory(source, _of_kept(content.releases, first), content.findings, content.rows_in, content.rows_in, 0)


def _shape(file: Path, geometry: str, corners: Any) -> Any:
    if len(np.unique(corners, axis=0)) < FEWEST_POINTS[geometry]:
        raise IngestError(f"{file.name}: a {geometry} needs at least {FEWEST_POINTS[geometry]} different points")
    if geometry == "line":
        return shapely.linestrings(corners)
    shape = shapely.polygons(corners)
    if not shapely.is_valid(shape):
        raise IngestError(f"{file.name}: the outline is not a polygon: {shapely.is_valid_reason(shape)}")
    return shape
