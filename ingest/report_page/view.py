"""A report as the page shows it: series by procedure, problems by rule, long lists cut with what was cut."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Generic, TypeVar

from ingest.findings import RULES
from ingest.remedies import remedy
from ingest.report import ORDER, Problem, Report
from ingest.report_page import figures
from ingest.report_page.histogram import Bars, bars
from ingest.tally.contents import SampleContent, Series, SourceContent

T = TypeVar("T")

LONGEST_MESSAGE = 420
MOST_UNITS = 2
SEVERITIES = {
    "reject": ("Rejected", "Taken out: the row, or the value alone."),
    "flag": ("Doubted", "Loaded and marked: look at these."),
    "info": ("Noted", "For your information; nothing is wrong."),
}


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """The first of many things, and how many more there are."""

    shown: Sequence[T]
    hidden: int

    @classmethod
    def of(cls, everything: Sequence[T], most: int) -> "Part[T]":
        """At most so many of them."""
        return cls(everything[:most], max(len(everything) - most, 0))


@dataclass(frozen=True, slots=True)
class Room:
    """How many series, lines of another list, and messages on one rule a page shows."""

    series: int
    lines: int
    messages: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of contents of samples."""

    contaminant: str
    count: str
    censored: str
    limits: str
    quantiles: tuple[str, ...]
    flagged: str
    bars: Bars
    told: str
    as_given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured in one medium by one procedure; whether any of it is censored, and any doubted."""

    title: str
    rows: tuple[Row, ...]
    censored: bool
    doubted: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that was broken: what it says, how often, where first, and what can be done."""

    rule: str
    says: str
    count: str
    messages: Part[str]
    remedy: str


@dataclass(frozen=True, slots=True)
class Group:
    """The broken rules of one severity."""

    severity: str
    title: str
    means: str
    rules: tuple[Broken, ...]


def tables(content: SampleContent, room: Room) -> Part[Table]:
    """The series by medium and procedure, those of most values first, in all as many as a page can show."""
    shown = Part.of(content["series"], room.series)
    found: dict[str, list[Series]] = {}
    for series in shown.shown:
        found.setdefault(_procedure(series), []).append(series)
    ordered = sorted(found.items(), key=lambda item: -sum(one["count"] for one in item[1]))
    return Part([_table(title, members) for title, members in ordered], shown.hidden)


def _table(title: str, series: Sequence[Series]) -> Table:
    return Table(
        title,
        tuple(_row(one) for one in series),
        censored=any(one["measured"] < one["count"] for one in series),
        doubted=any(one["flagged"] for one in series),
    )


def _procedure(series: Series) -> str:
    how = [series["digestion"], *(series[key] for key in ("instrument", "standard"))]
    known = [text for text in how if text and text != "unknown"]
    basis = {"dry": "of dry soil", "wet": "of wet soil"}.get(series["basis"], "dry or wet not stated")
    return f"{series['medium']}: {', '.join(known) or 'procedure not stated'}; {basis}"


def _row(series: Series) -> Row:
    censored = series["count"] - series["measured"]
    return Row(
        contaminant=series["contaminant"],
        count=figures.count(series["count"]),
        censored=figures.share(censored, series["count"]),
        limits=_limits(series),
        quantiles=tuple(figures.bounds(value) for value in series["quantiles"].values()),
        flagged=figures.count(series["flagged"]) if series["flagged"] else "–",
        bars=bars(series["histogram"]),
        told=_told(series),
        as_given=tuple(
            f"{one['lowest']} to {one['highest']} {one['unit']}"
            + (f" ({figures.count(one['count'])})" if len(series["as_given"]) > 1 else "")
            for one in series["as_given"][:MOST_UNITS]
        ),
    )


def _limits(series: Series) -> str:
    reaches = (("<", series["limits"]), (">", series["ceilings"]))
    return "; ".join(f"{sign}{_reach(*ends)}" for sign, ends in reaches if ends) or "–"


def _reach(low: float, high: float) -> str:
    return figures.number(low) if low == high else f"{figures.number(low)}–{figures.number(high)}"


def _told(series: Series) -> str:
    """The histogram in words, for those who do not see it."""
    kinds = {"measured": "measured", "below": "below a limit", "between": "between bounds", "above": "above a limit"}
    counts = {"measured": series["measured"], "below": series["below"]}
    counts |= {"between": series["between"], "above": series["above"]}
    parts = ", ".join(f"{figures.count(counts[kind])} {words}" for kind, words in kinds.items() if counts[kind])
    median = figures.bounds(series["quantiles"]["median"])
    return f"Histogram of {series['contaminant']}: {parts}; median {median} mg/kg"


def groups(report: Report, room: Room) -> tuple[Group, ...]:
    """The problems by severity and rule, each rule with its count over the whole file."""
    problems = sorted(report.problems, key=lambda problem: ORDER[problem.severity])
    return tuple(
        Group(severity, *SEVERITIES[severity], tuple(_by_rule(members, report, room.messages)))
        for severity, members in groupby(problems, key=lambda problem: problem.severity)
    )


def _by_rule(problems: Iterable[Problem], report: Report, most: int) -> Iterable[Broken]:
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.rule, []).append(problem)
    for name, members in found.items():
        rule = RULES.get(name)
        total = report.broken.get(name, sum(problem.count for problem in members))
        messages = Part.of([_clipped(problem.message) for problem in members], most)
        hidden = total - sum(problem.count for problem in members[:most])
        yield Broken(
            name,
            rule.says if rule else "",
            figures.count(total),
            Part(messages.shown, hidden),
            remedy(replace(rule, severity=members[0].severity)) if rule else "",
        )


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


@dataclass(frozen=True, slots=True)
class Released:
    """A line of the table of releases."""

    pollutant: str
    contaminant: str
    medium: str
    count: str
    total: str
    largest: str
    years: str


def released(content: SourceContent, room: Room) -> Part[Released]:
    """The releases by pollutant and medium."""
    lines = [
        Released(
            one["pollutant"],
            one["contaminant"] or "–",
            one["medium"],
            figures.count(one["releases"]),
            figures.mass(one["kg"]) if one["unquantified"] < one["releases"] else "not stated",
            figures.mass(one["largest_kg"]) if one["largest_kg"] is not None else "–",
            "–" if one["years"] is None else "–".join(map(str, dict.fromkeys(one["years"]))),
        )
        for one in content["released"]
    ]
    return Part.of(lines, room.lines)
