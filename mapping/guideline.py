"""A guideline value as what it is in law: a decision rule with its conditions, not a number.

All rows that share jurisdiction, act, land use, kind and contaminant are one `Guideline`; which of its rows holds
for a sample depends on the sample's soil. Rows are values without behaviour beyond checking themselves.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.context import CONTENT_DIGESTIONS, PARTIAL_EXTRACTIONS
from mapping.soiltype import SoilTypeCorrection

NOT_STATED = "not-stated"
ANY = "any"
"""What is measured is a substance, and how it is brought out of the soil is no part of the value."""
EXTRACTANTS = (*CONTENT_DIGESTIONS, *PARTIAL_EXTRACTIONS, ANY, NOT_STATED)
UNIT = re.compile(r"(mg|µg|ng)(?: \S+)?/kg(?: dw| ww)?")
"""Of a value; the words between are the equivalents that it counts."""
MG_PER_UNIT = {"mg": 1.0, "µg": 1e-3, "ng": 1e-6}
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "sum-without-members": "the source does not say which substances its sum is made of",
        "sources-disagree": "public copies of the act print different values",
        "not-soil": "the value is for another medium than soil",
        "unit-not-convertible": "the unit of the value cannot be turned into mg/kg",
        "extract-unknown": "the value refers to an extract that no known procedure gives",
        "value-unreadable": "the printed value cannot be read",
    }
)
"""Why a value is not comparable with any sample: there are no other reasons."""
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
    """What has to have been measured for the value to mean anything.

    `extractant` may name several procedures that do, separated by semicolons.
    """

    medium: str
    extractant: str
    basis: str
    upper_depth_cm: float | None = None
    lower_depth_cm: float | None = None
    statistic: str = NOT_STATED
    support: str = ""
    fraction_mm: float | None = None

    def __post_init__(self) -> None:
        for name in self.extractants:
            if name not in EXTRACTANTS:
                raise ValueError(f"extractant must be one of {', '.join(EXTRACTANTS)}, got {name!r}")
        if len(self.extractants) > 1 and {ANY, NOT_STATED} & set(self.extractants):
            raise ValueError(f"extractant {self.extractant!r}: {ANY} and {NOT_STATED} stand alone")
        if self.fraction_mm is not None and not self.fraction_mm > 0.0:
            raise ValueError(f"a fraction is below some millimetres above zero, got {self.fraction_mm:g}")

    @property
    def extractants(self) -> tuple[str, ...]:
        """The procedures, one by one."""
        return tuple(self.extractant.split(";"))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the soil and its use must be like for a row to hold.

    `texture` may name several classes, separated by semicolons. Below `demotion_ph` a soil is judged by the next
    lighter class (the lightest stays where it is), as the German precautionary values are. An empty `use` is the row
    for every use that has no row of its own. `premise` is what no sample records, so that it can only be said.
    """

    texture: str = ""
    demotion_ph: float | None = None
    ph: Span = field(default_factory=Span)
    toc: Span = field(default_factory=Span)
    clay: Span = field(default_factory=Span)
    organic_matter: Span = field(default_factory=Span)
    use: str = ""
    ph_method: str = ""
    premise: str = ""

    def __post_init__(self) -> None:
        for name in self.textures:
            if name not in TEXTURES:
                raise ValueError(f"texture must be one of {', '.join(TEXTURES)}, got {name!r}")
        if self.demotion_ph is not None and not self.texture:
            raise ValueError("a pH that lowers the texture class needs a texture class")

    @property
    def textures(self) -> tuple[str, ...]:
        """The classes, one by one; none where all fit."""
        return tuple(self.texture.split(";")) if self.texture else ()

    @property
    def spans(self) -> Mapping[str, Span]:
        """The ranges that say something, by soil property."""
        named = {"ph": self.ph, "toc": self.toc, "clay": self.clay, "organic-matter": self.organic_matter}
        return {name: span for name, span in named.items() if span.bounded}


@dataclass(frozen=True, slots=True)
class GuidelineRow:
    """One printed value. `low` and `high` are in `unit`: equal for a number, apart for a range, `low` 0 for `<high`.

    `correction` moves the value with clay and organic matter; `reason` is a key of `REASONS` where it is comparable
    with nothing.
    """

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
    correction: SoilTypeCorrection | None
    comparable: bool
    reason: str
    source: str
    source_kind: str
    original_value: str
    original_condition: str
    land_use_text: str = ""
    kind_text: str = ""
    checked_in: str = ""
    cas_note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < np.inf:
            raise ValueError(f"a guideline value must be a finite number or range, got {self.low} to {self.high}")
        if (self.comparator == "exact") != (self.low == self.high):
            raise ValueError(f"{self.low:g} to {self.high:g} is not the value of a row that reads {self.comparator!r}")
        if self.comparable and not UNIT.fullmatch(self.unit):
            raise ValueError(f"a value in {self.unit!r} cannot be turned into mg/kg, so it is not comparable")
        if self.comparable == bool(self.reason):
            raise ValueError("a row that is not comparable needs its reason, and only such a row")
        if self.reason and self.reason not in REASONS:
            raise ValueError(f"reason must be one of {', '.join(REASONS)}, got {self.reason!r}")

    @property
    def rule(self) -> str:
        """The rule's id: `<jurisdiction>:<act>:<land-use>:<kind>`."""
        return f"{self.act.jurisdiction}:{self.act.slug}:{self.land_use}:{self.kind}"

    @property
    def mg_per_kg(self) -> tuple[float, float] | None:
        """`low` and `high` in mg/kg; None where the unit cannot be converted."""
        found = UNIT.fullmatch(self.unit)
        if found is None:
            return None
        return self.low * MG_PER_UNIT[found[1]], self.high * MG_PER_UNIT[found[1]]


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
