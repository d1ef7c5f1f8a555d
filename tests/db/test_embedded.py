"""The embedded PostGIS: joined by many, recovered after a kill, closed to others, gone when nobody needs it."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.embedded import Cluster, ClusterError, Owner, embedded
from db.postgres_programs import PostGISMissing, Programs

ROOT = Path(__file__).resolve().parents[2]
COUNT = """
import sys, time
from pathlib import Path
import psycopg
from db.embedded import embedded
with embedded(Path(sys.argv[1])) as database:
    with psycopg.connect(database.libpq) as connection:
        print(connection.execute("SELECT postgis_lib_version()").fetchone()[0], flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def home(reachable_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = reachable_folder / f"home-{abs(hash(request.node.name)) % 10**8}"
    yield folder
    if folder.exists():
        Cluster.in_folder(folder).stop()


def user_of(home: Path, seconds: float = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COUNT, str(home), str(seconds)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def finished(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said


def server_pid(cluster: Cluster) -> int | None:
    file = cluster.data / "postmaster.pid"
    return int(file.read_text().splitlines()[0]) if file.exists() else None


def wait_until_stopped(cluster: Cluster, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server_pid(cluster) is None:
            return True
        time.sleep(0.1)
    return False


def seconds_to_first_query(home: Path) -> float:
    start = time.monotonic()
    cluster = Cluster.in_folder(home)
    with cluster.in_use() as database, psycopg.connect(database.libpq) as connection:
        assert connection.execute("SELECT ST_AsText(ST_MakePoint(1, 2))").fetchone() == ("POINT(1 2)",)
        taken = time.monotonic() - start
    cluster.stop()
    return taken


def test_a_new_cluster_answers_within_five_seconds(reachable_folder: Path) -> None:
    """The best of three, since others may be using the machine."""
    assert min(seconds_to_first_query(reachable_folder / f"new-{attempt}") for attempt in range(3)) <= 5


def test_two_commands_that_start_at_once_share_one_server(home: Path) -> None:
    both = [user_of(home), user_of(home)]
    assert len({finished(process) for process in both}) == 1


def test_it_stops_when_its_last_user_is_gone_even_a_killed_one(home: Path) -> None:
    process = user_of(home, 60)
    assert process.stdout
    process.stdout.readline()
    cluster = Cluster.in_folder(home)
    assert server_pid(cluster)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert wait_until_stopped(cluster)


def test_it_stays_while_another_user_is_left(home: Path) -> None:
    with embedded(home) as database:
        finished(user_of(home))
        time.sleep(0.5)
        with psycopg.connect(database.libpq) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_what_was_committed_survives_a_killed_server(home: Path) -> None:
    cluster = Cluster.in_folder(home)
    with cluster.in_use() as database:
        with psycopg.connect(database.libpq) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(cluster)
        assert pid
        os.kill(pid, signal.SIGKILL)
        with cluster.in_use(), psycopg.connect(database.libpq) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_no_port_no_password_no_superuser(home: Path) -> None:
    cluster = Cluster.in_folder(home)
    with cluster.in_use() as database, psycopg.connect(database.libpq) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        assert database.url.password is None
        for folder in (cluster.data, cluster.sockets):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        pid = server_pid(cluster)
        assert Path(f"/proc/{pid}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_stranger_is_not_let_in(home: Path) -> None:
    cluster = Cluster.in_folder(home)
    with cluster.in_use() as database:
        cluster.sockets.chmod(0o755)
        outcome = subprocess.run(
            ["/usr/bin/psql", database.libpq, "-c", "SELECT 1"],
            user="nobody",
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
    assert outcome.returncode != 0
    assert "eer authentication failed" in outcome.stderr


def test_the_socket_folder_of_a_stranger_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster.in_folder(home)
    cluster.sockets.parent.mkdir(exist_ok=True)
    cluster.sockets.symlink_to("/var")
    try:
        with pytest.raises(ClusterError, match=r"symbolic link|belongs to another user"):
            cluster.start()
    finally:
        cluster.sockets.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user can always reach its own folder")
def test_a_folder_that_the_server_cannot_reach_has_a_fallback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster.in_folder(closed / "home")
    with cluster.in_use() as database, psycopg.connect(database.libpq) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    cluster.stop()
    said = capfd.readouterr().err
    assert str(cluster.data) in said
    assert "cannot reach" in said


def test_missing_programs_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.postgres_programs._installations", lambda: iter(()))
    with pytest.raises(PostGISMissing, match="apt-get install postgresql postgresql-postgis"):
        Programs.find()


def test_another_major_version_is_named(home: Path) -> None:
    cluster = Cluster.in_folder(home)
    with cluster.in_use():
        pass
    assert wait_until_stopped(cluster)
    (cluster.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ClusterError, match="made by PostgreSQL 12"):
        cluster.start()
    (cluster.data / "PG_VERSION").write_text(f"{cluster.programs.major}\n")


def test_root_is_dropped_to_an_unprivileged_user() -> None:
    assert Owner.for_caller().uid != 0
