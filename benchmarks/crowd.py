"""A million clustered samples, loaded as anybody loads them, in a data folder that is kept from one run to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import select

from db import migrate
from db.embedded import Cluster
from db.engine import Database
from db.pyramid.build import build_missing
from db.tables import dataset
from ingest.load import load_samples
from ingest.profile import Profile
from ingest.vocabulary import load_vocabularies

SAMPLES = 1_000_000
ELEMENTS = ("zinc", "lead")
TOWNS = 2_000
PROFILE: dict[str, dict[str, Any]] = {
    "dataset": {"name": "crowd", "title": "Made up", "licence": "CC0-1.0", "provider": "the benchmark"},
    "position": {"crs": "EPSG:4326", "x": {"column": "x"}, "y": {"column": "y"}},
    "specimen": {"medium": "mineral-horizon", "code": {"column": "id"}},
    "measurements": {"unit": "mg/kg", "columns": {name: name for name in ELEMENTS}},
}


@contextmanager
def crowd(home: Path, samples: int = SAMPLES) -> Iterator[Database]:
    """The database with the samples, alive while the block runs."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    with Cluster.in_folder(home).in_use() as database:
        engine = database.engine()
        migrate.upgrade(engine)
        with engine.begin() as connection:
            load_vocabularies(connection)
            if not connection.execute(select(dataset.c.id).where(dataset.c.name == "crowd")).first():
                load_samples(connection, _file(home, samples), Profile.model_validate(PROFILE))
        build_missing(engine)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        yield database


def _file(home: Path, samples: int) -> Path:
    """Three quarters around towns of very different size, one quarter anywhere; lead in a third of them."""
    path = home / f"crowd-{samples}.csv"
    if path.is_file():
        return path
    draw = np.random.default_rng(6)
    near = samples * 3 // 4
    towns = draw.uniform((-10, 36), (30, 66), (TOWNS, 2))
    shares = draw.pareto(1.2, TOWNS) + 0.05
    which = draw.choice(TOWNS, near, p=shares / shares.sum())
    around = towns[which] + draw.normal(0, 0.08, (near, 2)) * draw.exponential(1, (near, 1))
    places = np.concatenate([around, draw.uniform((-10, 36), (30, 66), (samples - near, 2))]).round(6)
    places = places[draw.permutation(samples)]
    zinc = draw.lognormal(4.2, 0.8, samples).round(2)
    lead = np.where(draw.random(samples) < 1 / 3, draw.lognormal(3, 1, samples).round(2), np.nan)
    table = pa.table(
        {
            "id": np.char.add("S", np.arange(samples).astype(str)),
            "x": places[:, 0],
            "y": places[:, 1],
            "zinc": zinc,
            "lead": pa.array(lead, from_pandas=True),
        }
    )
    pyarrow.csv.write_csv(table, path)
    return path
