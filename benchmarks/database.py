"""The embedded PostGIS: from nothing to the first query, against what PostgreSQL's own programs take for it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.line import Line, seconds
from db.embedded import Cluster


def lines() -> Iterator[Line]:
    """A new cluster, and joining one that runs."""
    with tempfile.TemporaryDirectory(prefix="edaphos-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        count = iter(range(1_000))

        def whole() -> None:
            cluster = Cluster.in_folder(folder / f"whole-{next(count)}")
            with cluster.in_use() as database, psycopg.connect(database.libpq) as connection:
                connection.execute("SELECT postgis_lib_version()")
            cluster.stop()

        def bare() -> None:
            cluster = Cluster.in_folder(folder / f"bare-{next(count)}")
            data = cluster.data
            cluster.owner.give(data)
            for command in (
                (cluster.programs.initdb, "-D", data, "-A", "peer", "-E", "UTF8", "--locale=C.UTF-8"),
                (cluster.programs.pg_ctl, "start", "-w", "-s", "-D", data, "-l", data / "log", "-o", _alone(data)),
                ("/usr/bin/psql", "-qh", data, "postgres", "-c", "CREATE EXTENSION postgis"),
                (cluster.programs.pg_ctl, "stop", "-w", "-s", "-D", data),
            ):
                outcome = cluster.owner.run(*command)
                assert outcome.returncode == 0, outcome.stderr

        yield Line(
            work="a new database, from nothing to the first query and stopped",
            unit="databases",
            ours=1 / seconds(whole),
            peer="initdb, start, CREATE EXTENSION, stop",
            theirs=1 / seconds(bare),
            settings="socket only, fsync on",
        )


def _alone(folder: Path) -> str:
    return f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
