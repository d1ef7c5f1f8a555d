"""Files into the tables, each in one transaction: all of what can be used, or nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.versions import raise_version
from ingest import datasets
from ingest.contaminants import Contaminants, shipped_contaminants
from ingest.copying import copy_rows, points, reserve_ids, whole
from ingest.findings import misplaced_rows
from ingest.harmonise import Observations, harmonise
from ingest.origin import origin_of
from ingest.profile import Profile
from ingest.records import is_first, with_system_of
from ingest.rejected import refuse_rejected, write_rejected
from ingest.report import Report, broken_by, problems_of
from ingest.sources import Inventory, read_sources
from ingest.tally import SampleTally, SourceTally
from ingest.tally.contents import Content
from ingest.vocabulary import load_contaminants

PROCEDURE = ("digestion", "instrument", "standard")
MEASURED = (
    *("basis", "laboratory", "batch", "analysed_on", "lower", "upper", "lod", "loq", "uncertainty"),
    *("original_text", "original_unit", "quality_flag", "replicate"),
)
NOT_OF_SPECIMEN = ("row", "content", "site", "longitude", "latitude")
OF_SOURCE = ("code", "name", "sector", "sector_original", "diffuse", "geom")

Read = TypeVar("Read", Observations, Inventory)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Read]):
    """What differs between files of samples and of sources."""

    name: str
    read: Callable[[Path, Profile, Contaminants], Read]
    count: Callable[[Read], Counter[str]]
    tally: Callable[[Read], Content]
    store: Callable[[Connection, int, Profile, Read], None]
    layers: tuple[str, ...]


def load_samples(connection: Connection, file: Path, profile: Profile, *, rejected_to: Path | None = None) -> Report:
    """Load a file of soil samples in the caller's transaction.

    The same file and profile again change nothing; a corrected file replaces what its dataset held and raises its
    version. Rows and values that cannot be used are written to `rejected_to` with the reason. Raises `IngestError`
    when nothing can be loaded; the transaction is then as it was before.
    """
    return _load(connection, file, profile, SAMPLES, rejected_to)


def load_sources(connection: Connection, file: Path, profile: Profile, *, rejected_to: Path | None = None) -> Report:
    """Load a file of pollution sources; all else as `load_samples`."""
    return _load(connection, file, profile, SOURCES, rejected_to)


def unload(connection: Connection, name: str) -> datasets.Removed:
    """Take a dataset out in the caller's transaction, with all that it holds; `IngestError` where there is none."""
    with connection.begin_nested():
        datasets.lock(connection, name)
        removed = datasets.remove(connection, name)
        kind = SAMPLES if removed.kind == SAMPLES.name else SOURCES
        raise_version(connection, *kind.layers)
    return removed


def _load(connection: Connection, file: Path, profile: Profile, kind: _Kind[Read], rejected_to: Path | None) -> Report:
    with connection.begin_nested():
        datasets.lock(connection, profile.dataset.name)
        before = datasets.stored(connection, profile, kind.name)
        profile = with_system_of(file, profile)
        checksum = datasets.checksum_of(file, profile)
        if before is not None and before.checksum == checksum:
            return Report.from_dict(before.report).as_unchanged()
        if before is not None:
            refuse_rejected(file, profile.file)
        content = kind.read(file, profile, shipped_contaminants())
        report = _report(file, profile, kind, content, checksum)
        load_contaminants(connection)
        dataset = datasets.write(connection, before, profile, report)
        kind.store(connection, dataset, profile, content)
        raise_version(connection, *kind.layers)
    if rejected_to is not None:
        write_rejected(rejected_to, file, profile.file, content.findings)
    return report


def _report(file: Path, profile: Profile, kind: _Kind[Read], content: Read, checksum: str) -> Report:
    return Report(
        dataset=profile.dataset.name,
        title=profile.dataset.title,
        kind=kind.name,
        file=file.name,
        checksum=checksum,
        unchanged=False,
        rows_in=content.rows_in,
        loaded=content.loaded,
        rejected=content.rows_in - content.loaded - content.duplicates,
        duplicates=content.duplicates,
        measurements=dict(sorted(kind.count(content).items())),
        problems=problems_of(content.findings),
        broken=broken_by(content.findings),
        origin=origin_of(profile),
        content=kind.tally(content),
    )


def _store_samples(connection: Connection, dataset: int, profile: Profile, found: Observations) -> None:
    datasets.clear(connection, dataset, tables.specimen, tables.site)
    sites = _store_sites(connection, dataset, found.specimens)
    specimens = _store_specimens(connection, dataset, profile, found.specimens, sites)
    measurements = found.measurements
    if not measurements.num_rows:
        return
    stored = {
        "dataset_id": _constant(dataset, measurements),
        "specimen_id": specimens[measurements["record"].to_numpy()],
        "contaminant_id": measurements["contaminant"],
        "procedure_id": _store_procedures(connection, measurements),
        "source_row": measurements["row"],
        **{name: measurements[name] for name in MEASURED},
    }
    copy_rows(connection, tables.measurement, _beside_their_specimen(pa.table(stored)))


def _beside_their_specimen(measurements: Any) -> Any:
    """Neighbours in the table and in its widest index: what belongs together is read, and written, together."""
    return measurements.take(np.argsort(measurements["specimen_id"].to_numpy(), kind="stable"))


def _store_sites(connection: Connection, dataset: int, specimens: Any) -> Any:
    """Store the sites, each where its first specimen was taken; the site of each specimen, shape (n,)."""
    everyone = np.ones(specimens.num_rows, np.bool_)
    first = is_first(specimens["site"], everyone)
    distinct = specimens.filter(pa.array(first))
    stored = {
        "dataset_id": _constant(dataset, distinct),
        "code": distinct["site"],
        "geom": points(distinct["longitude"], distinct["latitude"]),
    }
    rows = _with_ids(connection, tables.site, stored)
    copy_rows(connection, tables.site, rows)
    place = pc.index_in(specimens["site"].combine_chunks(), rows["code"].combine_chunks())
    return rows["id"].to_numpy()[place.to_numpy()]


def _store_specimens(connection: Connection, dataset: int, profile: Profile, specimens: Any, sites: Any) -> Any:
    stored = {
        "dataset_id": _constant(dataset, specimens),
        "site_id": sites,
        "geom": points(specimens["longitude"], specimens["latitude"]),
        "crs_as_given": pa.repeat(pa.scalar(profile.position.crs), specimens.num_rows),
        "source_row": specimens["row"],
        **{name: specimens[name] for name in specimens.column_names if name not in NOT_OF_SPECIMEN},
    }
    stored["composite_count"] = whole(stored["composite_count"])
    rows = _with_ids(connection, tables.specimen, stored)
    copy_rows(connection, tables.specimen, rows)
    return rows["id"].to_numpy()


def _store_procedures(connection: Connection, measurements: Any) -> Any:
    """Make sure that the procedures are known; the procedure of each measurement, shape (n,)."""
    distinct = measurements.select(PROCEDURE).group_by(list(PROCEDURE)).aggregate([]).to_pylist()
    connection.execute(insert(tables.procedure).on_conflict_do_nothing(), distinct)
    columns = [tables.procedure.c[name] for name in PROCEDURE]
    known = {tuple(row[1:]): row[0] for row in connection.execute(select(tables.procedure.c.id, *columns))}
    keys = [tuple(row[name] for name in PROCEDURE) for row in distinct]
    joined = pc.binary_join_element_wise(*(measurements[name] for name in PROCEDURE), "\x1f")
    place = pc.index_in(joined, pa.array(["\x1f".join(key) for key in keys]))
    return np.array([known[key] for key in keys])[place.to_numpy()]


def _store_sources(connection: Connection, dataset: int, _: Profile, inventory: Inventory) -> None:
    datasets.clear(connection, dataset, tables.source)
    sources, releases = inventory.sources, inventory.releases
    stored = {
        "dataset_id": _constant(dataset, sources),
        "source_row": sources["row"],
        **{name: sources[name] for name in OF_SOURCE},
    }
    rows = _with_ids(connection, tables.source, stored)
    copy_rows(connection, tables.source, rows)
    if releases.num_rows:
        place = releases["record"].to_numpy()
        released = {name: releases[name] for name in releases.column_names if name not in ("record", "row")}
        released["source_id"] = rows["id"].to_numpy()[place]
        copy_rows(connection, tables.release, pa.table(released))


def _with_ids(connection: Connection, table: Any, columns: dict[str, Any]) -> Any:
    rows = pa.table(columns)
    return rows.append_column("id", pa.array(reserve_ids(connection, table, rows.num_rows)))


def _constant(value: int, rows: Any) -> Any:
    return pa.repeat(pa.scalar(value), rows.num_rows)


def _count_measured(found: Observations) -> Counter[str]:
    return Counter(found.measurements["contaminant"].to_pylist())


def _count_released(inventory: Inventory) -> Counter[str]:
    releases = inventory.releases
    if not releases.num_rows:
        return Counter()
    return Counter(pc.coalesce(releases["contaminant_id"], releases["pollutant"]).to_pylist())


def _tally_samples(found: Observations) -> Content:
    doubted = misplaced_rows(found.findings)
    return SampleTally.of(found.specimens, found.measurements, doubted=doubted, rejected=found.rejected).summary()


def _tally_sources(found: Inventory) -> Content:
    doubted = misplaced_rows(found.findings)
    return SourceTally.of(found.sources, found.releases, doubted=doubted, rejected=found.rejected).summary()


SAMPLES = _Kind("samples", harmonise, _count_measured, _tally_samples, _store_samples, ("samples", "sites"))
SOURCES = _Kind("sources", read_sources, _count_released, _tally_sources, _store_sources, ("sources",))
