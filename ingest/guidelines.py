"""Reads the vocabulary of guideline values: one checked, frozen row per printed value, or where it is wrong."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar, get_args

from mapping.guideline import Act, Comparator, Conditions, GuidelineRow, Measurand, Span
from mapping.soiltype import SoilTypeCorrection

GUIDELINE_VALUES = Path(__file__).parent / "vocabularies" / "guideline_values.csv"
RANGES = ("ph", "toc", "clay", "organic_matter")
COLUMNS = (
    *("number", "rule", "jurisdiction", "jurisdiction_title", "act", "act_title", "year"),
    *("contaminant_id", "symbol", "cas", "cas_note", "land_use", "land_use_text", "kind", "kind_text", "consequence"),
    *("comparator", "value_low", "value_high", "unit", "medium", "extractant", "basis", "fraction_mm"),
    *("upper_depth_cm", "lower_depth_cm", "statistic", "support", "texture", "texture_demotion_ph", "ph_method"),
    *(f"{name}_{end}" for name in RANGES for end in ("min", "min_closed", "max", "max_closed")),
    *("factor_constant", "factor_clay", "factor_organic_matter", "standard_clay", "standard_organic_matter"),
    *("least_clay", "least_organic_matter", "most_organic_matter"),
    *("use", "premise", "valid_from", "valid_to", "note", "comparable", "reason", "checked_in"),
    *("source", "source_kind", "original_value", "original_condition"),
)
INFINITY = float("inf")
KINDS: dict[object, str] = {int: "whole number", float: "number"}

T = TypeVar("T")


def read_guidelines(path: Path | None = None) -> list[GuidelineRow]:
    """All rows of a vocabulary, the committed one by default, in the order of the file.

    Raises ValueError, naming file, row (the heading is row 1) and column, at the first thing that is wrong.
    """
    file = path or GUIDELINE_VALUES
    with file.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle, strict=True)
        absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if absent:
            raise ValueError(f"{file.name}: column {absent[0]!r} is missing")
        rows = [guideline_row(cells, f"{file.name}, row {number}") for number, cells in enumerate(reader, start=2)]
    _check_numbers(file.name, rows)
    return rows


def guideline_row(cells: Mapping[str, str | None], place: str) -> GuidelineRow:
    """A row from its cells as text, by column; ValueError that starts with `place` and names the column."""
    return _Cells(place, cells).row()


def standing_table(rows: Iterable[GuidelineRow]) -> list[str]:
    """How many values of each jurisdiction are comparable, and why the others are not: a table in Markdown."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.act.jurisdiction, Counter())[row.reason] += 1
    reasons = sorted({reason for counted in counts.values() for reason in counted if reason})
    lines = [f"| Jurisdiction | values | comparable | {' | '.join(reasons)} |", "|---|" + "---:|" * (2 + len(reasons))]
    for jurisdiction, counted in sorted(counts.items()):
        cells = [counted.total(), counted[""], *(counted[reason] for reason in reasons)]
        lines.append(f"| {jurisdiction} | {' | '.join(map(str, cells))} |")
    return lines


def _check_numbers(file: str, rows: list[GuidelineRow]) -> None:
    seen: set[int] = set()
    for position, row in enumerate(rows, start=2):
        if row.number in seen:
            raise ValueError(f"{file}, row {position}, column number: {row.number} stands twice")
        seen.add(row.number)


class _Cells:
    """The texts of one row, read column by column so that a complaint can name its place."""

    def __init__(self, place: str, cells: Mapping[str, str | None]) -> None:
        self.place, self.cells = place, cells

    def row(self) -> GuidelineRow:
        low, high = self.value()
        try:
            row = GuidelineRow(
                number=self.read("number", int),
                act=self.act(),
                contaminant=self.filled("contaminant_id"),
                symbol=self.filled("symbol"),
                cas=self.text("cas"),
                land_use=self.filled("land_use"),
                kind=self.filled("kind"),
                consequence=self.filled("consequence"),
                comparator=self.comparator(),
                low=low,
                high=high,
                unit=self.filled("unit"),
                measurand=self.measurand(),
                conditions=self.conditions(),
                correction=self.correction(),
                comparable=self.one_of("comparable", {"yes": True, "no": False}),
                reason=self.text("reason"),
                source=self.filled("source"),
                source_kind=self.one_of("source_kind", {"primary": "primary", "secondary": "secondary"}),
                original_value=self.filled("original_value"),
                original_condition=self.text("original_condition"),
                land_use_text=self.text("land_use_text"),
                kind_text=self.text("kind_text"),
                checked_in=self.text("checked_in"),
                cas_note=self.text("cas_note"),
            )
        except _CellError:
            raise
        except ValueError as error:
            raise ValueError(f"{self.place}: {error}") from None
        if row.rule != self.text("rule"):
            raise self.wrong("rule", f"the other columns say {row.rule!r}, not {self.text('rule')!r}")
        return row

    def act(self) -> Act:
        return Act(
            jurisdiction=self.filled("jurisdiction"),
            slug=self.filled("act"),
            title=self.filled("act_title"),
            year=self.text("year"),
            first_day=self.maybe("valid_from", date.fromisoformat),
            last_day=self.maybe("valid_to", date.fromisoformat),
            note=self.text("note"),
        )

    def measurand(self) -> Measurand:
        return Measurand(
            medium=self.filled("medium"),
            extractant=self.filled("extractant"),
            basis=self.one_of("basis", {"dry": "dry", "wet": "wet", "not-stated": "not-stated"}),
            upper_depth_cm=self.maybe("upper_depth_cm", float),
            lower_depth_cm=self.maybe("lower_depth_cm", float),
            statistic=self.filled("statistic"),
            support=self.text("support"),
            fraction_mm=self.maybe("fraction_mm", float),
        )

    def conditions(self) -> Conditions:
        return Conditions(
            texture=self.text("texture"),
            demotion_ph=self.maybe("texture_demotion_ph", float),
            **{name: self.span(name) for name in RANGES},
            use=self.text("use"),
            ph_method=self.text("ph_method"),
            premise=self.text("premise"),
        )

    def value(self) -> tuple[float, float]:
        high = self.read("value_high", float)
        below = self.comparator() == "below"
        return (0.0 if below else self.read("value_low", float)), high

    def comparator(self) -> Comparator:
        words: tuple[Comparator, ...] = get_args(Comparator)
        return self.one_of("comparator", {word: word for word in words})

    def correction(self) -> SoilTypeCorrection | None:
        if not self.text("factor_constant"):
            return None
        most = self.maybe("most_organic_matter", float)
        return SoilTypeCorrection(
            a=self.read("factor_constant", float),
            b=self.read("factor_clay", float),
            c=self.read("factor_organic_matter", float),
            least_clay=self.read("least_clay", float),
            least_organic_matter=self.read("least_organic_matter", float),
            most_organic_matter=INFINITY if most is None else most,
            standard_clay=self.read("standard_clay", float),
            standard_organic_matter=self.read("standard_organic_matter", float),
        )

    def span(self, name: str) -> Span:
        low, high = self.maybe(f"{name}_min", float), self.maybe(f"{name}_max", float)
        return Span(
            -INFINITY if low is None else low,
            INFINITY if high is None else high,
            self.closed(f"{name}_min_closed", low),
            self.closed(f"{name}_max_closed", high),
        )

    def closed(self, column: str, bound: float | None) -> bool:
        return True if bound is None else self.one_of(column, {"yes": True, "no": False})

    def text(self, column: str) -> str:
        return (self.cells[column] or "").strip()

    def filled(self, column: str) -> str:
        text = self.text(column)
        if not text:
            raise self.wrong(column, "must not be empty")
        return text

    def one_of(self, column: str, meanings: Mapping[str, T]) -> T:
        text = self.text(column)
        if text not in meanings:
            raise self.wrong(column, f"{text!r} is none of {', '.join(repr(word) for word in meanings)}")
        return meanings[text]

    def maybe(self, column: str, parse: Callable[[str], T]) -> T | None:
        return self.read(column, parse) if self.text(column) else None

    def read(self, column: str, parse: Callable[[str], T]) -> T:
        text = self.text(column)
        try:
            return parse(text)
        except ValueError:
            kind = KINDS.get(parse, "date (YYYY-MM-DD)")
            raise self.wrong(column, f"{text!r} is not a {kind}") from None

    def wrong(self, column: str, complaint: str) -> "_CellError":
        return _CellError(f"{self.place}, column {column}: {complaint}")


class _CellError(ValueError):
    """A complaint that names its column already."""
