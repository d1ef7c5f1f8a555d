"""Global clustering: R spdep's numbers, and moments against permutations."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.hotspots import NotTestable
from mapping.moran import Assumption, Clustering, Statistic, clustering
from mapping.neighbours import Neighbours, Style

SPDEP = Path(__file__).parents[1] / "reference" / "spdep"
Vector = NDArray[np.float64]
ROWS = list(csv.DictReader((SPDEP / "spdep_global.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def table() -> NDArray[np.void]:
    read: NDArray[np.void] = np.genfromtxt(SPDEP / "input_meuse.csv", delimiter=",", names=True)
    return read


def graph_of(name: str, table: NDArray[np.void]) -> Neighbours:
    xy = np.column_stack([table["x"], table["y"]])
    return Neighbours.nearest(xy, 8) if name == "knn8" else Neighbours.within(xy, float(name.removeprefix("band")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(list(row.values())[:4]))
def test_the_global_statistics_of_spdep(row: dict[str, str], table: NDArray[np.void]) -> None:
    """With islands spdep 1.2 mixes two numbers of samples in the variance of Geary's c, with and without them."""
    style: Style = "W" if row["style"] == "W" else "B"
    graph = graph_of(row["weights"], table).styled(style)
    values = np.asarray(table[row["variable"]], dtype=float)
    values = np.log(values) if row["transform"] == "ln" else values
    random, normal = (told(graph, values, "moran", assumption) for assumption in ("randomisation", "normality"))
    geary = told(graph, values, "geary", "randomisation")
    expected = {
        "I": random.value,
        "EI": random.expected,
        "V_rand": random.variance,
        "z_rand": random.z,
        "V_norm": normal.variance,
        "z_norm": normal.z,
        "geary_C": geary.value,
        **({} if graph.islands.any() else {"geary_z": geary.z}),
    }
    for name, value in expected.items():
        assert value == pytest.approx(float(row[name]), rel=1e-9, abs=1e-12), name


def told(
    graph: Neighbours, values: Vector, statistic: Statistic, assumption: Assumption, permutations: int = 0
) -> Clustering:
    found = clustering(graph, values, statistic, assumption, permutations)
    assert isinstance(found, Clustering)
    return found


def _dense(values: Vector, weights: Vector, statistic: Statistic) -> float:
    x, n = values - values.mean(), len(values)
    pairs = np.outer(x, x) * n if statistic == "moran" else (x[:, None] - x) ** 2 * (n - 1) / 2
    return float((weights * pairs).sum() / weights.sum() / (x @ x))


@pytest.mark.parametrize("statistic", ["moran", "geary"])
@pytest.mark.parametrize("kernel", [None, "bisquare", "inverse"])
def test_moments_are_those_of_permutations(statistic: Statistic, kernel: str | None) -> None:
    rng = np.random.default_rng(5)
    places, values = rng.uniform(0, 100, (50, 2)), rng.lognormal(size=50)
    graph = Neighbours.decaying(places, 40, kernel) if kernel else Neighbours.within(places, 40)
    weights = graph.matrix().toarray()
    x = np.array([rng.permutation(values - values.mean()) for _ in range(4000)])
    products, squares = ((x @ weights) * x).sum(axis=1), x**2 @ (weights.sum(0) + weights.sum(1))
    scale = weights.sum() * (x[0] @ x[0])
    drawn = 50 * products / scale if statistic == "moran" else 49 * (squares - 2 * products) / (2 * scale)
    found = told(graph, values, statistic, "randomisation")
    assert found.value == pytest.approx(_dense(values, weights, statistic))
    assert drawn.mean() == pytest.approx(found.expected, abs=4 * drawn.std() / 4000**0.5)
    assert drawn.var() == pytest.approx(found.variance, rel=0.1)


@pytest.mark.parametrize("statistic", ["moran", "geary"])
def test_permuted_p_agrees_with_the_normal_one_and_finds_a_trend(statistic: Statistic) -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform(0, 100, (120, 2))
    graph = Neighbours.within(places, 20)
    for values in rng.normal(size=(4, 120)):
        found = told(graph, values, statistic, "randomisation", 1999)
        assert found.permuted_p == pytest.approx(found.p, abs=0.05)
    trend = told(graph, places[:, 0], statistic, "randomisation", 999)
    assert trend.permuted_p == 0.001
    assert trend.z > 5
    assert told(graph, 5 - 3 * places[:, 0], statistic, "randomisation").z == pytest.approx(trend.z)


LINE = np.column_stack([np.arange(10.0), np.zeros(10)])


@pytest.mark.parametrize(
    ("band", "values", "sentence"),
    [
        (1, [3.0] * 10, "all values are equal"),
        (0.5, list(range(10)), "0 samples with a neighbour, at least 8"),
        (50, list(range(10)), "every sample is a neighbour of every other"),
        (1, [np.nan] * 10, "10 values are not finite"),
    ],
)
def test_what_cannot_be_tested_is_said(band: float, values: list[float], sentence: str) -> None:
    answer = clustering(Neighbours.within(LINE, band), values)
    assert isinstance(answer, NotTestable)
    assert sentence in answer.reason
