"""What was found wrong or doubtful, in columns: one finding is one rule, one column of the file and many rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Severity = Literal["reject", "flag", "info"]
OF_THE_FILE = np.array([0])
"""The rows of a finding on the whole file: none, for rows are counted from 1."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of quality: its name, and what breaking it means for a row or value."""

    name: str
    severity: Severity
    says: str
    overridable: bool = False
    of_file: bool = False
    """Whether it judges the file as a whole, so that there is no row that it could reject."""

    @property
    def doubts_place(self) -> bool:
        """Whether what breaks the rule stays, but may lie elsewhere."""
        return self.severity == "flag" and "position" in self.name


_ALL = (
    Rule("ragged-row", "reject", "the row has another number of cells than the heading"),
    Rule("no-partner", "reject", "the row refers to a row of another table that is not there"),
    Rule("no-code", "reject", "the specimen has no code"),
    Rule("quality-control", "reject", "the row is a control of a kind that is not known"),
    Rule("position-missing", "reject", "there is no position"),
    Rule("position-unreadable", "reject", "a coordinate is not a number"),
    Rule("position-at-origin", "reject", "both coordinates are zero", overridable=True),
    Rule("position-outside", "reject", "the position lies outside the area of use of its system", overridable=True),
    Rule("position-swapped", "reject", "x and y are swapped", overridable=True),
    Rule("position-sign", "reject", "a minus sign is missing or too much", overridable=True),
    Rule("position-zone", "reject", "the position was measured in another zone", overridable=True),
    Rule("position-outside-survey", "reject", "the position lies outside the stated area", overridable=True),
    Rule("position-far", "flag", "the position lies far from all others", overridable=True, of_file=True),
    Rule("position-from-second", "flag", "only the second pair of coordinates is given", overridable=True),
    Rule("two-positions", "flag", "the two pairs of coordinates of the place disagree", overridable=True),
    Rule("not-a-number", "reject", "a text stands where a number belongs"),
    Rule("ambiguous-number", "reject", "a mark may be a decimal mark or one between thousands"),
    Rule("not-a-date", "reject", "a text stands where a date belongs"),
    Rule("left-out", "reject", "the profile leaves such rows out"),
    Rule("rejected-by-laboratory", "reject", "the laboratory or its validator says that the value must not be used"),
    Rule("not-a-code", "reject", "a text is not one of the codes that the profile translates"),
    Rule("implausible-property", "reject", "a property of the soil is outside its possible range"),
    Rule("depth-order", "reject", "the upper depth lies below the lower one"),
    Rule("date-order", "reject", "the sampling ends before it begins"),
    Rule("future-date", "reject", "the date lies in the future", overridable=True),
    Rule("old-date", "flag", "the date lies before 1900", overridable=True),
    Rule("future-analysis", "flag", "the analysis lies in the future", overridable=True),
    Rule("analysed-before-sampled", "flag", "it was analysed before it was sampled", overridable=True),
    Rule("negative-depth", "flag", "the depth lies above the surface", overridable=True),
    Rule("implausible-depth", "flag", "the depth is more than 100 m, so its unit is doubtful", overridable=True),
    Rule(
        "depth-overlap",
        "flag",
        "depths of one site and day overlap without being the same",
        overridable=True,
        of_file=True,
    ),
    Rule("texture-sum", "flag", "clay, silt and sand do not add up to 100 %", overridable=True),
    Rule("unknown-contaminant", "reject", "the contaminant is not in the vocabulary"),
    Rule("cas-contradiction", "flag", "name and CAS number mean different contaminants", overridable=True),
    Rule("unknown-sector", "flag", "the code of the sector is not in the vocabulary", overridable=True),
    Rule(
        "compounds",
        "flag",
        "an element is counted with its compounds, and whose mass it is is not known",
        overridable=True,
    ),
    Rule("compounds-as-element", "info", "an element is counted with its compounds, by the mass of the element"),
    Rule("source-renamed", "flag", "another year calls the source otherwise", overridable=True),
    Rule("source-moved", "flag", "another year places the source elsewhere", overridable=True),
    Rule("duplicate-release", "reject", "the same release of the same source stands in an earlier row"),
    Rule("unit-not-convertible", "reject", "the unit cannot become mg/kg"),
    Rule("unknown-basis", "reject", "the basis is not dry, wet or unknown"),
    Rule("basis-contradiction", "flag", "the unit speaks of another basis than the profile", overridable=True),
    Rule("no-detection-limit", "reject", "not detected, but the limit of detection is not known"),
    Rule("zero-value", "reject", "a content of zero cannot be measured"),
    Rule("negative-value", "reject", "a content cannot be negative"),
    Rule("bad-limit", "reject", "a bound must be above zero"),
    Rule("bad-interval", "reject", "an interval must rise from zero or more"),
    Rule(
        "implausible-value", "reject", "a content above 1 000 000 mg/kg is more than all of the soil", overridable=True
    ),
    Rule("duplicate-code", "reject", "the specimen's code stands for something else in an earlier row"),
    Rule("duplicate-measurement", "reject", "the same was measured on the same specimen in an earlier row"),
    Rule("all-rejected", "reject", "no value of the row could be used"),
    Rule("controls", "info", "controls of laboratory and field, kept apart from samples", of_file=True),
    Rule("precision", "info", "what was analysed twice says how precise the laboratory is", of_file=True),
    Rule("sampling-precision", "info", "what was sampled twice says how far samples of one place differ", of_file=True),
    Rule("blanks", "info", "blanks hold what they should", of_file=True),
    Rule("blank-contaminated", "flag", "blanks hold more than the limit of detection", overridable=True, of_file=True),
    Rule(
        "blank-limit",
        "flag",
        "blanks support no limit of detection as low as the stated one",
        overridable=True,
        of_file=True,
    ),
    Rule("below-blank", "flag", "the value does not exceed what the blanks of its batch hold", overridable=True),
    Rule("reference-material", "info", "a reference material was measured as it is certified", of_file=True),
    Rule(
        "reference-bias",
        "flag",
        "a reference material was measured far from its certified content",
        overridable=True,
        of_file=True,
    ),
    Rule("spike-recovery", "flag", "a spike was not found again as it was added", overridable=True, of_file=True),
    Rule("duplicate-alone", "info", "a duplicate whose original is not in the file", overridable=True, of_file=True),
    Rule("replicate", "info", "measured again on the same specimen, and kept as a replicate"),
    Rule("duplicate-row", "info", "the row repeats an earlier one, cell by cell"),
    Rule("nothing-measured", "info", "no value stands in the row"),
    Rule(
        "substituted-limit",
        "flag",
        "probably a substituted detection limit: the lowest value repeats too often",
        overridable=True,
    ),
    Rule(
        "substituted-share",
        "flag",
        "exactly a half, or 1/√2, of the limit of detection: probably put in for it",
        overridable=True,
    ),
    Rule("unit-slip", "flag", "contents far from usual, as in another unit", overridable=True, of_file=True),
    Rule("coarse-values", "info", "the values are rounded coarsely", overridable=True, of_file=True),
    Rule("sum-contradiction", "flag", "a sum contradicts its members", overridable=True, of_file=True),
    Rule("partial-sum", "flag", "members of the sum are missing: a lower bound only", overridable=True, of_file=True),
    Rule("derived-sum", "info", "made of its members", overridable=True, of_file=True),
    Rule("below-own-limit", "flag", "the value lies below its own limit of detection", overridable=True),
    Rule("approximate", "flag", "the value is given as approximate", overridable=True),
    Rule("file-layout", "info", "how the file is written was found out, not stated"),
)
RULES = {rule.name: rule for rule in _ALL}


@dataclass(frozen=True, slots=True)
class Finding:
    """The rows (n,) in which a column breaks a rule, with the text that stands there.

    `reason` continues the sentence "row 7, column zinc, 'abc' …". A finding on `whole_row` takes the row with it, any
    other one only the value.
    """

    rule: Rule
    rows: NDArray[np.int64]
    texts: Sequence[str]
    reason: str
    column: str | None = None
    whole_row: bool = False

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.texts) > 0:
            raise ValueError("a finding needs as many texts as rows, and at least one")

    @property
    def count(self) -> int:
        """In how many places the rule is broken."""
        return len(self.rows)


class Noted(Protocol):
    """What a report says of a broken rule: a finding, or many of them of which only the first rows are kept."""

    @property
    def rule(self) -> Rule:
        """The rule that is broken."""

    @property
    def column(self) -> str | None:
        """Where."""

    @property
    def reason(self) -> str:
        """What continues the sentence "row 7, column zinc, 'abc' …"."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """The first rows, at least one."""

    @property
    def texts(self) -> Sequence[str]:
        """What stands in these."""

    @property
    def count(self) -> int:
        """In how many places the rule is broken."""


def misplaced_rows(findings: Iterable[Finding]) -> NDArray[np.int64]:
    """The rows whose position was flagged, in no order and perhaps repeated."""
    flagged = [finding.rows for finding in findings if finding.rule.doubts_place]
    return np.concatenate([np.empty(0, np.int64), *flagged])


def ruled(findings: Iterable[Finding], rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """The findings with the severities of a dataset, without those of rules that are off."""
    for finding in findings:
        if finding.rule.name in rules:
            yield replace(finding, rule=rules[finding.rule.name])
