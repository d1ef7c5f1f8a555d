"""A profile drafted from a file that nobody has described yet: guesses with their reasons, and open questions."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.contaminants import Contaminants
from ingest.draft.grid import Layout as Grid
from ingest.draft.inventories import draft_sources, is_inventory
from ingest.draft.known import known_layout
from ingest.draft.notation import blanks_in
from ingest.draft.positions import draft_position
from ingest.draft.samples import (
    PART,
    Layout,
    bare,
    draft_measurements,
    draft_specimen,
    folds_in,
    measured_in,
)
from ingest.draft.sheets import Candidate, Join, best, candidates_in, joined_table, joins_of, same_layout
from ingest.draft.table import Table
from ingest.draft.writing import Draft, quoted, toml
from ingest.profile import FileOptions

__all__ = ["Draft", "draft_profile"]


def draft_profile(file: Path, contaminants: Contaminants, options: FileOptions | None = None) -> Draft:
    """Inspect a file or a folder of files and draft its profile; raises `IngestError` where nothing can be read."""
    candidates = candidates_in(file, options or FileOptions())
    main = best(candidates, lambda one: one.score(contaminants))
    joins = joins_of(main, [other for other in candidates if other is not main])
    table = joined_table(main.table, joins)
    places = Draft("")
    taken = draft_position(places, table)
    layout = measured_in(table, contaminants, taken)
    folds = folds_in(layout)
    draft = Draft(file.name)
    _dataset(draft, file)
    _file(draft, main, candidates, joins)
    is_sources = is_inventory(table, len(layout.columns))
    _details(draft, table, layout, {} if is_sources else folds, is_sources=is_sources)
    _joins(draft, joins)
    _take_over(draft, places)
    if is_sources:
        taken |= draft_sources(draft, table, contaminants, taken)
    else:
        taken |= draft_specimen(draft, table, layout, folds, taken | layout.columns)
        draft_measurements(draft, table, layout, folds)
        taken |= layout.columns
    _known(draft, table)
    left = [name for name in table.headings if name not in taken]
    if left:
        draft.ask(f"what these columns mean, which are not read: {', '.join(left)}")
    return draft


def _take_over(draft: Draft, part: Draft) -> None:
    draft.lines += part.lines
    draft.reasons += part.reasons
    draft.open_questions += part.open_questions


def _known(draft: Draft, table: Table) -> None:
    known = known_layout(table.headings)
    if known is not None:
        draft.open_questions.insert(
            0, f"whether the shipped profile {known!r} fits: the file has all columns that it reads"
        )


def _dataset(draft: Draft, file: Path) -> None:
    slug = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:62] or "dataset"
    draft.add("[dataset]")
    draft.add(f'name = "{slug}"', "from the name of the file")
    for key, value in (("title", file.stem), ("licence", "?"), ("provider", "?")):
        draft.add(f"{key} = {quoted(value)}")
    draft.ask("title, licence and provider of the data")


def _file(draft: Draft, main: Candidate, candidates: list[Candidate], joins: Sequence[Join]) -> None:
    draft.part("[file]")
    others = [one for one in candidates if one is not main and all(one is not other for other, _ in joins)]
    alike = same_layout(main, others)
    if main.name is not None and (len(candidates) > 1 or main.options.sheet):
        if not alike:
            draft.add(
                f"sheet = {quoted(main.name)}", "most contents and coordinates stand in it" * (len(candidates) > 1)
            )
        if rest := [str(one.name) for one in others if one not in alike]:
            draft.ask(f"what else there is, which is not read: {', '.join(rest)}")
    if main.options.format is not None:
        draft.add(f"format = {quoted(main.options.format)}", "its sheets are those of that layout")
    if main.options.transposed:
        draft.add("transposed = true", "contaminants stand below each other: each column is a sample")
    _rows(draft, main.layout)
    if main.options.encoding is not None:
        draft.add(
            f"encoding = {quoted(main.options.encoding)}", "in no other are so many headings words that are known"
        )
    if main.table.marks.decimal == ",":
        draft.add('decimal = ","', "most numbers with a mark have a comma")
    for guess in main.table.guesses:
        draft.add(f"# {guess}")


def _joins(draft: Draft, joins: Sequence[Join]) -> None:
    for other, (mine, theirs) in joins:
        draft.part("[[file.joins]]")
        draft.add(f"table = {quoted(str(other.name))}", f"every {mine} stands once in its column {theirs}")
        draft.add(f"on = {toml({mine: theirs})}")
        if other.layout.heading_row > 1:
            draft.add(f"heading_row = {other.layout.heading_row}")


def _rows(draft: Draft, layout: Grid) -> None:
    reasons = {
        "heading_row": "above it stand notes",
        "heading_rows": "names stand in several rows",
        "unit_row": "a row of units",
        "lod_row": "a row of limits of detection",
        "last_row": "below it stand totals or notes",
    }
    for key, reason in reasons.items():
        value = getattr(layout, key)
        if value is not None and value != getattr(Grid(), key):
            draft.add(f"{key} = {value}", reason)


def _details(draft: Draft, table: Table, layout: Layout, folds: Mapping[str, str | None], *, is_sources: bool) -> None:
    """What of the part on the file follows from the measurements: blanks, and media side by side."""
    blanks = [] if is_sources else blanks_in(table, layout.values)
    if blanks:
        draft.add(f"blank = {toml([*FileOptions().blank, *blanks])}", f"{', '.join(blanks)} stands for nothing")
        draft.ask(f"whether {', '.join(blanks)} means that nothing was measured: file.blank")
    if folds:
        draft.part("[file.fold]")
        draft.add(f"column = {quoted(PART)}", "the same contaminants were measured in several media")
        draft.add(f"parts = {toml({affix: bare(affix) for affix in folds})}")
        draft.ask(f"which media are meant by {', '.join(folds)}: file.fold")
