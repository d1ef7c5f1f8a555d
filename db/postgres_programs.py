"""Where the programs of PostgreSQL with PostGIS are on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")
OLDEST = 15
LIBRARY = "postgis-3.so"


class PostGISMissing(RuntimeError):  # noqa: N818
    """PostGIS is not installed, here or in the database in use; the message has the command that installs it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL installation that has PostGIS."""

    folder: Path
    major: str

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "initdb"

    @property
    def pg_ctl(self) -> Path:
        """The program that starts and stops a server."""
        return self.folder / "pg_ctl"

    @classmethod
    def find(cls) -> "Programs":
        """The newest installation with PostGIS; raises `PostGISMissing`."""
        newest_first = sorted(_installations(), key=lambda found: int(found.major), reverse=True)
        if not newest_first:
            raise PostGISMissing(
                f"PostgreSQL {OLDEST} or newer with PostGIS is not installed: run "
                "`apt-get install postgresql postgresql-postgis`, or set EDAPHOS_DATABASE_URL to a PostGIS database."
            )
        return newest_first[0]


def _installations() -> Iterator[Programs]:
    for share in Path("/usr/share/postgresql").glob("*/extension/postgis.control"):
        major = share.parts[-3]
        folder, library = _DEBIAN / major / "bin", _DEBIAN / major / "lib" / LIBRARY
        if major.isdecimal() and int(major) >= OLDEST and (folder / "initdb").exists() and library.exists():
            yield Programs(folder, major)
    yield from _from_pg_config()


def _from_pg_config() -> Iterator[Programs]:
    """An installation outside Debian's places, as its own pg_config tells it."""
    program = shutil.which("pg_config")
    if program is None:
        return
    told = {key: _ask(program, key) for key in ("--bindir", "--sharedir", "--pkglibdir", "--version")}
    major = re.search(r"PostgreSQL (\d+)", told["--version"])
    needed = (Path(told["--sharedir"]) / "extension" / "postgis.control", Path(told["--pkglibdir"]) / LIBRARY)
    has_postgis = all(file.exists() for file in needed)
    has_server = (Path(told["--bindir"]) / "initdb").exists()
    if major and has_postgis and has_server and int(major[1]) >= OLDEST:
        yield Programs(Path(told["--bindir"]), major[1])


def _ask(program: str, key: str) -> str:
    return subprocess.run([program, key], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
