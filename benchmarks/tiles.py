"""Tiles, features and counts of a million samples over HTTP: against tipg, nginx and the same SQL in pgbench."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from benchmarks.crowd import crowd
from benchmarks.line import Line
from benchmarks.serving import CONNECTIONS, Rate, document, edaphos, fetched, free_port, rate, server
from db.engine import Database
from db.selection import Selection
from tiles.tile import Tile, latitude, longitude
from tiles.vector import Question

HOME = Path(tempfile.gettempdir()) / "edaphos-crowd"
WORKERS = 2
TILES = 40
CLIENTS = 4
"""Of pgbench: the servers hold most of the connections that the database has, and four keep two processors busy."""
FLAT = """
CREATE TABLE IF NOT EXISTS bench_samples AS
SELECT m.id, s.code AS specimen, m.contaminant_id AS contaminant, m.lower, m.upper, s.medium, p.digestion, m.basis,
  s.geom
FROM specimen s JOIN measurement m ON m.specimen_id = s.id JOIN procedure p ON p.id = m.procedure_id
"""
FLAT_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS bench_samples_id ON bench_samples (id)",
    "CREATE INDEX IF NOT EXISTS bench_samples_geom ON bench_samples USING gist (geom)",
    "ANALYZE bench_samples",
)
"""What tipg serves: one flat table, with its own indexes, of the same rows."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Tiles that hold something, by zoom, the fullest first."""

    by_zoom: dict[int, list[Tile]]

    @classmethod
    def found(cls, database: Database) -> "_Places":
        with psycopg.connect(database.libpq) as connection:
            return cls({zoom: _fullest(connection, zoom) for zoom in (0, 4, 8, 12)})


def _fullest(connection: "psycopg.Connection[tuple[int, int]]", zoom: int) -> list[Tile]:
    width = Tile(zoom, 0, 0).width
    half = -Tile(zoom, 0, 0).west
    query = (
        "SELECT floor((ST_X(geom_3857) + %s) / %s)::int, floor((%s - ST_Y(geom_3857)) / %s)::int "
        "FROM specimen TABLESAMPLE SYSTEM (5) GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT %s"
    )
    rows = connection.execute(query, (half, width, half, width, TILES)).fetchall()
    return [Tile(zoom, x, y) for x, y in rows]


def lines() -> Iterator[Line]:
    """Every line prints how soon 99 of 100 requests were answered, ours and the peer's."""
    with crowd(HOME) as database, tempfile.TemporaryDirectory(prefix="edaphos-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        places = _Places.found(database)
        _flatten(database)
        with edaphos(HOME, WORKERS, remembering=False) as ours:
            yield from _uncached(ours, database, places, folder)
        with edaphos(HOME, WORKERS) as ours:
            yield from _cached(ours, places, folder)


def _flatten(database: Database) -> None:
    with psycopg.connect(database.libpq, autocommit=True) as connection:
        for statement in (FLAT, *FLAT_INDEXES):
            connection.execute(statement)


@contextmanager
def _tipg(database: Database) -> Iterator[str | None]:
    """tipg in an environment of its own beside the data, made once; None where it cannot be had."""
    python = HOME / "tipg" / "bin" / "python"
    if not python.exists():
        made = subprocess.run(["python3", "-m", "venv", str(HOME / "tipg")], check=False).returncode == 0
        packages = ("tipg", "uvicorn", "uvloop", "httptools")
        install = [str(python), "-m", "pip", "install", "--quiet", *packages]
        if not (made and subprocess.run(install, check=False).returncode == 0):
            yield None
            return
    port = free_port()
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--workers", str(WORKERS)]
    # its address must name a host; asyncpg takes a folder of sockets for one
    folder = quote(str(database.url.query["host"]), safe="")
    settings = {"DATABASE_URL": f"postgresql://{database.url.username}@{folder}:5432/{database.url.database}"}
    settings |= {"TIPG_DB_SCHEMAS": '["public"]', "TIPG_CATALOG_TTL": "3600"}
    with server([*command, "--log-level", "warning"], port, "/healthz", **settings) as address:
        yield address


def _uncached(ours: str, database: Database, places: _Places, folder: Path) -> Iterator[Line]:
    template = _template(ours)
    with _tipg(database) as theirs:
        for zoom, tiles in places.by_zoom.items():
            mine = [template.format(z=tile.z, y=tile.y, x=tile.x) for tile in tiles]
            measured = rate(mine, ours, folder)
            size = max(len(fetched(ours + path)) for path in mine[:5])
            work = f"uncached vector tiles at z{zoom}, one contaminant, up to {size / 1000:.0f} kB"
            if theirs is not None:
                peers = [_tipg_tile(tile) for tile in tiles]
                yield _line(work, measured, "tipg, 10,000 features at most", rate(peers, theirs, folder))
            if zoom >= 8:
                found = _pgbench(database, tiles, folder)
                yield _line(work, measured, "the same SQL in pgbench", found)
        if theirs is not None:
            yield from _features(ours, theirs, database, places, folder)


def _features(ours: str, theirs: str, database: Database, places: _Places, folder: Path) -> Iterator[Line]:
    boxes = [_box(tile) for tile in places.by_zoom[8]]
    mine = [f"/collections/samples/items?contaminant=zinc&limit=100&bbox={box}" for box in boxes]
    peers = [f"/collections/public.bench_samples/items?contaminant=zinc&limit=100&bbox={box}" for box in boxes]
    assert len(document(ours + mine[0])["features"]) == len(document(theirs + peers[0])["features"])
    yield _line("items by bbox, limit 100", rate(mine, ours, folder), "tipg", rate(peers, theirs, folder))
    with psycopg.connect(database.libpq) as connection:
        rows = connection.execute("SELECT id FROM bench_samples TABLESAMPLE SYSTEM (0.1) LIMIT 200").fetchall()
    mine = [f"/collections/samples/items/m{row[0]}" for row in rows]
    peers = [f"/collections/public.bench_samples/items/{row[0]}" for row in rows]
    yield _line("one item by id", rate(mine, ours, folder), "tipg", rate(peers, theirs, folder))
    chosen = "filter=lower%20%3E%20100%20AND%20contaminant%3D%27zinc%27&limit=100"
    mine = [f"/collections/samples/items?{chosen}&bbox={box}" for box in boxes]
    peers = [f"/collections/public.bench_samples/items?{chosen}&bbox={box}" for box in boxes]
    yield _line("items by CQL2 and bbox", rate(mine, ours, folder), "tipg", rate(peers, theirs, folder))


def _cached(ours: str, places: _Places, folder: Path) -> Iterator[Line]:
    template = _template(ours)
    paths = [template.format(z=tile.z, y=tile.y, x=tile.x) for tile in places.by_zoom[8]]
    path = min(paths, key=lambda path: abs(len(fetched(ours + path)) - 18_500))
    size = len(fetched(ours + path))
    with _nginx(folder, fetched(ours + path)) as theirs:
        mine, peer = rate([path], ours, folder), rate(["/tile"], theirs, folder)
    yield _line(f"a cached tile of {size / 1000:.0f} kB", mine, "nginx from disk", peer)


@contextmanager
def _nginx(folder: Path, tile: bytes) -> Iterator[str]:
    """nginx as its package sets it up for files, with as many workers as we have."""
    nginx = shutil.which("nginx")
    assert nginx, "nginx is not installed: apt install nginx"
    (folder / "tile").write_bytes(tile)
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes {WORKERS}; pid {folder}/nginx.pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
    )
    with server([nginx, "-c", str(configuration), "-p", str(folder)], port, "/tile") as address:
        yield address


def _pgbench(database: Database, tiles: list[Tile], folder: Path) -> Rate:
    """The statement of each tile with its values in it, prepared once, on as many connections as there are workers."""
    scripts: list[str] = []
    for number, tile in enumerate(tiles):
        question = Question("samples", tile, Selection(contaminant="zinc"))
        script = folder / f"tile-{number}.sql"
        script.write_text(_with_values(question).replace("\n", " ") + ";\n")
        scripts += ["-f", str(script)]
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-T", "3", *scripts, database.libpq]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    per_second = next(line.split("=")[1].split()[0] for line in printed.splitlines() if line.startswith("tps"))
    return Rate(float(per_second), float("nan"))


def _with_values(question: Question) -> str:
    text = question.statement
    for place, value in reversed(list(enumerate(question.values, start=1))):
        text = text.replace(f"${place}", _literal(value))
    return text


def _literal(value: object) -> str:
    if isinstance(value, list):
        return "'{" + ",".join(str(part) for part in value) + "}'"
    return f"'{value}'"


def _line(work: str, ours: Rate, peer: str, theirs: Rate) -> Line:
    waits = f"p99 {ours.p99:.1f} ms" + ("" if theirs.p99 != theirs.p99 else f", theirs {theirs.p99:.1f} ms")
    return Line(
        work=work,
        unit="answers",
        ours=ours.per_second,
        peer=peer,
        theirs=theirs.per_second,
        settings=f"{waits}; {WORKERS} processes each, {CONNECTIONS} connections",
    )


def _template(ours: str) -> str:
    """Where tiles of the version of now are, as clients learn it."""
    found: str = document(f"{ours}/collections/samples/tilejson.json?contaminant=zinc")["tiles"][0]
    return found.removeprefix(ours)


def _tipg_tile(tile: Tile) -> str:
    place = f"{tile.z}/{tile.x}/{tile.y}"
    return f"/collections/public.bench_samples/tiles/WebMercatorQuad/{place}?contaminant=zinc"


def _box(tile: Tile) -> str:
    return ",".join(
        f"{edge:.6f}"
        for edge in (longitude(tile.west), latitude(tile.south), longitude(tile.east), latitude(tile.north))
    )
