"""Which samples exceed which guideline values, and what keeps the others from being compared."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from app.work.exceedance import SampleVerdict, judge_samples
from app.work.review.cases import Cases
from app.work.review.document import Cell, Column, Section, Table
from mapping.context import Assumption

COLUMNS = (
    Column("contaminant", number=False),
    Column("guideline value", number=False),
    Column("exceeding"),
    Column("cannot tell"),
    Column("compared"),
    Column("assumed", number=False),
)
MOST = 40


def limits(
    connection: Connection, cases: Cases, assumptions: Sequence[Assumption], jurisdictions: Sequence[str]
) -> Section:
    """Verdicts on samples, each with its own soil; what is assumed is said in each row."""
    verdicts = [
        (case.label, verdict)
        for case in cases.cases
        for verdict in judge_samples(connection, case.material.rows, assumptions)
        if not jurisdictions or verdict.rule.partition(":")[0] in jurisdictions
    ]
    compared = [(label, verdict) for label, verdict in verdicts if verdict.assessable]
    reasons = Counter(reason for _, verdict in verdicts if not verdict.assessable for reason in verdict.why_not)
    ordered = sorted(compared, key=lambda pair: -_share(pair[1]))
    shown = f"; the {MOST} most exceeded are shown" if len(compared) > MOST else ""
    said = (
        f"{len(compared)} of {len(verdicts)} guideline values for these contaminants can be compared with the "
        f"samples{shown}. A value is compared only where its conditions are recorded with the samples or were openly "
        "assumed."
    )
    paragraphs = [
        said,
        *([f"What keeps the others from being compared: {_listed(reasons)}."] if reasons else []),
    ]
    rows = tuple(_row(label, verdict) for label, verdict in ordered[:MOST])
    tables = [Table("Samples against guideline values", COLUMNS, rows)] if rows else []
    return Section("Guideline values", paragraphs, tables, findings=_findings(ordered))


def _share(verdict: SampleVerdict) -> float:
    counts = verdict.counts
    return counts.exceeding / max(counts.exceeding + counts.not_exceeding + counts.undecidable, 1)


def _listed(reasons: Counter[str]) -> str:
    return "; ".join(f"{reason} ({count} values)" for reason, count in reasons.most_common(8))


def _row(label: str, verdict: SampleVerdict) -> tuple[Cell, ...]:
    counts = verdict.counts
    compared = counts.exceeding + counts.not_exceeding + counts.undecidable
    return label, verdict.title, counts.exceeding, counts.undecidable, compared, ", ".join(verdict.assumptions)


def _findings(ordered: Sequence[tuple[str, SampleVerdict]]) -> list[str]:
    above = [(label, verdict) for label, verdict in ordered if verdict.counts.exceeding]
    if not ordered:
        return ["No guideline value can be compared with these samples: see what is missing below."]
    if not above:
        return ["No sample exceeds a guideline value that can be compared."]
    label, verdict = above[0]
    counts = verdict.counts
    total = counts.exceeding + counts.not_exceeding + counts.undecidable
    assumed = f", assuming {', '.join(verdict.assumptions)}" if verdict.assumptions else ""
    names = ", ".join(dict.fromkeys(label for label, _ in above))
    often = f"most often by {label}: {counts.exceeding} of {total} samples lie above {verdict.title}{assumed}"
    return [f"Guideline values are exceeded by {names}; {often}."]
