"""A private PostgreSQL + PostGIS cluster in the data folder, started by who comes first, stopped when the last leaves.

No TCP port and no password: clients come through a unix socket in a folder of mode 0700 and are let in by `peer`
authentication. Everybody who uses the cluster holds a shared lock on one file; a warden process waits for the exclusive
lock, which the kernel grants when the last user is gone, even one that was killed, and then stops the server.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from sqlalchemy import URL

from db.engine import Database
from db.postgres_programs import Programs

NAME = "edaphos"
_FALLBACK = Path("/var/lib/edaphos")
_LONGEST_SOCKET = 107
_START_SECONDS = 30.0

_CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777   # the folder is 0700 and `peer` decides who is who
fsync = on
synchronous_commit = on
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_level = minimal
max_wal_senders = 0
max_connections = 60
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


class ClusterError(RuntimeError):
    """The embedded PostGIS cannot be used; the message is one sentence that says why and what helps."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The operating-system user that runs the server: the caller, or an unprivileged one when the caller is root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def for_caller(cls) -> "Owner":
        """The caller, or `postgres` or `nobody` for root: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            entry = pwd.getpwuid(os.geteuid())
            return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name, entry.pw_uid, entry.pw_gid)
        raise ClusterError("PostgreSQL does not run as root and there is no user postgres or nobody to run it as")

    def run(self, *command: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with only the environment that it needs."""
        is_root = os.geteuid() == 0
        return subprocess.run(  # noqa: S603
            [str(part) for part in command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            user=self.uid if is_root else None,
            group=self.gid if is_root else None,
            extra_groups=[] if is_root else None,
        )

    def can_reach(self, folder: Path) -> bool:
        """Whether this user can pass through `folder`."""
        return self.run("test", "-x", folder).returncode == 0

    def give(self, folder: Path) -> None:
        """Make `folder` exist, belong to this user, and be closed to everybody else; raises when a stranger owns it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            if folder.is_symlink():
                raise ClusterError(f"{folder} is a symbolic link; remove it")
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        state = folder.lstat()
        if state.st_uid != self.uid or not stat.S_ISDIR(state.st_mode):
            raise ClusterError(f"{folder} belongs to another user; remove it or set EDAPHOS_HOME to another folder")
        folder.chmod(0o700)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A place for a cluster: where its data, its socket, its locks and its log live."""

    home: Path
    data: Path
    sockets: Path
    owner: Owner
    programs: Programs

    @classmethod
    def in_folder(cls, home: Path) -> "Cluster":
        """The cluster of the data folder `home`; nothing is started yet."""
        home = home.resolve()
        programs = Programs.find()
        home.mkdir(parents=True, exist_ok=True)
        owner = Owner.for_caller()
        mark = hashlib.sha256(str(home).encode()).hexdigest()[:10]
        data = home / "pg" if owner.can_reach(home) else _FALLBACK / mark / "pg"
        sockets = _socket_root() / f"edaphos-{os.geteuid()}-{mark}"
        if len(str(sockets / ".s.PGSQL.5432")) > _LONGEST_SOCKET:
            raise ClusterError(f"the socket path below {sockets} is longer than {_LONGEST_SOCKET} bytes")
        return cls(home, data, sockets, owner, programs)

    @property
    def database(self) -> Database:
        """The address of the application's database in this cluster."""
        return Database(self._url(NAME, NAME))

    def _url(self, user: str, database: str) -> URL:
        return URL.create("postgresql", username=user, database=database, query={"host": str(self.sockets)})

    def answers(self) -> bool:
        """Whether a server accepts connections here."""
        try:
            with self._connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _connect(self, database: str, user: str = "postgres") -> psycopg.Connection:
        address = self._url(user, database).render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True, connect_timeout=5)

    def start(self) -> None:
        """Create the cluster if there is none, start its server if it does not run; call with the start lock held."""
        if self.answers():
            return
        if self.data.parent != self.home:
            print(
                f"edaphos: {self.owner.name} cannot reach {self.home}: the database is in {self.data}", file=sys.stderr
            )
        self.owner.give(self.data)
        self.owner.give(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._check_version()
        self._start_server()
        self._make_database()

    def _create(self) -> None:
        """initdb into a folder beside the final one, so that a killed creation leaves nothing half made."""
        fresh = self.data.parent / f".pg-{secrets.token_hex(4)}"
        self.owner.give(fresh)
        outcome = self.owner.run(
            self.programs.initdb,
            "-D",
            fresh,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-A",
            "peer",
        )
        if outcome.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise ClusterError(f"a database cluster could not be created: {_last_line(outcome.stderr)}")
        caller = pwd.getpwuid(os.geteuid()).pw_name
        _write(fresh / "pg_hba.conf", "local all all peer map=edaphos\n")
        _write(fresh / "pg_ident.conf", f'edaphos "{caller}" edaphos\nedaphos "{caller}" postgres\n')
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_CONFIGURATION.format(sockets=self.sockets))
        for leftover in self.data.iterdir():
            raise ClusterError(f"{self.data} holds {leftover.name} but no database cluster; remove the folder")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != self.programs.major:
            raise ClusterError(
                f"{self.data} was made by PostgreSQL {made_by} but PostgreSQL {self.programs.major} is installed: "
                f"install postgresql-{made_by}, or set EDAPHOS_HOME to a new folder and load again"
            )

    def _start_server(self) -> None:
        """Start; after a kill -9 the old children hold the shared memory for about two seconds, so try again."""
        # The socket folder is not part of the cluster, which may have been moved or copied.
        options = f"-c unix_socket_directories='{self.sockets}'"
        deadline = time.monotonic() + _START_SECONDS
        while True:
            outcome = self.owner.run(
                *(self.programs.pg_ctl, "start", "-w", "-s", "-t", "60"),
                *("-D", self.data, "-l", self.data / "server.log", "-o", options),
            )
            if outcome.returncode == 0 or self.answers():
                return
            if time.monotonic() > deadline:
                raise ClusterError(f"the database did not start: {_last_line(self._log_tail() or outcome.stderr)}")
            time.sleep(0.2)

    def _log_tail(self) -> str:
        log = self.data / "server.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def _make_database(self) -> None:
        """A role without special rights owns the database; PostGIS is in the template, for test databases too."""
        with self._connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                return
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(NAME)))
            with self._connect("template1") as template:
                template.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(NAME)))

    def stop(self) -> None:
        """Stop the server, rolling back what is open."""
        self.owner.run(self.programs.pg_ctl, "stop", "-D", self.data, "-m", "fast", "-w", "-s")
        with contextlib.suppress(OSError):
            self.sockets.rmdir()

    def _lock_file(self, name: str) -> IO[str]:
        return (self.home / name).open("a", encoding="ascii")

    @contextmanager
    def start_lock(self) -> Iterator[None]:
        """Held while somebody decides whether to start or to stop."""
        with self._lock_file("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def in_use(self) -> Iterator[Database]:
        """Start or join the cluster and keep it alive for the length of the block."""
        with self._lock_file("users.lock") as users:
            with self.start_lock():
                fcntl.flock(users, fcntl.LOCK_SH)
                self.start()
                if not self._has_warden():
                    self._post_warden()
            yield self.database

    def _has_warden(self) -> bool:
        with self._lock_file("warden.lock") as warden:
            return not _taken(warden)

    def _post_warden(self) -> None:
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "db.warden", str(self.home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            cwd=Path(__file__).resolve().parents[1],
        )

    def watch(self) -> None:
        """The warden's life: wait until nobody uses the cluster, then stop it."""
        with (
            self._lock_file("users.lock") as users,
            self._lock_file("start.lock") as start,
            # Let go of first: who joins once the start lock is free must not take a leaving warden for a living one.
            self._lock_file("warden.lock") as warden,
        ):
            if not _taken(warden):
                return
            while True:
                fcntl.flock(users, fcntl.LOCK_EX)
                if _taken(start):
                    self.stop()
                    return
                # Somebody is joining and waits for the lock we hold: let them in, and wait for them in turn.
                fcntl.flock(users, fcntl.LOCK_UN)
                time.sleep(0.05)


def embedded(home: Path) -> AbstractContextManager[Database]:
    """The embedded PostGIS of a data folder, alive while the block runs.

    Raises:
        ClusterError: PostgreSQL cannot run here; the message says why.
        PostGISMissing: the programs are not installed; the message has the command that installs them.
    """
    return Cluster.in_folder(home).in_use()


def _taken(lock: IO[str]) -> bool:
    """Take a lock if it is free, and say whether it was."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _socket_root() -> Path:
    """A short folder for sockets: the user's own runtime folder, else the one for temporary files."""
    runtime = Path(f"/run/user/{os.geteuid()}")
    return runtime if os.geteuid() != 0 and os.access(runtime, os.W_OK) else Path("/tmp")  # noqa: S108


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def _last_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
