"""From a file to committed, indexed rows: against geopandas writing the same rows, and against COPY alone."""

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from psycopg import sql
from sqlalchemy import Engine, text

from benchmarks.line import Line, seconds
from db import migrate
from db.embedded import Cluster
from ingest.contaminants import shipped_contaminants
from ingest.harmonise import Survey
from ingest.load import load_samples
from ingest.profile import Profile

ROWS = 50_000
ELEMENTS = ("zinc", "lead", "cadmium", "copper")
TABLES = ("site", "specimen", "measurement")
PROFILE: dict[str, dict[str, Any]] = {
    "dataset": {"name": "bench", "title": "Made up", "licence": "CC0-1.0", "provider": "the benchmark"},
    "position": {"crs": "EPSG:4326", "x": {"column": "x"}, "y": {"column": "y"}},
    "specimen": {"medium": "mineral-horizon", "code": {"column": "id"}},
    "measurements": {"unit": "mg/kg", "columns": {name: name for name in ELEMENTS}},
}


@dataclass
class _Bench:
    engine: Engine
    address: str
    file: Path
    numbers: Iterator[int] = field(default_factory=count)

    def profile(self) -> Profile:
        """A profile of a dataset that is not there yet."""
        dataset = PROFILE["dataset"] | {"name": f"bench-{next(self.numbers)}"}
        return Profile.model_validate(PROFILE | {"dataset": dataset})

    def load(self) -> None:
        with self.engine.begin() as connection:
            load_samples(connection, self.file, self.profile())

    def harmonise(self) -> None:
        for _ in Survey(self.file, self.profile(), shipped_contaminants()).chunks():
            pass

    def geopandas(self) -> None:
        """The same sites, specimens and measurements, each with its position and a spatial index and nothing else."""
        wide = pd.read_csv(self.file)
        at = geopandas.points_from_xy(wide.x, wide.y)
        long = wide.assign(geometry=at).melt(["id", "geometry"], list(ELEMENTS), "contaminant", "upper")
        frames = {
            "peer_site": wide[["id"]].assign(geometry=at),
            "peer_specimen": wide[["id", "x", "y"]].assign(medium="mineral-horizon", geometry=at),
            "peer": long.assign(lower=long.upper, original_text=long.upper.astype(str), original_unit="mg/kg"),
        }
        with self.engine.begin() as connection:
            for name, frame in frames.items():
                placed = geopandas.GeoDataFrame(frame, geometry="geometry", crs=4326)
                placed.to_postgis(name, connection, if_exists="replace")

    def ogr2ogr(self) -> None:
        """The file as one table of points with a spatial index, by COPY; no measurements, nothing checked."""
        options = ("-oo", "X_POSSIBLE_NAMES=x", "-oo", "Y_POSSIBLE_NAMES=y", "-a_srs", "EPSG:4326", "-overwrite")
        copying = ("--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL", self.address)
        subprocess.run(["ogr2ogr", *copying, str(self.file), "-nln", "peer_ogr", *options], check=True)

    def bare(self, contents: dict[str, bytes]) -> None:
        with self.engine.begin() as connection:
            for table, content in contents.items():
                connection.execute(text(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)"))
                connection.execute(text(f"ALTER TABLE bare_{table} ALTER id DROP IDENTITY"))
                driver = connection.connection.driver_connection
                assert driver is not None
                columns = sql.SQL(", ").join(map(sql.Identifier, self.columns(table)))
                command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)")
                with driver.cursor().copy(command.format(sql.Identifier(f"bare_{table}"), columns)) as copy:
                    copy.write(content)
                assert connection.execute(text(f"SELECT count(*) FROM bare_{table}")).scalar_one() > 0  # noqa: S608
                connection.execute(text(f"DROP TABLE bare_{table}"))

    def columns(self, table: str) -> list[str]:
        statement = text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) "
            "AND attnum > 0 AND attgenerated = '' AND NOT attisdropped ORDER BY attnum"
        )
        with self.engine.connect() as connection:
            return list(connection.execute(statement, {"name": table}).scalars())

    def stored(self, table: str) -> bytes:
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns(table)))
        chosen = sql.SQL("SELECT {} FROM {} WHERE dataset_id = (SELECT min(id) FROM dataset) ORDER BY id")
        query = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(chosen.format(columns, sql.Identifier(table)))
        with self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            with driver.cursor().copy(query) as copy:
                return b"".join(bytes(piece) for piece in copy)

    def check(self) -> None:
        """Both sides have stored the same contents at the same places."""
        ours = (
            "SELECT contaminant_id, count(*), sum(upper), sum(ST_X(geom) + ST_Y(geom)) FROM measurement m "
            "JOIN specimen s ON s.id = specimen_id WHERE m.dataset_id = (SELECT min(id) FROM dataset) GROUP BY 1"
        )
        theirs = "SELECT contaminant, count(*), sum(upper), sum(ST_X(geometry) + ST_Y(geometry)) FROM peer GROUP BY 1"
        with self.engine.connect() as connection:
            one, other = ({row[0]: row[1:] for row in connection.execute(text(query))} for query in (ours, theirs))
        assert one.keys() == other.keys()
        np.testing.assert_allclose([one[name] for name in ELEMENTS], [other[name] for name in ELEMENTS])


def lines() -> Iterator[Line]:
    """A wide file of samples, loaded; and its harmonised rows, stored."""
    with tempfile.TemporaryDirectory(prefix="edaphos-bench-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster.in_folder(Path(name) / "home")
        with cluster.in_use() as database:
            engine = database.engine()
            migrate.upgrade(engine)
            yield from _lines(_Bench(engine, database.libpq, _made_up(Path(name) / "samples.csv")))
            engine.dispose()
        cluster.stop()


def _lines(bench: _Bench) -> Iterator[Line]:
    bench.load()
    bench.geopandas()
    bench.check()
    contents = {table: bench.stored(table) for table in TABLES}
    measured = ROWS * len(ELEMENTS)
    loaded, peer = seconds(bench.load), seconds(bench.geopandas)
    settings = f"{ROWS:,} rows, {len(ELEMENTS)} elements; ours with all indexes, checks and references"
    yield Line(
        work="a file of samples, from reading to committed",
        unit="measurements",
        ours=measured / loaded,
        peer="geopandas.to_postgis",
        theirs=measured / peer,
        settings=settings,
    )
    if shutil.which("ogr2ogr"):
        yield Line(
            work="the same file, by rows of the file",
            unit="samples",
            ours=ROWS / loaded,
            peer="ogr2ogr, to one table of points",
            theirs=ROWS / seconds(bench.ogr2ogr),
            settings=f"{settings}; theirs without measurements, bounds, originals or checks",
        )
    yield Line(
        work="harmonised samples, committed",
        unit="measurements",
        ours=measured / (loaded - seconds(bench.harmonise)),
        peer="COPY alone, same columns and indexes",
        theirs=measured / seconds(lambda: bench.bare(contents)),
        settings=settings,
    )


def _made_up(path: Path) -> Path:
    draw = np.random.default_rng(1)
    places = draw.uniform((6, 48), (14, 54), (ROWS, 2)).round(6)
    contents = draw.lognormal(3, 1, (ROWS, len(ELEMENTS))).round(3)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "x", "y", *ELEMENTS])
        writer.writerows([f"S{row}", *places[row], *contents[row]] for row in range(ROWS))
    return path
