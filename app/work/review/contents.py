"""How much was found: each contaminant summed up, detection limits as what they are."""

from app.work.review.cases import Cases
from app.work.review.document import Cell, Column, Section, Table
from mapping.samples import Samples
from mapping.summaries import Estimate, Summary, summarise

MOSTLY = 0.5
COLUMNS = (
    Column("contaminant", number=False),
    Column("samples"),
    Column("below limits"),
    Column("median"),
    Column("95 % interval", number=False),
    Column("90th percentile"),
    Column("highest"),
    Column("method", number=False),
)


def contents(cases: Cases, seed: int) -> Section:
    """Median, high percentile and share below detection limits of each contaminant, in mg/kg."""
    rows, hidden = [], []
    for case in cases.cases:
        samples = case.material.samples
        found = summarise(samples.lower, samples.upper, seed=seed)
        if not found.estimates:
            hidden.append(case.label)
        rows.append(_row(case.label, found, float(samples.lower.max())))
    paragraphs = [
        "A value below a detection limit is known to lie below it and nothing else: none was replaced by a part of it."
    ]
    if hidden:
        paragraphs.append(
            f"Of {', '.join(hidden)} so few values lie above the detection limits that no median or mean can be told."
        )
    censored = [case.label for case in cases.cases if _mostly_censored(case.material.samples)]
    findings = [f"Mostly below the detection limits: {', '.join(censored)}."] if censored else []
    return Section(
        "How much was found", paragraphs, [Table("Contents in mg/kg", COLUMNS, tuple(rows))], findings=findings
    )


def _mostly_censored(samples: Samples) -> bool:
    return bool((samples.lower < samples.upper).mean() > MOSTLY)


def _row(label: str, found: Summary, highest: float) -> tuple[Cell, ...]:
    median, high = found.estimates.get("p50"), found.estimates.get("p90")
    interval = _interval(median)
    counts = (label, found.n, f"{found.censored_share:.0%}")
    return (*counts, _value(median), interval, _value(high), number(highest), found.method)


def _value(estimate: Estimate | None) -> str:
    return "" if estimate is None or estimate.value is None else number(estimate.value)


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f"{number(estimate.low)} to {number(estimate.high)}"


def number(value: float) -> str:
    """Three digits, with commas between thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
