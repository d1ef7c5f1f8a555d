"""What a review is made of: sections of words, tables and pictures, independent of how they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand to the right."""

    title: str
    number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; each row has a cell for each column."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {self.caption!r} has {len(row)} cells, and there are {len(self.columns)}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A PNG, what it shows for who cannot see it, and what stands below it."""

    png: bytes
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the review: `findings` are the sentences of it that belong on the first page."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    findings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """All of it; `facts` are what the data set says of itself."""

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    methods: Sequence[str]

    @property
    def findings(self) -> list[str]:
        """What a reader with one minute should know, in the order of the sections."""
        return [said for section in self.sections for said in section.findings]
