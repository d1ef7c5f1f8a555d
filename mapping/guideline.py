"""A guideline value as what it is in law: a decision rule with its conditions, not a number.

All rows that share jurisdiction, act, land use, kind and contaminant are one `Guideline`; which of its rows holds
for a sample depends on the sample's soil. Rows are values without behaviour beyond checking themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

NOT_STATED = "not-stated"
EXTRACTANTS = ("aqua-regia", "ammonium-nitrate", NOT_STATED)
TEXTURES = ("sand", "loam-silt", "clay")
"""From light to heavy: the order in which an acid soil is judged by the next lighter class."""

Comparator = Literal["exact", "range", "below"]


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of a soil property, each end open or closed, either end possibly absent."""

    low: float = -np.inf
    high: float = np.inf
    low_closed: bool = True
    high_closed: bool = True

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"a span must not end before it starts: {self.low} to {self.high}")

    @property
    def bounded(self) -> bool:
        """Whether the span says anything at all."""
        return bool(np.isfinite(self.low) or np.isfinite(self.high))

    def holds(self, value: ArrayLike) -> NDArray[np.bool_]:
        """Which values lie inside; NaN never does."""
        values = np.asarray(value, dtype=np.float64)
        above = values >= self.low if self.low_closed else values > self.low
        beneath = values <= self.high if self.high_closed else values < self.high
        return np.asarray(above & beneath)


@dataclass(frozen=True, slots=True)
class Act:
    """The legal text: `slug` is its stable name in a rule's id, `last_day` the last day of its validity."""

    jurisdiction: str
    slug: str
    title: str
    year: str
    first_day: date | None = None
    last_day: date | None = None
    note: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the act held on that day, as far as its days are known."""
        begun = self.first_day is None or self.first_day <= day
        return begun and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class Measurand:
    """What has to have been measured for the value to mean anything."""

    medium: str
    extractant: str
    basis: str
    upper_depth_cm: float | None = None
    lower_depth_cm: float | None = None
    statistic: str = NOT_STATED
    support: str = ""

    def __post_init__(self) -> None:
        if self.extractant not in EXTRACTANTS:
            raise ValueError(f"extractant must be one of {', '.join(EXTRACTANTS)}, got {self.extractant!r}")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the soil and its use must be like for a row to hold.

    Below `demotion_ph` a soil is judged by the next lighter texture class (the lightest stays where it is), as the
    German precautionary values are. An empty `use` is the row for every use that has no row of its own.
    """

    texture: str = ""
    demotion_ph: float | None = None
    ph: Span = field(default_factory=Span)
    toc: Span = field(default_factory=Span)
    use: str = ""

    def __post_init__(self) -> None:
        if self.texture and self.texture not in TEXTURES:
            raise ValueError(f"texture must be one of {', '.join(TEXTURES)}, got {self.texture!r}")
        if self.demotion_ph is not None and not self.texture:
            raise ValueError("a pH that lowers the texture class needs a texture class")


@dataclass(frozen=True, slots=True)
class GuidelineRow:
    """One printed value. `low` and `high` are in `unit`: equal for a number, apart for a range, `low` 0 for `<high`."""

    number: int
    act: Act
    contaminant: str
    symbol: str
    cas: str
    land_use: str
    kind: str
    consequence: str
    comparator: Comparator
    low: float
    high: float
    unit: str
    measurand: Measurand
    conditions: Conditions
    correction: str
    comparable: bool
    reason: str
    source: str
    source_kind: str
    original_value: str
    original_condition: str
    land_use_text: str = ""
    kind_text: str = ""
    checked_in: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < np.inf:
            raise ValueError(f"a guideline value must be a finite number or range, got {self.low} to {self.high}")
        if (self.comparator == "exact") != (self.low == self.high):
            raise ValueError(f"{self.low:g} to {self.high:g} is not the value of a row that reads {self.comparator!r}")
        if self.comparable and (self.comparator != "exact" or not self.unit.startswith("mg/kg")):
            raise ValueError("only a number in mg/kg is comparable")
        if self.comparable == bool(self.reason):
            raise ValueError("a row that is not comparable needs its reason, and only such a row")

    @property
    def rule(self) -> str:
        """The rule's id: `<jurisdiction>:<act>:<land-use>:<kind>`."""
        return f"{self.act.jurisdiction}:{self.act.slug}:{self.land_use}:{self.kind}"


@dataclass(frozen=True, slots=True)
class Guideline:
    """The rows of one rule for one contaminant."""

    rows: tuple[GuidelineRow, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("a guideline needs at least one row")
        if len({(row.rule, row.contaminant, row.act) for row in self.rows}) > 1:
            raise ValueError("the rows of a guideline must share rule, act and contaminant")
        if len({(row.measurand, row.correction) for row in self.rows if row.comparable}) > 1:
            raise ValueError("the comparable rows of a guideline must share what is measured and its correction")

    @property
    def id(self) -> str:
        """`<jurisdiction>:<act>:<land-use>:<kind>`, the same for every contaminant of the act."""
        return self.rows[0].rule

    @property
    def contaminant(self) -> str:
        """Id of the contaminant, for example `zinc`."""
        return self.rows[0].contaminant

    @property
    def act(self) -> Act:
        """The legal text."""
        return self.rows[0].act


def guidelines(rows: Iterable[GuidelineRow]) -> dict[tuple[str, str], Guideline]:
    """The rules found in the rows, by rule id and contaminant id, in the order of these."""

    def key(row: GuidelineRow) -> tuple[str, str]:
        return row.rule, row.contaminant

    return {name: Guideline(tuple(members)) for name, members in groupby(sorted(rows, key=key), key)}
