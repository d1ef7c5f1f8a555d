"""What may be wrong with an installation, and what to do about it: each check is a function and a line of `CHECKS`."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import rasterio
from alembic.util.exc import CommandError
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from app.jobs import workers_alive
from app.settings import Settings
from app.work.job_book import UNFINISHED
from db import migrate
from db.tables import contaminant, dataset, job, surface

GOOD, DOUBT, BAD = "good", "doubt", "bad"
OLDEST_POSTGRES, OLDEST_POSTGIS, OLDEST_GDAL = (15, 0), (3, 3), (3, 6)
LEAST_DISK, ENOUGH_DISK = 500_000_000, 5_000_000_000
LEAST_MEMORY = 1_000_000_000
DRIVERS = ("GTiff", "COG", "GPKG", "GeoJSON", "FlatGeobuf", "ESRI Shapefile")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; what is not good says what to do."""

    subject: str
    state: str
    said: str
    remedy: str | None = None

    def __post_init__(self) -> None:
        if (self.state == GOOD) == bool(self.remedy):
            raise ValueError(f"what is not good, and only that, has a remedy: {self.subject}")


@dataclass(frozen=True, slots=True)
class Patient:
    """An installation: its settings, and its database, which can be reached."""

    settings: Settings
    engine: Engine


def examined(settings: Settings, engine: Engine) -> list[Finding]:
    """All that was found; a check that fails itself is a finding."""
    return [_carefully(subject, check, Patient(settings, engine)) for subject, check in CHECKS.items()]


def _carefully(subject: str, check: Callable[[Patient], Finding], patient: Patient) -> Finding:
    try:
        return check(patient)
    except (DBAPIError, OSError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
        return Finding(subject, BAD, f"could not be examined: {said}", "mend that, and ask again")


def _database(patient: Patient) -> Finding:
    with patient.engine.connect() as connection:
        number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        postgis = str(connection.execute(text("SELECT postgis_lib_version()")).scalar_one())
    found = (number // 10_000, number % 10_000)
    said = f"PostgreSQL {found[0]}.{found[1]}, PostGIS {postgis}"
    if found < OLDEST_POSTGRES or _numbers(postgis) < OLDEST_POSTGIS:
        return Finding("database", BAD, said, "use PostgreSQL 15 with PostGIS 3.3, or newer")
    return Finding("database", GOOD, said)


def _schema(patient: Patient) -> Finding:
    try:
        migrate.check(patient.engine)
    except CommandError as error:
        return Finding("schema", BAD, f"not that of this version: {error}", "run `edaphos db upgrade`")
    return Finding("schema", GOOD, "that of this version")


def _vocabularies(patient: Patient) -> Finding:
    with patient.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(contaminant)).scalar_one()
    if not count:
        return Finding("vocabularies", BAD, "no contaminant is known", "run `edaphos db upgrade`")
    return Finding("vocabularies", GOOD, f"{count} contaminants")


def _disk(patient: Patient) -> Finding:
    home = patient.settings.home
    free = shutil.disk_usage(home).free
    said = f"{free / 1e9:.1f} GB free in {home}"
    if not os.access(home, os.W_OK):
        return Finding("disk", BAD, f"{home} cannot be written to", "let the user that runs edaphos write there")
    if free < ENOUGH_DISK:
        state = BAD if free < LEAST_DISK else DOUBT
        return Finding("disk", state, said, "make room: large loads need several times the size of their file")
    return Finding("disk", GOOD, said)


def _memory(_: Patient) -> Finding:
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    said = f"{available / 1e9:.1f} GB not in use, {os.cpu_count()} processors"
    if available < LEAST_MEMORY:
        return Finding(
            "memory", DOUBT, said, "stop other programs before loading millions of rows or mapping a country"
        )
    return Finding("memory", GOOD, said)


def _gdal(_: Patient) -> Finding:
    version = rasterio.__gdal_version__
    with rasterio.Env() as env:
        known = set(env.drivers())
    missing = [driver for driver in DRIVERS[:2] if driver not in known]
    if missing or _numbers(version) < OLDEST_GDAL:
        said = f"GDAL {version}" + (f" without {', '.join(missing)}" if missing else "")
        return Finding("GDAL", BAD, said, "install the packages again: `make setup`")
    return Finding("GDAL", GOOD, f"GDAL {version}, that of rasterio")


def _worker(patient: Patient) -> Finding:
    with patient.engine.connect() as connection:
        alive = int(connection.execute(workers_alive()).scalar() or 0)
        waiting = select(func.count()).select_from(job).where(job.c.status.in_(UNFINISHED))
        jobs = int(connection.execute(waiting).scalar_one())
    said = f"{alive} running, {jobs} jobs waiting or at work"
    if alive:
        return Finding("worker", GOOD, said)
    state = BAD if jobs else DOUBT
    return Finding("worker", state, said, "start one: `edaphos worker`, or `edaphos serve --with-worker`")


def _files(patient: Patient) -> Finding:
    with patient.engine.connect() as connection:
        rows = connection.execute(select(surface.c.id, surface.c.path)).all()
    lost = [row.id for row in rows if not (patient.settings.home / row.path).is_file()]
    if lost:
        said = f"{len(lost)} of {len(rows)} maps have lost their file: {', '.join(lost[:5])}"
        return Finding("files of maps", BAD, said, "make these maps again, or bring the folder surfaces/ back")
    return Finding("files of maps", GOOD, f"{len(rows)} maps, all files there")


def _stale(patient: Patient) -> Finding:
    """Maps older than the newest load of a dataset that they were made from."""
    made_from = surface.c.parameters["datasets"].has_key(dataset.c.name)
    later = dataset.c.loaded_at > surface.c.created_at
    query = select(surface.c.id).join(dataset, made_from).where(later).distinct()
    with patient.engine.connect() as connection:
        old = list(connection.execute(query.order_by(surface.c.id)).scalars())
    if old:
        said = f"{len(old)} maps are older than their samples: {', '.join(old[:5])}"
        return Finding("stale maps", DOUBT, said, "make them again with `edaphos map`")
    return Finding("stale maps", GOOD, "no map is older than its samples")


def _unfinished(patient: Patient) -> Finding:
    parts = [*_parts(patient.settings.surfaces, ".surface-*"), *_parts(patient.settings.home, ".*.part")]
    if parts:
        said = f"{len(parts)} folders of work that was broken off"
        return Finding("unfinished work", DOUBT, said, "the same command again goes on, or clears them after a day")
    return Finding("unfinished work", GOOD, "none")


def _browser_files(_: Patient) -> Finding:
    vendor = Path(__file__).resolve().parents[1] / "client" / "vendor"
    if not any(vendor.glob("*")):
        return Finding("map page", DOUBT, "its libraries are not installed", "run `make setup`")
    return Finding("map page", GOOD, "installed")


def _ogr(_: Patient) -> Finding:
    program = shutil.which("ogrinfo")
    if program is None:
        return Finding("ogrinfo", DOUBT, "not installed; only tests and examples need it", "install gdal-bin")
    found = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return Finding("ogrinfo", GOOD, found.stdout.strip().partition(",")[0])


def _parts(folder: Path, pattern: str) -> Iterable[Path]:
    return folder.glob(pattern) if folder.is_dir() else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


CHECKS: "MappingProxyType[str, Callable[[Patient], Finding]]" = MappingProxyType(
    {
        "database": _database,
        "schema": _schema,
        "vocabularies": _vocabularies,
        "disk": _disk,
        "memory": _memory,
        "GDAL": _gdal,
        "worker": _worker,
        "files of maps": _files,
        "stale maps": _stale,
        "unfinished work": _unfinished,
        "map page": _browser_files,
        "ogrinfo": _ogr,
    }
)


def worst(findings: Sequence[Finding]) -> str:
    """The state of the whole."""
    states = {finding.state for finding in findings}
    return next(state for state in (BAD, DOUBT, GOOD) if state in states or state == GOOD)


def as_dict(findings: Sequence[Finding]) -> dict[str, Any]:
    """For `--json`."""
    told = [{name: getattr(each, name) for name in Finding.__slots__} for each in findings]
    return {"state": worst(findings), "findings": told}
