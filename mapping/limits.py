"""Comparing samples with a guideline value: only where it is comparable, and in words where it is not.

A limit is assessable for a sample when medium, extraction, basis and every condition of the rule are recorded or openly
assumed, and match. Assumptions fill gaps; they never overrule what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector, read_only
from mapping.context import CONTENT_DIGESTIONS, NUMBERS, Assumption, Context, Words
from mapping.guideline import ANY, NOT_STATED, REASONS, TEXTURES, Guideline, GuidelineRow, Measurand

Mask = NDArray[np.bool_]
MEDIA = {"soil": ("soil", "mineral-horizon")}
"""Which media of samples a value's medium covers. An organic layer or a sediment is not a mineral soil."""
CLASS_OF_TEXTURE = {"sand": 0, "loam": 1, "silt": 1, "clay": 2}
WORDING = {"clay": "clay content", "organic-matter": "organic matter content", "toc": "TOC", "ph": "pH"} | {
    "bound": "which end of the range is meant"
}


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """The limit of each sample in mg/kg, or why there is none.

    `limit` (n,) is NaN where not `assessable` (n,). `missing` says which data are wanting and how to assume them,
    `obstacles` why existing data do not fit, `caveats` what was not compared; `assumptions` are those that were used.
    """

    rule: str
    contaminant: str
    limit: Vector
    missing: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", read_only(self.limit))
        if not self.assessable.all() and not (self.missing or self.obstacles):
            raise ValueError("samples without a limit need a reason")

    @property
    def assessable(self) -> Mask:
        """True (n,) where the rule gives the sample a limit."""
        return np.isfinite(self.limit)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many samples fall on which side of their limits; `undecidable`: the detection limit is above the limit."""

    exceeding: int
    not_exceeding: int
    undecidable: int
    not_assessable: int


def count_exceeding(lower: ArrayLike, upper: ArrayLike, assessment: Assessment) -> Counts:
    """Counts of samples with bounds (n,) in mg/kg: exceeding means that even the lower bound is above the limit."""
    low, high, limit = np.asarray(lower), np.asarray(upper), assessment.limit
    if not low.shape == high.shape == limit.shape:
        raise ValueError(f"bounds and limits must have one length, got {low.shape}, {high.shape}, {limit.shape}")
    above, below = int((low > limit).sum()), int((high <= limit).sum())
    assessable = int(assessment.assessable.sum())
    return Counts(above, below, assessable - above - below, len(limit) - assessable)


def assess(
    rule: Guideline, context: Context, assumptions: Iterable[Assumption] = (), on: date | None = None
) -> Assessment:
    """The limit that `rule` sets for each sample of `context`.

    With `on`, an act that was not in force that day is not assessable; without, its end is a caveat. Where several rows
    hold for one sample the lowest value counts.
    """
    obstacles = _rule_obstacles(rule, on)
    if obstacles:
        empty = np.full(context.size, np.nan)
        return Assessment(
            rule.id, rule.contaminant, empty, obstacles=obstacles, caveats=tuple(dict.fromkeys(_caveats(rule)))
        )
    case = _Case(context, {assumption.name: assumption for assumption in assumptions})
    measured = _measured_alike(case, rule.rows[0].measurand)
    limit = np.where(measured, _conditional_limit(case, rule.rows), np.nan)
    return Assessment(
        rule.id,
        rule.contaminant,
        limit,
        tuple(case.missing),
        tuple(case.obstacles),
        tuple(dict.fromkeys(_caveats(rule))),
        tuple(case.used),
    )


def _rule_obstacles(rule: Guideline, on: date | None) -> tuple[str, ...]:
    reasons = dict.fromkeys(f"not comparable: {REASONS[row.reason]}" for row in rule.rows if not row.comparable)
    if on is not None and not rule.act.in_force(on):
        reasons[f"{rule.act.title} was not in force on {on.isoformat()}"] = None
    return tuple(reasons)


def _caveats(rule: Guideline) -> tuple[str, ...]:
    return (*_of_measurand(rule.rows[0].measurand), *_of_rows(rule.rows), *_of_act(rule))


def _of_measurand(meant: Measurand) -> Iterator[str]:
    if meant.extractant == NOT_STATED:
        yield "the source does not state the extraction; taken as a total or pseudo-total content"
    if meant.basis == NOT_STATED:
        yield "the source does not state whether the value is per dry or wet mass"
    if meant.statistic != NOT_STATED:
        of = f" of {meant.support}" if meant.support else ""
        yield f"the value is meant for the {meant.statistic.replace('-', ' ')}{of}; compared sample by sample"
    if meant.lower_depth_cm is not None:
        span = f"{meant.upper_depth_cm or 0:g} to {meant.lower_depth_cm:g} cm"
        yield f"the value is meant for a depth of {span}; depths were not compared where they are not recorded"
    if meant.fraction_mm is not None:
        yield f"the value is meant for the fraction below {meant.fraction_mm:g} mm; fractions were not compared"


def _of_rows(rows: tuple[GuidelineRow, ...]) -> Iterator[str]:
    for row in rows:
        if row.conditions.premise:
            yield f"the value presumes: {row.conditions.premise}"
        if row.conditions.ph_method:
            yield f"the value is meant for pH in {row.conditions.ph_method}; how pH was measured was not compared"
        if row.comparator == "range":
            yield f"the source gives the range {row.low:g} to {row.high:g} {row.unit}"
        if row.comparator == "below":
            yield f"the source says only that the value is below {row.high:g} {row.unit}"


def _of_act(rule: Guideline) -> Iterator[str]:
    act = rule.act
    if act.last_day is not None:
        yield f"{act.title} ended on {act.last_day.isoformat()}"
    if act.note:
        yield f"{act.title}: {act.note}"
    if rule.rows[0].source_kind == "secondary":
        yield "the value was read from a secondary source"


class _Case:
    """One assessment in the making: the data with the gaps filled, and what there is to say about them."""

    def __init__(self, context: Context, assumptions: dict[str, Assumption]) -> None:
        self.context, self.assumptions = context, assumptions
        self.missing: dict[str, None] = {}
        self.obstacles: dict[str, None] = {}
        self.used: dict[str, None] = {}

    def number(self, name: str) -> Vector:
        """Values (n,) of a property, assumed where not recorded; NaN where neither."""
        values = self.context.numbers[name]
        given = self.assumptions.get(name)
        if given is None or not np.isnan(values).any():
            return values
        self.used[given.text] = None
        return np.where(np.isnan(values), np.asarray(given.value, dtype=np.float64), values)

    def word(self, name: str) -> Words:
        """Words (n,) of a property, assumed where not recorded; empty where neither."""
        words = self.context.words[name]
        given = self.assumptions.get(name)
        if given is None or (words != "").all():
            return words
        self.used[given.text] = None
        return np.where(words == "", np.asarray(given.value, dtype=np.str_), words)

    def known(self, name: str, among: Mask | None = None) -> Mask:
        """Where (n,) the property is known or not wanted; says so where it is wanted and missing."""
        absent = np.isnan(self.number(name)) if name in NUMBERS else self.word(name) == ""
        lacking = absent if among is None else absent & among
        if lacking.any():
            sort = "number" if name in NUMBERS else "word"
            self.missing[
                f"{WORDING.get(name, name)} is missing for {self._share(lacking)} (to assume it: {name}:<{sort}>)"
            ] = None
        return ~lacking

    def demand(self, fits: Mask, where: Mask, reason: str) -> Mask:
        """`fits & where`; says why the samples of `where` that do not fit are left out."""
        if (where & ~fits).any():
            self.obstacles[f"{self._share(where & ~fits)}: {reason}"] = None
        return fits & where

    def _share(self, mask: Mask) -> str:
        return f"{int(mask.sum())} of {self.context.size} samples"


def _measured_alike(case: _Case, meant: Measurand) -> Mask:
    media = MEDIA.get(meant.medium, (meant.medium,))
    fits = case.demand(
        np.isin(case.word("medium"), media), case.known("medium"), f"the value is for {meant.medium}, the medium is not"
    )
    if meant.extractant != ANY:
        procedures, said = _procedures(meant)
        extracted = np.isin(case.word("procedure"), procedures)
        fits &= case.demand(extracted, case.known("procedure"), f"another extraction: {said}")
    if meant.basis != NOT_STATED:
        same = case.word("basis") == meant.basis
        fits &= case.demand(same, case.known("basis"), f"the value is per {meant.basis} mass, the results are not")
    return fits & _at_depth(case, meant)


def _procedures(meant: Measurand) -> tuple[tuple[str, ...], str]:
    """Those that give what is meant, and why others do not."""
    if meant.extractant == NOT_STATED:
        return CONTENT_DIGESTIONS, "the value is a content, not a partial extract"
    return meant.extractants, f"the value refers to {' or '.join(meant.extractants)}"


def _at_depth(case: _Case, meant: Measurand) -> Mask:
    """False (n,) where it is recorded that a sample was taken wholly above or below the depths that are meant."""
    if meant.lower_depth_cm is None:
        return np.ones(case.context.size, dtype=np.bool_)
    upper, lower = case.number("upper-depth"), case.number("lower-depth")
    apart = (lower <= (meant.upper_depth_cm or 0.0)) | (upper >= meant.lower_depth_cm)
    span = f"{meant.upper_depth_cm or 0:g} to {meant.lower_depth_cm:g} cm"
    return case.demand(~apart, np.ones_like(apart), f"the value is for a depth of {span}, they are from another")


def _conditional_limit(case: _Case, rows: tuple[GuidelineRow, ...]) -> Vector:
    conditions = [row.conditions for row in rows]
    classes, ready = _texture_classes(case, rows)
    for name in dict.fromkeys(name for condition in conditions for name in condition.spans):
        ready &= case.known(name)
    own_uses = [condition.use for condition in conditions if condition.use]
    if own_uses:
        ready &= case.known("use")
    limit, covered = np.full(case.context.size, np.nan), np.zeros(case.context.size, dtype=np.bool_)
    for row in rows:
        holds = _holds(case, row, classes, own_uses)
        covered |= holds
        value = _value(case, row, holds) * _correction(case, row, holds)
        limit = np.fmin(limit, np.where(holds, value, np.nan))
    return np.where(case.demand(covered, ready, "no value of the rule covers their soil or use"), limit, np.nan)


def _value(case: _Case, row: GuidelineRow, holds: Mask) -> Vector:
    """The value (n,) in mg/kg; of a range the end that is openly chosen, else NaN."""
    low, high = row.mg_per_kg or (np.nan, np.nan)
    if row.comparator == "exact":
        return np.full(case.context.size, low)
    case.known("bound", among=holds)
    bound = case.word("bound")
    if low == 0.0:
        case.demand(bound != "low", holds & (bound != ""), "the lower end of the range is zero, which is no limit")
    return np.select([(bound == "low") & (low > 0.0), bound == "high"], [low, high], np.nan)


def _holds(case: _Case, row: GuidelineRow, classes: NDArray[np.int64], own_uses: list[str]) -> Mask:
    condition = row.conditions
    holds = np.ones(case.context.size, dtype=np.bool_)
    if condition.textures:
        holds &= np.isin(classes, [TEXTURES.index(texture) for texture in condition.textures])
    for name, span in condition.spans.items():
        holds &= span.holds(case.number(name))
    if own_uses:
        uses = case.word("use")
        holds &= (uses == condition.use) if condition.use else ~np.isin(uses, own_uses)
    return holds


def _texture_classes(case: _Case, rows: tuple[GuidelineRow, ...]) -> tuple[NDArray[np.int64], Mask]:
    """The class (n,) to judge each soil by, one lighter where it is too acid, and where (n,) it is known."""
    everywhere = np.ones(case.context.size, dtype=np.bool_)
    if not any(row.conditions.texture for row in rows):
        return np.full(case.context.size, -1), everywhere
    classes = np.array([CLASS_OF_TEXTURE.get(word, -1) for word in case.word("texture")], dtype=np.int64)
    placed = case.known("texture")
    demotions = [row.conditions.demotion_ph for row in rows if row.conditions.demotion_ph is not None]
    if not demotions:
        return classes, placed
    can_sink = classes > 0
    placed &= case.known("ph", among=can_sink)
    return classes - (can_sink & (case.number("ph") < max(demotions))), placed


def _correction(case: _Case, row: GuidelineRow, holds: Mask) -> Vector:
    """What the value is multiplied by (n,): 1 without a correction, NaN where a property that it needs is missing."""
    if row.correction is None:
        return np.ones(case.context.size)
    for name in row.correction.needs:
        case.known(name, among=holds)
    clay, organic = (
        case.number(name) if name in row.correction.needs else np.zeros(case.context.size)
        for name in ("clay", "organic-matter")
    )
    return row.correction.factor(clay, organic)
