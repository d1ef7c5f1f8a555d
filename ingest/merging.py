"""A new state of a dataset over the one that is there: what changed is changed and remembered, the rest left alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from psycopg import sql
from sqlalchemy import Connection, Table

from db import tables

PLACES = ("source_row", "source_column")
"""Where a row stands in its file is no state of it: it is kept up to date without a trace."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of a table are told apart: by a natural key, within what they belong to."""

    table: Table
    key: tuple[str, ...]
    parent: tuple[Table, str] | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that make up the state of a row."""
        fixed = {"id", "dataset_id", "geom_3857", *PLACES, *self.key}
        return tuple(column.name for column in self.table.columns if column.name not in fixed)

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that are written with the state of a row."""
        computed = {column.name for column in self.table.columns if column.computed is not None}
        fixed = {"id", "dataset_id", *self.key} | computed
        return tuple(column.name for column in self.table.columns if column.name not in fixed)


SAMPLES = (
    Kind(tables.site, ("code",)),
    Kind(tables.specimen, ("code",), (tables.site, "site_id")),
    Kind(
        tables.measurement,
        ("specimen_id", "contaminant_id", "procedure_id", "basis", "replicate"),
        (tables.specimen, "specimen_id"),
    ),
)
SOURCES = (
    Kind(tables.source, ("code",)),
    Kind(tables.release, ("source_id", "pollutant", "medium", "year"), (tables.source, "source_id")),
)
KINDS = {"samples": SAMPLES, "sources": SOURCES}


@dataclass(slots=True)
class Changes:
    """How many rows a version added, changed and removed, and in which tables rows came or went, or became others."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    grown: set[str] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)

    @property
    def layers(self) -> set[str]:
        """The collections that look different now; which sites have been analysed for what depends on measurements."""
        touched = self.grown | self.altered
        layers = {"sources"} if touched & {"source", "release"} else set()
        if touched & {"site", "specimen"} or "measurement" in self.grown:
            layers.add("sites")
        return layers | ({"samples"} if touched & {"site", "specimen", "measurement"} else set())


def stage(connection: Connection, kind: str) -> dict[str, str]:
    """Empty tables like those of a kind, for this transaction only; their names."""
    names = {one.name: f"staged_{one.name}" for one in KINDS[kind]}
    for table, name in names.items():
        _run(connection, "DROP TABLE IF EXISTS pg_temp.{name}", name=name)
        like = "CREATE TEMP TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP"
        _run(connection, like, name=name, table=table)
    return names


@dataclass(frozen=True, slots=True)
class Merge:
    """The rows in `staged` tables become the `version` of a dataset whose rows are in `live` ones.

    A `partial` one holds some rows only, so that none is taken out for not being there.
    """

    connection: Connection
    dataset: int
    version: int
    staged: Mapping[str, str]
    live: Mapping[str, str]
    partial: bool = False

    def run(self, kind: str) -> Changes:
        """Merge all tables of a kind: first what they belong to, and out in the opposite order."""
        changes = Changes()
        for one in KINDS[kind]:
            self._pair(one)
            self._count(changes, one, changed=self._change(one), added=self._add(one))
        if not self.partial:
            for one in reversed(KINDS[kind]):
                self._count(changes, one, removed=self._remove(one))
        return changes

    @staticmethod
    def _count(changes: Changes, kind: Kind, *, added: int = 0, changed: int = 0, removed: int = 0) -> None:
        changes.added += added
        changes.changed += changed
        changes.removed += removed
        if added or removed:
            changes.grown.add(kind.name)
        if changed:
            changes.altered.add(kind.name)

    def _pair(self, kind: Kind) -> None:
        """Which row that is there is which of the new ones: by their keys, once the new ones name what is there."""
        if kind.parent is not None:
            parent, column = kind.parent
            statement = (
                "UPDATE {staged} s SET {column} = p.live FROM {pairs} p "
                "WHERE s.{column} = p.staged AND p.live IS NOT NULL AND p.live <> p.staged"
            )
            pairs = sql.Identifier(f"paired_{parent.name}")
            self._do(statement, kind, column=sql.Identifier(column), pairs=pairs)
        same = " AND ".join(f"{_comparable(kind, key, 'l')} = {_comparable(kind, key, 's')}" for key in kind.key)
        self._do("DROP TABLE IF EXISTS pg_temp.{pairs}", kind)
        self._do(
            "CREATE TEMP TABLE {pairs} ON COMMIT DROP AS SELECT l.id AS live, s.id AS staged "  # noqa: S608
            f"FROM (SELECT * FROM {{live}} WHERE {self._mine(kind)}) l FULL JOIN {{staged}} s ON {same}",
            kind,
        )
        self._do("ANALYZE {pairs}", kind)

    def _mine(self, kind: Kind) -> str:
        if kind.name == "measurement":
            # what was derived from measurements stands in no row of the file, and is made anew
            return f"dataset_id = {self.dataset:d} AND source_row IS NOT NULL"
        if "dataset_id" in kind.table.c:
            return f"dataset_id = {self.dataset:d}"
        return f"source_id IN (SELECT id FROM source WHERE dataset_id = {self.dataset:d})"  # noqa: S608

    def _change(self, kind: Kind) -> int:
        if self.partial and "source_row" not in kind.table.c:
            return 0
        differ = " OR ".join(f"l.{name} IS DISTINCT FROM s.{name}" for name in kind.compared)
        if self.partial:
            # of rows that stand beside the corrected ones nothing is changed
            differ = f"l.source_row = s.source_row AND ({differ})"
        pair = "{pairs} p JOIN {staged} s ON s.id = p.staged"
        self._do(f"{self._remember} FROM {{live}} l JOIN {pair} ON l.id = p.live WHERE {differ}", kind)
        changed = self._do(
            f"UPDATE {{live}} l SET {_set(kind.written)} FROM {pair} WHERE l.id = p.live AND ({differ})",  # noqa: S608
            kind,
        )
        moved = [name for name in PLACES if name in kind.table.c]
        if moved and not self.partial:
            elsewhere = " OR ".join(f"l.{name} IS DISTINCT FROM s.{name}" for name in moved)
            self._do(f"UPDATE {{live}} l SET {_set(moved)} FROM {pair} WHERE l.id = p.live AND ({elsewhere})", kind)  # noqa: S608
        return changed

    def _add(self, kind: Kind) -> int:
        names = ("id", *(("dataset_id",) if "dataset_id" in kind.table.c else ()), *kind.key, *kind.written)
        listed = ", ".join(dict.fromkeys(names))
        chosen = ", ".join(f"s.{name}" for name in dict.fromkeys(names))
        new = "FROM {staged} s JOIN {pairs} p ON p.staged = s.id WHERE p.live IS NULL"
        self._do(f"{self._log} SELECT {self._version}, {{row_of}}, s.id, NULL {new}", kind)
        return self._do(f"INSERT INTO {{live}} ({listed}) OVERRIDING SYSTEM VALUE SELECT {chosen} {new}", kind)

    def _remove(self, kind: Kind) -> int:
        gone = "{pairs} p WHERE p.live = l.id AND p.staged IS NULL"
        self._do(f"{self._remember} FROM {{live}} l, {gone}", kind)
        return self._do(f"DELETE FROM {{live}} l USING {gone}", kind)  # noqa: S608

    @property
    def _log(self) -> str:
        return "INSERT INTO row_change (dataset_id, version, row_of, row_id, before)"

    @property
    def _version(self) -> str:
        return f"{self.dataset:d}, {self.version:d}"

    @property
    def _remember(self) -> str:
        return f"{self._log} SELECT {self._version}, {{row_of}}, l.id, to_jsonb(l) - 'id' - 'dataset_id' - 'geom_3857'"

    def _do(self, statement: str, kind: Kind, **more: sql.Composable) -> int:
        names = {
            "live": sql.Identifier(self.live[kind.name]),
            "staged": sql.Identifier(self.staged[kind.name]),
            "pairs": sql.Identifier(f"paired_{kind.name}"),
            "row_of": sql.Literal(kind.name),
        }
        return _run(self.connection, statement, **{**names, **more})


def _comparable(kind: Kind, key: str, row: str) -> str:
    """A column of a key, with a number for what is not known: rows without a year are of the same year."""
    return f"coalesce({row}.{key}, -1)" if kind.table.c[key].nullable else f"{row}.{key}"


def _set(names: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"{name} = s.{name}" for name in names)


def _run(connection: Connection, statement: str, **names: sql.Composable | str) -> int:
    parts = {name: sql.Identifier(part) if isinstance(part, str) else part for name, part in names.items()}
    composed = sql.SQL(statement).format(**parts)
    driver = connection.connection.driver_connection
    return connection.exec_driver_sql(composed.as_string(driver)).rowcount
