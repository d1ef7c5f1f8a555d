"""A large load that is killed at any moment and run again ends as if nobody had disturbed it."""

import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, func, select, text

from db.engine import Database
from db.tables import dataset, load_under_way, measurement, site, specimen
from ingest import publishing
from ingest.load import load_samples, unload
from ingest.profile import Profile
from tests.ingest.loading import loading

Describe = Callable[..., Profile]
Write = Callable[..., Path]
ROWS = 1500
CODED = {
    "specimen": 'code = { column = "id" }\nsite = { column = "plot" }',
    "columns": 'zinc = "zinc"\nlead = "lead"',
    "measurements": 'replicates = "number"',
}


@pytest.fixture(autouse=True)
def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LARGE", 1)
    monkeypatch.setattr("ingest.readers.csv.BLOCK_BYTES", 4096)


@pytest.fixture
def file(write: Write) -> Path:
    return write(content(seed=1))


def content(seed: int, rows: int = ROWS) -> str:
    """Specimens that share plots, some measured twice far apart in the file, some not detected."""
    draw = np.random.default_rng(seed)
    lines = ["id,plot,x,y,zinc,lead"]
    for number in draw.integers(0, rows, rows):
        zinc, lead = draw.integers(1, 100, 2)
        lines.append(f"S{number},P{number // 7},{5 + number / rows:.4f},50,<{zinc},{lead}")
    return "\n".join(lines) + "\n"


def state(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All that was stored, in terms of the file and not of identifiers."""
    place = (specimen.c.code, func.ST_AsEWKT(specimen.c.geom), func.ST_AsEWKT(specimen.c.geom_3857))
    queries = {
        "dataset": select(dataset.c.name, dataset.c.version, dataset.c.checksum),
        "site": select(site.c.code, func.ST_AsEWKT(site.c.geom)).order_by(site.c.code),
        "specimen": select(site.c.code, *place, specimen.c.source_row)
        .join(site, site.c.id == specimen.c.site_id)
        .order_by(specimen.c.code),
        "measurement": select(
            specimen.c.code,
            measurement.c.contaminant_id,
            measurement.c.replicate,
            measurement.c.lower,
            measurement.c.upper,
            measurement.c.uncertainty,
            measurement.c.source_row,
            measurement.c.original_text,
        )
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .order_by(specimen.c.code, measurement.c.contaminant_id, measurement.c.replicate),
        "under way": select(load_under_way.c.dataset),
    }
    return {name: [tuple(row) for row in connection.execute(query)] for name, query in queries.items()}


def tables_of_datasets(engine: Engine) -> int:
    with engine.connect() as connection:
        found = text(
            r"SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^(site|specimen|measurement)_\d'"
        )
        return int(connection.execute(found).scalar_one())


def load(engine: Engine, file: Path, profile: Profile) -> dict[str, list[tuple[Any, ...]]]:
    with engine.begin() as connection:
        load_samples(connection, file, profile)
        return state(connection)


def seen(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(specimen)).scalar_one())


@pytest.mark.parametrize("existing", [False, True], ids=["new", "corrected"])
def test_killed_at_several_moments(
    database: Database, file: Path, write: Write, describe: Describe, existing: bool
) -> None:
    engine, profile = database.engine(), describe(**CODED)
    described = file.with_name("survey.toml")
    if existing:
        load(engine, write(content(seed=2), "before.csv"), profile)
    before = seen(engine)
    for chunks in (0, 2, 5):
        with loading(database, file, described) as process:
            _wait_for(engine, chunks, process)
            process.kill()
        assert seen(engine) == before
    resumed = load(engine, file, profile)
    with engine.begin() as connection:
        unload(connection, "survey")
    assert tables_of_datasets(engine) == 0
    if existing:
        load(engine, write(content(seed=2), "before.csv"), profile)
    assert load(engine, file, profile) == resumed
    engine.dispose()


def _wait_for(engine: Engine, chunks: int, process: BaseProcess) -> None:
    """Until so many chunks are stored."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while process.is_alive():
            stored = connection.execute(select(load_under_way.c.chunks)).scalar()
            if stored is not None and stored >= chunks:
                return
            time.sleep(0.005)
    pytest.fail("the load ended before it could be killed")


@pytest.mark.parametrize("existing", [False, True], ids=["new", "corrected"])
def test_broken_off_in_the_last_step(
    database: Database, file: Path, write: Write, describe: Describe, existing: bool
) -> None:
    engine, profile = database.engine(), describe(**CODED)
    if existing:
        load(engine, write(content(seed=2), "before.csv"), profile)
    before = seen(engine)
    with engine.connect() as connection:
        transaction = connection.begin()
        load_samples(connection, file, profile)
        transaction.rollback()
    assert seen(engine) == before
    broken = load(engine, file, profile)
    with engine.begin() as connection:
        unload(connection, "survey")
    if existing:
        load(engine, write(content(seed=2), "before.csv"), profile)
    assert load(engine, file, profile) == broken
    engine.dispose()


def test_another_file_after_half_a_load(database: Database, file: Path, write: Write, describe: Describe) -> None:
    engine, profile = database.engine(), describe(**CODED)
    with engine.connect() as connection:
        transaction = connection.begin()
        load_samples(connection, file, profile)
        transaction.rollback()
    other = write(content(seed=3), "other.csv")
    after = load(engine, other, profile)
    with engine.begin() as connection:
        unload(connection, "survey")
    assert load(engine, other, profile) == after
    assert tables_of_datasets(engine) == 3
    engine.dispose()


def test_two_loads_of_one_dataset_at_once(database: Database, file: Path, describe: Describe) -> None:
    engine = database.engine()
    describe(**CODED)
    described = file.with_name("survey.toml")
    with loading(database, file, described) as one, loading(database, file, described) as other:
        one.join(timeout=60)
        other.join(timeout=60)
        assert (one.exitcode, other.exitcode) == (0, 0)
    with engine.connect() as connection:
        assert connection.execute(select(dataset.c.version)).scalars().all() == [1]
    assert tables_of_datasets(engine) == 3
    engine.dispose()


def test_chunks_change_nothing(
    database: Database, file: Path, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, profile = database.engine(), describe(**CODED)
    in_batches = load(engine, file, profile)
    with engine.begin() as connection:
        unload(connection, "survey")
    monkeypatch.setattr(publishing, "LARGE", 1 << 30)
    monkeypatch.setattr("ingest.readers.csv.BLOCK_BYTES", 1 << 22)
    assert load(engine, file, profile) == in_batches
    engine.dispose()
