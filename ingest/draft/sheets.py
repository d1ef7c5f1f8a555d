"""Which of several sheets or files holds the data, and which ones say more of the same records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from ingest.contaminants import Contaminants
from ingest.draft.encodings import likeliest_encoding
from ingest.draft.grid import Layout, layout_of
from ingest.draft.positions import pairs_in
from ingest.draft.samples import measured_in
from ingest.draft.side import lies_on_its_side
from ingest.draft.table import Table, table_of
from ingest.errors import IngestError
from ingest.profile import GEOMETRY, FileOptions
from ingest.readers import READERS, grid_of, open_file, tables_in
from ingest.readers.transposed import turned

MOST_SHEETS = 30
Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sheet, layer or file that may hold the data."""

    name: str | None
    file: Path
    options: FileOptions
    layout: Layout
    table: Table

    def score(self, contaminants: Contaminants) -> tuple[int, int, int]:
        """How much it looks like the table of the measurements: contents, then places, then rows."""
        measured = measured_in(self.table, contaminants, ())
        size = 100 if measured.long else len(measured.contents)
        return size, len(pairs_in(self.table)) + (GEOMETRY in self.table.headings), len(self.table.texts)


Join = tuple[Candidate, Link]


def candidates_in(path: Path, options: FileOptions) -> list[Candidate]:
    """Every table of a file or folder that can be read; raises `IngestError` where there is none."""
    if (own := _own_format(path, options)) is not None:
        return [own]
    places = _places(path, options)
    found, reasons = [], []
    for name, file in places[:MOST_SHEETS]:
        try:
            found.append(_candidate(name, file, options))
        except IngestError as error:
            reasons.append(str(error))
    if not found:
        raise IngestError(reasons[0] if reasons else f"{path.name} holds no table")
    return found


def _own_format(path: Path, options: FileOptions) -> Candidate | None:
    """A workbook of a layout that has a reader of its own."""
    if path.suffix.lower() not in READERS["workbook"][1] or options.format or options.sheet:
        return None
    for name in (name for name, (_, endings) in READERS.items() if not endings):
        try:
            read = options.model_copy(update={"format": name})
            return Candidate(None, path, read, Layout(), table_of(open_file(path, read)))
        except IngestError:
            continue
    return None


def _places(path: Path, options: FileOptions) -> list[tuple[str | None, Path]]:
    if path.is_dir():
        return [
            (file.name, file) for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(".")
        ]
    sheets = () if options.sheet or options.format else tables_in(path)
    return [(sheet, path) for sheet in sheets] if len(sheets) > 1 else [(options.sheet, path)]


def _candidate(name: str | None, file: Path, options: FileOptions) -> Candidate:
    own = options.model_copy(update={"sheet": name}) if name and not _is_file(name, file) else options
    if options.heading_row > 1:
        layout = Layout(options.heading_row)
    else:
        own = likeliest_encoding(file, own)
        rows = grid_of(file, own)
        if lies_on_its_side(rows):
            own, rows = own.model_copy(update={"transposed": True}), turned(rows, file.name)
        layout = layout_of(rows)
    read = layout.options(own)
    return Candidate(name, file, read, layout, table_of(open_file(file, read)))


def _is_file(name: str, file: Path) -> bool:
    return name == file.name


def joins_of(main: Candidate, others: list[Candidate]) -> list[Join]:
    """The tables that the records of another one refer to, nearest first: those with places above all."""
    found: list[Join] = []
    known = [main]
    while not _is_placed(known):
        link = next(
            ((other, pair) for other in others if other not in known and (pair := _link(known, other)) is not None),
            None,
        )
        if link is None:
            return found if _is_placed(known) else []
        found.append(link)
        known.append(link[0])
    return found


def _is_placed(tables: list[Candidate]) -> bool:
    return any(pairs_in(one.table) or GEOMETRY in one.table.headings for one in tables)


def _link(known: list[Candidate], other: Candidate) -> Link | None:
    """The column of a known table whose texts all stand, once each, in a column of the other."""
    for one in known:
        for mine in one.table.headings:
            for theirs in other.table.headings:
                if _refers(one.table, mine, other.table, theirs):
                    return mine, theirs
    return None


def _refers(one: Table, mine: str, other: Table, theirs: str) -> bool:
    alike = _plain(mine) == _plain(theirs) or _plain(mine) in _plain(theirs) or _plain(theirs) in _plain(mine)
    if not alike or not other.is_unique(theirs) or (mine in one.numbers and theirs not in other.numbers):
        return False
    texts = one.written(mine)
    inside = pc.is_in(texts, other.written(theirs))
    return len(texts) > 0 and (pc.sum(inside).as_py() or 0) >= 0.8 * len(texts) and len(other.texts[theirs]) > 1


def _plain(name: str) -> str:
    return "".join(mark for mark in name.casefold() if mark.isalnum())


def best(candidates: list[Candidate], score: Callable[[Candidate], tuple[int, int, int]]) -> Candidate:
    """The likeliest table of the measurements."""
    return max(candidates, key=score)


def same_layout(main: Candidate, others: list[Candidate]) -> list[Candidate]:
    """The files of a folder that have the columns of the chosen one."""
    return [other for other in others if set(other.table.headings) == set(main.table.headings)]


def joined_table(main: Table, others: Sequence[Join]) -> Table:
    """The columns of all tables side by side, as far as drafting goes: texts of partners stand for themselves."""
    headings, texts = list(main.headings), dict(main.texts)
    numbers, mixed = dict(main.numbers), dict(main.mixed)
    for other, _ in others:
        for name in other.table.headings:
            if name not in texts:
                headings.append(name)
                texts[name] = other.table.texts[name]
                numbers |= {key: values for key, values in other.table.numbers.items() if key == name}
                mixed |= {key: values for key, values in other.table.mixed.items() if key == name}
    return Table(tuple(headings), texts, numbers, mixed, main.marks, main.crs, main.units, main.guesses)
