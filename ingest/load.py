"""Files into the tables: all of what can be used, or nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from db.pyramid.build import forget as forget_pyramid
from db.versions import raise_version
from ingest import datasets, under_way
from ingest.beside import beside
from ingest.errors import IngestError
from ingest.harmonise import Progress
from ingest.incoming import Incoming, IncomingSamples, IncomingSources
from ingest.origin import origin_of
from ingest.profile import Profile
from ingest.publishing import publish
from ingest.records import with_system_of
from ingest.rejected import is_rejected, options_of_rejected, write_rejected
from ingest.report import Report, broken_by, problems_of
from ingest.stated_area import stated_area
from ingest.vocabulary import load_contaminants
from ingest.whereabouts import Inside

LAYERS = {"samples": ("samples", "sites"), "sources": ("sources",)}
Read = Callable[[Path, Profile, Progress | None, Inside | None], Incoming]
READ: dict[str, Read] = {"samples": IncomingSamples, "sources": IncomingSources}


def load_samples(
    connection: Connection,
    file: Path,
    profile: Profile,
    *,
    rejected_to: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Load a file of soil samples in the caller's transaction.

    The same file and profile again change nothing; a corrected file replaces what its dataset held and raises its
    version. Rows and values that cannot be used are written to `rejected_to` with the reason. `progress` is called
    with how much is done of how much. Raises `IngestError` when nothing can be loaded; the transaction is then as it
    was before.
    """
    return _load(connection, file, profile, "samples", rejected_to, progress)


def load_sources(
    connection: Connection,
    file: Path,
    profile: Profile,
    *,
    rejected_to: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Load a file of pollution sources; all else as `load_samples`."""
    return _load(connection, file, profile, "sources", rejected_to, progress)


def unload(connection: Connection, name: str) -> datasets.Removed:
    """Take a dataset out in the caller's transaction, with all that it holds; `IngestError` where there is none.

    What a large load of that name stored before it was broken off goes as well.
    """
    with connection.begin_nested():
        datasets.lock(connection, name)
        under_way.abandon(connection, name)
        removed = datasets.remove(connection, name)
        raise_version(connection, *LAYERS[removed.kind])
    return removed


def _load(
    connection: Connection,
    file: Path,
    profile: Profile,
    kind: str,
    rejected_to: Path | None,
    progress: Progress | None,
) -> Report:
    with connection.begin_nested():
        datasets.lock(connection, profile.dataset.name)
        before = datasets.stored(connection, profile, kind)
        partial = is_rejected(file)
        profile = _of_corrections(file, profile, before) if partial else with_system_of(file, profile)
        checksum = datasets.checksum_of(file, profile)
        known = datasets.report_of(connection, before, checksum)
        if known is not None:
            if rejected_to is not None and known.rejected:
                _write_rejected_again(connection, rejected_to, file, profile, kind)
            return known.as_unchanged()
        incoming = _read(connection, before, file, profile, kind, progress, partial=partial)
        load_contaminants(connection)
        given = datasets.Given(profile, kind, file.name, checksum, incoming.above, partial=partial)
        dataset, changes = publish(connection, before, given, incoming)
        incoming.conclude(connection, dataset)
        forget_pyramid(connection, dataset)
        version = 1 if before is None else before.version + 1
        report = replace(_report(file, profile, kind, incoming, checksum), version=version)
        datasets.write_version(connection, dataset, report, changes, partial=partial)
        shown_otherwise = before is not None and before.visibility != profile.dataset.visibility
        raise_version(connection, *(LAYERS[kind] if shown_otherwise else changes.layers))
    if rejected_to is not None:
        _write_rejected(rejected_to, file, profile, incoming)
    return report


def _of_corrections(file: Path, profile: Profile, before: datasets.Stored | None) -> Profile:
    """The profile of a dataset as it reads corrected rows of its own; raises `IngestError` where it cannot."""
    if before is None or before.kind != "samples":
        raise IngestError(
            f"{file.name} holds rejected rows: load the file they came from first"
            if before is None
            else f"{file.name} holds rejected rows of an inventory; put them back into their file and load that"
        )
    crs = before.profile["position"]["crs"] if profile.position.crs is None else profile.position.crs
    position = profile.position.model_copy(update={"crs": crs})
    return profile.model_copy(update={"position": position, "file": options_of_rejected(file, profile.file)})


def _read(
    connection: Connection,
    before: datasets.Stored | None,
    file: Path,
    profile: Profile,
    kind: str,
    progress: Progress | None,
    *,
    partial: bool,
) -> Incoming:
    area = stated_area(connection, profile.position)
    if partial and before is not None:
        return IncomingSamples(file, profile, progress, area, beside(connection, before.id, file, profile))
    return READ[kind](file, profile, progress, area)


def _write_rejected_again(connection: Connection, target: Path, file: Path, profile: Profile, kind: str) -> None:
    """Write what was rejected of a file that is loaded, by reading it once more."""
    incoming = READ[kind](file, profile, None, stated_area(connection, profile.position))
    incoming.review()
    _write_rejected(target, file, profile, incoming)


def _write_rejected(target: Path, file: Path, profile: Profile, incoming: Incoming) -> None:
    """Write what was rejected; where nothing was, a file that an earlier load left there goes."""
    if any(finding.rule.severity == "reject" for finding in incoming.findings):
        write_rejected(target, file, profile.file, incoming.rejections)
    else:
        target.unlink(missing_ok=True)


def _report(file: Path, profile: Profile, kind: str, incoming: Incoming, checksum: str) -> Report:
    return Report(
        dataset=profile.dataset.name,
        title=profile.dataset.title,
        kind=kind,
        file=file.name,
        checksum=checksum,
        unchanged=False,
        rows_in=incoming.rows_in,
        loaded=incoming.loaded,
        rejected=incoming.rows_in - incoming.loaded - incoming.duplicates,
        duplicates=incoming.duplicates,
        measurements=dict(sorted(incoming.measurements.items())),
        problems=problems_of(incoming.findings),
        broken=broken_by(incoming.findings),
        controls=incoming.controls,
        origin=origin_of(profile),
        content=incoming.content,
    )
