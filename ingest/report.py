"""What a load did: the counts, and every problem in a sentence that names row and column."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ingest.findings import Finding, Severity

NAMED_ROWS = 5
LONGEST_TEXT = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule broken in one column; `row` and `text` are of the first of `count` places."""

    rule: str
    severity: Severity
    row: int | None
    column: str | None
    text: str | None
    message: str
    count: int

    @classmethod
    def of(cls, finding: Finding) -> "Problem":
        """The problem that a finding is, in words."""
        row, text = int(finding.rows[0]), _clipped(finding.texts[0])
        colon = ", " if finding.column else ": "
        message = f"row {row}{colon}{in_words(finding, text)}{_further(finding)}"
        severity = finding.rule.severity
        return cls(finding.rule.name, severity, row, finding.column, text, message, len(finding.rows))


def in_words(finding: Finding, text: str) -> str:
    """What a finding says of one text: `column zinc: 'abc' is not a number …`."""
    column = f"column {finding.column}: " if finding.column else ""
    return f"{column}{text!r} {finding.reason}" if text else f"{column}{finding.reason}"


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _further(finding: Finding) -> str:
    rest = [str(row) for row in finding.rows[1 : NAMED_ROWS + 1]]
    if not rest:
        return ""
    dots = ", …" if len(finding.rows) > NAMED_ROWS + 1 else ""
    return f" (also row{'s' * (len(rest) > 1)} {', '.join(rest)}{dots}; {len(finding.rows)} in all)"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a load: every row of the file was loaded, rejected, or is a duplicate."""

    dataset: str
    title: str
    kind: str
    file: str
    checksum: str
    unchanged: bool
    rows_in: int
    loaded: int
    rejected: int
    duplicates: int
    measurements: Mapping[str, int]
    problems: tuple[Problem, ...]

    def __post_init__(self) -> None:
        if self.rows_in != self.loaded + self.rejected + self.duplicates:
            raise ValueError(
                f"{self.rows_in} rows came in, but {self.loaded} were loaded, {self.rejected} rejected and "
                f"{self.duplicates} duplicates"
            )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON would hold it."""
        return asdict(self) | {"problems": [asdict(problem) for problem in self.problems]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Report":
        """The report that `to_dict` wrote."""
        problems = tuple(Problem(**problem) for problem in content["problems"])
        return cls(**{**content, "problems": problems})

    def as_unchanged(self) -> "Report":
        """The same report, of a second load that found nothing to do."""
        return replace(self, unchanged=True)


def problems_of(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """The problems of all findings, rejections first, then in the order of the file."""
    order = {"reject": 0, "flag": 1, "info": 2}
    problems = (Problem.of(finding) for finding in findings)

    def place(problem: Problem) -> tuple[int, bool, int, str]:
        # that nothing of a row is left follows from what was wrong with its values, so it comes after them
        return order[problem.severity], problem.rule == "all-rejected", problem.row or 0, problem.rule

    return tuple(sorted(problems, key=place))
