"""What a load did: the counts, what came in, and every problem in a sentence that names row and column."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.findings import RULES, Noted, Severity
from ingest.origin import Origin, origin_of
from ingest.profile import Profile
from ingest.remedies import remedy
from ingest.tally.contents import Content
from ingest.visible import LONGEST, visible

FORMAT = 2
"""Of the JSON; raised when what a member means changes."""
NAMED_ROWS = 5
LONGEST_REASON = 300
MOST_OF_A_RULE = 40
ORDER: Mapping[str, int] = {"reject": 0, "flag": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the file and the text that stands there."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule broken in one column; `row` and `text` are of the first of `count` places, `places` holds the first few.

    Texts are clipped, and what cannot be seen in them is written out.
    """

    rule: str
    severity: Severity
    row: int | None
    column: str | None
    text: str | None
    message: str
    count: int
    places: tuple[Place, ...] = ()

    @classmethod
    def of(cls, finding: Noted) -> "Problem":
        """The problem that a finding is, in words."""
        column = visible(finding.column) if finding.column else None
        severity = finding.rule.severity
        pairs = zip(finding.rows[: NAMED_ROWS + 1], finding.texts[: NAMED_ROWS + 1], strict=True)
        places = tuple(Place(int(row), visible(text)) for row, text in pairs)
        row, text = places[0].row, finding.texts[0]
        if row < 1:
            return cls(finding.rule.name, severity, None, column, None, in_words(finding, ""), finding.count)
        colon = ", " if finding.column else ": "
        message = f"row {row}{colon}{in_words(finding, _clipped(text))}{_further(finding)}"
        return cls(finding.rule.name, severity, row, column, places[0].text, message, finding.count, places)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Problem":
        """What `asdict` gave."""
        return cls(**{**content, "places": tuple(Place(**place) for place in content.get("places", ()))})


def in_words(finding: Noted, text: str) -> str:
    """What a finding says of one text: `column zinc: 'abc' is not a number …`."""
    column = f"column {visible(finding.column)}: " if finding.column else ""
    reason = visible(finding.reason, LONGEST_REASON)
    return f"{column}{text!r} {reason}" if text else f"{column}{reason}"


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _further(finding: Noted) -> str:
    rest = [str(row) for row in finding.rows[1 : NAMED_ROWS + 1]]
    if not rest:
        return ""
    dots = ", …" if finding.count > NAMED_ROWS + 1 else ""
    return f" (also row{'s' * (len(rest) > 1)} {', '.join(rest)}{dots}; {finding.count} in all)"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a load: every row of the file was loaded, rejected, or is a duplicate.

    `broken` counts by rule all places where it was broken, of which `problems` names the first; `content` sums up what
    was loaded as samples, `controls` counts by kind the rows that check the laboratory. Of a file that was refused as a
    whole, `refused` says why. A report that an older version wrote has neither `origin` nor `content`.
    """

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
    broken: Mapping[str, int] = field(default_factory=dict)
    controls: Mapping[str, int] = field(default_factory=dict)
    version: int | None = None
    origin: Origin | None = None
    content: Content | None = None
    refused: str | None = None
    rejected_file: str | None = None

    def __post_init__(self) -> None:
        if self.rows_in != self.loaded + self.rejected + self.duplicates:
            raise ValueError(
                f"{self.rows_in} rows came in, but {self.loaded} were loaded, {self.rejected} rejected and "
                f"{self.duplicates} duplicates"
            )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON would hold it, with what the broken rules say and what can be done about them."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "format": FORMAT,
            "measurements": dict(self.measurements),
            "broken": dict(self.broken),
            "controls": dict(self.controls),
            "origin": self.origin.to_dict() if self.origin else None,
            "problems": [asdict(problem) for problem in self.problems],
            "rules": {name: _explained(name) for name in self.broken if name in RULES},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Report":
        """The report that `to_dict` wrote, in this version or an older one."""
        kept = {name: content[name] for name in cls.__slots__ if name in content}
        problems = tuple(map(Problem.from_dict, content["problems"]))
        origin = content.get("origin")
        return cls(**{**kept, "problems": problems, "origin": Origin.from_dict(origin) if origin else None})

    def as_unchanged(self) -> "Report":
        """The same report, of a second load that found nothing to do."""
        return replace(self, unchanged=True)


class RefusedError(IngestError):
    """A file of which nothing can be loaded although its rows were read: how many, and what was wrong with them."""

    def __init__(self, message: str, findings: Sequence[Noted], rows_in: int, duplicates: int = 0) -> None:
        super().__init__(message)
        self.findings, self.rows_in, self.duplicates = findings, rows_in, duplicates


def refusal(file: Path, profile: Profile, error: IngestError) -> Report:
    """The report on a file of which nothing was loaded, with what was found in its rows if they were read."""
    known = error if isinstance(error, RefusedError) else RefusedError(str(error), (), 0)
    return Report(
        dataset=profile.dataset.name,
        title=profile.dataset.title,
        kind="samples" if profile.sources is None else "sources",
        file=visible(file.name),
        checksum="",
        unchanged=False,
        rows_in=known.rows_in,
        loaded=0,
        rejected=known.rows_in - known.duplicates,
        duplicates=known.duplicates,
        measurements={},
        problems=problems_of(known.findings),
        broken=broken_by(known.findings),
        origin=origin_of(profile),
        refused=visible(str(error), LONGEST_REASON),
    )


def problems_of(findings: Iterable[Noted]) -> tuple[Problem, ...]:
    """The problems of all findings, rejections first, then in the order of the file; of each rule the first ones."""

    def place(finding: Noted) -> tuple[int, bool, int, str]:
        # that nothing of a row is left follows from what was wrong with its values, so it comes after them
        rule = finding.rule
        return ORDER[rule.severity], rule.name == "all-rejected", int(finding.rows[0]), rule.name

    seen: Counter[str] = Counter()
    chosen = []
    for finding in sorted(findings, key=place):
        seen[finding.rule.name] += 1
        if seen[finding.rule.name] <= MOST_OF_A_RULE:
            chosen.append(Problem.of(finding))
    return tuple(chosen)


def broken_by(findings: Iterable[Noted]) -> dict[str, int]:
    """In how many places each rule was broken."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule.name] += finding.count
    return dict(counts)


def _explained(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {"severity": rule.severity, "says": rule.says, "remedy": remedy(rule), "overridable": rule.overridable}
