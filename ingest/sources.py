"""Pollution sources out of a file: one per row, or one whose outline the rows draw in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from ingest.contaminants import Contaminants
from ingest.coordinates import Located, distance_m
from ingest.copying import geometries, points
from ingest.errors import IngestError
from ingest.findings import RULES, Finding
from ingest.numbers import Mask
from ingest.places import rows_above
from ingest.profile import Position, Profile, Sources
from ingest.records import broken_rows, first_places, is_first, merged, occurrences, open_sheets
from ingest.releases import check_units, read_releases
from ingest.report import Problem, RefusedError, problems_of
from ingest.shapes import read_shapes
from ingest.sheet import Sheet
from ingest.specimens import note_astray, read_positions
from ingest.whereabouts import Inside

FEWEST_POINTS = {"line": 2, "polygon": 3}
DESCRIPTION = ("name", "longitude", "latitude")
SAME_PLACE_M = 100


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sources and their releases as Arrow tables; `record` of a release is the row of its source in the table."""

    sources: Any
    releases: Any
    findings: tuple[Finding, ...]
    rows_in: int
    loaded: int
    duplicates: int
    rejected: tuple[Any, Any] = ((), ())
    above: Mapping[str, int] = field(default_factory=dict)
    """Of several files that are read as one, how many rows are counted above each."""


@dataclass(frozen=True, slots=True)
class _Content:
    """All that stands in the file: `record` of a release is the place of its row."""

    sources: Any
    releases: Any
    findings: tuple[Finding, ...]
    above: Mapping[str, int]

    @property
    def rows_in(self) -> int:
        return int(self.sources.num_rows) + broken_rows(self.findings)


def read_sources(file: Path, profile: Profile, contaminants: Contaminants, area: Inside | None = None) -> Inventory:
    """Read and check a file of sources; raises `IngestError` when nothing in it can be loaded.

    `area` is where the profile says that its points lie; outlines may reach beyond it.
    """
    if profile.sources is None:
        raise IngestError(f"the profile of {profile.dataset.name!r} describes samples, not sources")
    content = _content(file, profile, profile.sources, contaminants, area)
    if profile.sources.geometry in ("point", "file"):
        shared = profile.sources.layout == "one-row-per-release"
        return _points(file, content, shared=shared)
    return _outline(file, content, profile.sources.geometry)


def _content(file: Path, profile: Profile, given: Sources, contaminants: Contaminants, area: Inside | None) -> _Content:
    check_units(given.releases)
    sheets, guesses = open_sheets(file, profile)
    sources, releases, findings, start = [], [], list(guesses), 0
    above: dict[str, int] = {}
    for sheet in sheets:
        sources.append(_sources(sheet, profile, given, area if given.geometry == "point" else None))
        releases += [
            read_releases(sheet, release, contaminants, start, number)
            for number, release in enumerate(given.releases, start=1)
        ]
        above |= rows_above(sheet.batch)
        findings += sheet.findings
        start += len(sheet.rows)
    none = pa.table({"record": pa.array([], pa.int64())})
    released = pa.concat_tables(releases) if releases else none
    return _Content(pa.concat_tables(sources).combine_chunks(), released, tuple(merged(findings)), above)


def _sources(sheet: Sheet, profile: Profile, given: Sources, area: Inside | None) -> Any:
    rows = pc.cast(pa.array(sheet.rows), pa.string())
    code = sheet.text(given.code) if given.code else rows
    placed = (
        read_shapes(sheet, profile.position) if given.geometry == "file" else _placed(sheet, profile.position, area)
    )
    return pa.table(
        {
            "row": sheet.rows,
            "code": pc.coalesce(code, rows),
            "name": pc.coalesce(sheet.text(given.name), code, rows),
            "sector": pc.fill_null(sheet.text(given.sector), "unknown"),
            "sector_original": pc.fill_null(sheet.text(given.sector_original), ""),
            "diffuse": pa.repeat(pa.scalar(given.diffuse), len(sheet.rows)),
            "status": sheet.text(given.status),
            "status_since": sheet.days(given.status_since)[0],
            **placed,
            "content": sheet.content(),
        }
    )


def _placed(sheet: Sheet, position: Position, area: Inside | None) -> dict[str, Any]:
    read = read_positions(sheet, position)
    note_astray(sheet, position, area, read)
    return {key: read[key] for key in ("longitude", "latitude")} | {"geom": points(read["longitude"], read["latitude"])}


def _points(file: Path, content: _Content, *, shared: bool) -> Inventory:
    rows, codes = content.sources["row"].to_numpy(), content.sources["code"]
    spoilt = [finding.rows for finding in content.findings if finding.whole_row]
    alive = ~np.isin(rows, np.concatenate(spoilt)) if spoilt else np.ones(len(rows), np.bool_)
    repeated = alive & ~is_first(content.sources["content"], alive)
    alive &= ~repeated
    years = _years(content)
    dated = pc.binary_join_element_wise(codes, pa.array(years.astype(str).tolist()), "\x1f")
    again = alive & ~is_first(dated, alive)
    contrary = again & ~_same(content.sources, first_places(dated, alive), DESCRIPTION) if shared else again
    alive &= ~contrary
    latest = _latest(codes, years, alive)
    releases, doubled = _unrepeated(content.releases, latest, alive)
    findings = [
        *content.findings,
        *_found("duplicate-row", repeated, rows, codes, "repeats an earlier row cell by cell"),
        *_found("duplicate-code", contrary, rows, codes, "is a source that an earlier row describes differently"),
        *_changed(content.sources, latest, alive),
        *doubled,
    ]
    if not alive.any():
        said = f"{file.name}: nothing can be loaded; {problems_of(findings)[0].message}"
        raise RefusedError(said, findings, content.rows_in, int(repeated.sum()))
    chosen = alive & (latest == np.arange(len(alive)))
    counts = (content.rows_in, int(alive.sum()), int(repeated.sum()))
    lost = content.sources.filter(pa.array(~(alive | repeated)))
    rejected = lost["longitude"].to_numpy(), lost["latitude"].to_numpy()
    kept = content.sources.filter(pa.array(chosen))
    return Inventory(kept, _of_kept(releases, chosen), tuple(findings), *counts, rejected, content.above)


def _years(content: _Content) -> NDArray[np.int64]:
    """The latest year of which each row tells releases, 0 where it tells none: shape (n,)."""
    years = np.zeros(content.sources.num_rows, np.int64)
    if content.releases.num_rows:
        told = pc.fill_null(content.releases["year"], 0).to_numpy()
        np.maximum.at(years, content.releases["record"].to_numpy(), told.astype(np.int64))
    return years


def _latest(codes: Any, years: NDArray[np.int64], alive: Mask) -> NDArray[np.int64]:
    """For each row the first row of the latest year that describes the same source."""
    order = np.lexsort((np.arange(len(years)), -years))
    first = first_places(pc.take(codes, pa.array(order)), alive[order])
    latest = np.empty_like(order)
    latest[order] = order[first]
    return latest


def _same(sources: Any, other: NDArray[np.int64], columns: Sequence[str]) -> Mask:
    """Which rows say the same as another one."""
    same = np.ones(len(other), np.bool_)
    for column in columns:
        values = sources[column].combine_chunks()
        same &= np.asarray(pc.equal(values, pc.take(values, pa.array(other))).to_numpy(zero_copy_only=False), np.bool_)
    return same


def _changed(sources: Any, latest: NDArray[np.int64], alive: Mask) -> list[Finding]:
    """Sources that another year calls otherwise, or places elsewhere."""
    rows, names = sources["row"].to_numpy(), sources["name"]
    renamed = alive & ~_same(sources, latest, ("name",))
    none = np.zeros(len(rows), np.uint8)
    places = sources["longitude"].to_numpy(), sources["latitude"].to_numpy()
    here, there = Located(*places, none), Located(places[0][latest], places[1][latest], none)
    moved = alive & (distance_m(here, there) > SAME_PLACE_M)
    return [
        *_found("source-renamed", renamed, rows, names, "is called otherwise in its latest year, which is kept"),
        *_found(
            "source-moved",
            moved,
            rows,
            names,
            f"lies over {SAME_PLACE_M} m elsewhere in its latest year, which is kept",
        ),
    ]


def _unrepeated(releases: Any, source: Any, alive: Mask) -> tuple[Any, list[Finding]]:
    """The releases of the rows that stay, at the row that describes their source, each once; and what was repeated."""
    if not releases.num_rows:
        return releases, []
    kept = releases.filter(pa.array(alive[releases["record"].to_numpy()]))
    kept = kept.set_column(0, "record", pa.array(source[kept["record"].to_numpy()]))
    keys = (pc.cast(kept[key], pa.string()) for key in ("record", "pollutant", "medium", "year"))
    again = occurrences(pc.binary_join_element_wise(*(pc.fill_null(key, "") for key in keys), "\x1f")) > 1
    reason = "was released by this source into the same medium in the same year by an earlier row"
    found = _found("duplicate-release", again, kept["row"].to_numpy(), kept["pollutant"], reason, whole_row=False)
    return kept.filter(pa.array(~again)), found


def _found(rule: str, where: Mask, rows: Any, texts: Any, reason: str, *, whole_row: bool = True) -> list[Finding]:
    if not where.any():
        return []
    chosen = pc.filter(texts, pa.array(where)).to_pylist()
    spoils = whole_row and RULES[rule].severity == "reject"
    return [Finding(RULES[rule], rows[where], chosen, reason, None, spoils)]


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
            said = f"{file.name}: the outline cannot do without a row; {Problem.of(finding).message}"
            raise RefusedError(said, content.findings, content.rows_in)
    corners = np.column_stack([content.sources["longitude"], content.sources["latitude"]])
    shape = geometries([_shape(file, geometry, corners)])
    index = content.sources.schema.get_field_index("geom")
    source = content.sources.slice(0, 1).set_column(index, "geom", shape)
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
