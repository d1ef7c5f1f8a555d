"""Which contaminants rise and fall together: rank correlations that need no value below a detection limit."""

import numpy as np
from scipy.stats import rankdata

from app.work.review.cases import Case, Cases
from app.work.review.document import Figure, Section
from mapping.arrays import Vector
from mapping.panels import correlation_picture

FEWEST, STRONG, MOST_PAIRS, MOSTLY = 10, 0.7, 12, 0.5


def alike(cases: Cases) -> Section:
    """Spearman's correlation of ranks, each rank the mean of those of both bounds, on the specimens of both."""
    usable = [
        case for case in cases.cases if (case.material.samples.lower < case.material.samples.upper).mean() <= MOSTLY
    ]
    if len(usable) < 2:
        return Section(
            "Which contaminants go together",
            ["Fewer than two contaminants are measured above their limits often enough."],
        )
    names = [case.label for case in usable]
    matrix = np.array([[_correlation(one, other) for other in usable] for one in usable])
    strong = _strongest(matrix, names)
    said = (
        f"Spearman's rank correlation on the samples that two contaminants share (at least {FEWEST}); a sample "
        "known by bounds has the mean of the ranks of its bounds, and contaminants of which more than half lie below "
        "limits are left out. Contents are parts of a whole: a correlation may come from the rest of the soil, and "
        "none proves a common source."
    )
    figure = Figure(
        correlation_picture(matrix, names),
        f"Matrix of the rank correlations of {len(names)} contaminants",
        "Like beside like.",
    )
    findings = [f"Rise and fall together: {'; '.join(strong)}."] if strong else []
    return Section("Which contaminants go together", [said, *findings], figures=[figure], findings=findings[:1])


def _correlation(one: Case, other: Case) -> float:
    mine, theirs = _by_specimen(one), _by_specimen(other)
    shared = sorted(mine.keys() & theirs.keys())
    if len(shared) < FEWEST:
        return np.nan
    one_ranks, other_ranks = (_ranks(np.array([values[key] for key in shared])) for values in (mine, theirs))
    if np.ptp(one_ranks) == 0 or np.ptp(other_ranks) == 0:
        return np.nan
    return float(np.corrcoef(one_ranks, other_ranks)[0, 1])


def _by_specimen(case: Case) -> dict[int, tuple[float, float]]:
    samples = case.material.samples
    return dict(zip(case.material.rows.specimen.tolist(), zip(samples.lower, samples.upper, strict=True), strict=True))


def _ranks(bounds: Vector) -> Vector:
    return np.asarray(rankdata(bounds[:, 0]) + rankdata(bounds[:, 1]), dtype=np.float64)


def _strongest(matrix: Vector, names: list[str]) -> list[str]:
    pairs = [
        (float(matrix[one, other]), f"{names[one]} and {names[other]} ({matrix[one, other]:.2f})")
        for one in range(len(names))
        for other in range(one + 1, len(names))
        if np.isfinite(matrix[one, other]) and abs(matrix[one, other]) >= STRONG
    ]
    return [said for _, said in sorted(pairs, key=lambda pair: -abs(pair[0]))[:MOST_PAIRS]]
