"""What jobs do: load a file that was sent, take a dataset out, draft a profile, execute a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, Row

from app.keys import PUBLIC
from app.settings import Settings
from app.work.file_limits import limits_for
from app.work.frugal import give_memory_back
from app.work.load_reports import default_target, write_report
from db.pyramid.build import build_missing
from ingest.contaminants import shipped_contaminants
from ingest.draft import draft_profile
from ingest.errors import IngestError
from ingest.guards import limited_to
from ingest.load import load_samples, load_sources, unload
from ingest.profile import SHIPPED, FileOptions, Profile, ProfileError, read_profile
from ingest.report import Report, refusal

Progress = Callable[[int, int], None]
LOADERS = MappingProxyType({"samples": load_samples, "sources": load_sources})


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the software."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Where the files of a job lie: what was sent, and what the job wrote."""

    root: Path

    @classmethod
    def of(cls, settings: Settings, identifier: str) -> "JobFolder":
        """The folder of a job."""
        return cls(settings.uploads / identifier)

    @property
    def data(self) -> Path:
        """The folder of the files of data."""
        return self.root / "data"

    @property
    def profile(self) -> Path:
        """The profile that was sent with them."""
        return self.root / "profile.toml"

    @property
    def made(self) -> Path:
        """The folder of the files that a process made."""
        return self.root / "made"

    @property
    def rejected(self) -> Path:
        """The rows that were rejected, if any were."""
        return self.root / "rejected.csv"

    def described_by(self, shipped: str | None) -> Profile:
        """The shipped profile of that name, never one of another place, else the one that was sent; `ProfileError`."""
        if shipped is None:
            return read_profile(self.profile)
        if shipped not in shipped_profiles():
            raise ProfileError(f"there is no profile {shipped!r}; shipped are {', '.join(shipped_profiles())}")
        return read_profile(SHIPPED / f"{shipped}.toml")

    def to_be_read(self, name: str, profile: Profile) -> Path:
        """The file of that name, or the folder where there are more that the profile does not join to it."""
        alone = len(list(self.data.iterdir())) == 1
        return self.data / name if alone or profile.file.joins else self.data


@dataclass(frozen=True, slots=True)
class Bench:
    """What the work is done with: what the asker may see, and a folder for files that are made."""

    settings: Settings
    engine: Engine
    progress: Progress
    visible: tuple[str, ...] = PUBLIC
    folder: Path | None = None


class LoadRefusedError(ValueError):
    """A file that cannot be loaded; `report` says so at length."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def carry_out(bench: Bench, job: Row[Any]) -> Mapping[str, Any]:
    """Do what a job asks for; its result, or the `ValueError` whose message says why it cannot be done."""
    with limited_to(limits_for(bench.settings)):
        return _ACTIONS[job.action](bench, job)


def _load(bench: Bench, job: Row[Any]) -> Mapping[str, Any]:
    folder = JobFolder.of(bench.settings, job.id)
    profile = folder.described_by(job.profile)
    file = folder.to_be_read(job.file_name, profile)
    give_memory_back()
    load = partial(LOADERS[job.kind], rejected_to=folder.rejected, progress=bench.progress)
    try:
        with bench.engine.begin() as connection:
            report = load(connection, file, profile)
        build_missing(bench.engine)
    except IngestError as error:
        refused = refusal(file, profile, error)
        write_report(refused, default_target(bench.settings, refused))
        raise LoadRefusedError(str(error), refused) from None
    write_report(report, default_target(bench.settings, report))
    return report.to_dict()


def _unload(bench: Bench, job: Row[Any]) -> Mapping[str, Any]:
    with bench.engine.begin() as connection:
        removed = unload(connection, job.dataset)
    return {"dataset": removed.name, "title": removed.title, "kind": removed.kind, "removed": removed.count}


def _draft(bench: Bench, job: Row[Any]) -> Mapping[str, Any]:
    file = JobFolder.of(bench.settings, job.id).data / job.file_name
    draft = draft_profile(file, shipped_contaminants(), FileOptions())
    return {"profile": draft.toml, "reasons": draft.reasons, "open": draft.open_questions}


def _execute(bench: Bench, job: Row[Any]) -> Mapping[str, Any]:
    from app.work.execution import execute, stored  # noqa: PLC0415  a load needs nothing of it

    folder = JobFolder.of(bench.settings, job.id).made
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return stored(execute(replace(bench, folder=folder), job.process, job.request["inputs"]))


_ACTIONS: Mapping[str, Callable[[Bench, Row[Any]], Mapping[str, Any]]] = MappingProxyType(
    {"load": _load, "unload": _unload, "draft": _draft, "execute": _execute}
)
