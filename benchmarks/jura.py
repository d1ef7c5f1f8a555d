"""The Jura protocol: `python -m benchmarks.jura TRAINING VALIDATION [PREDICTIONS]`, both files in gstat's columns.

The method for each metal is chosen by leaving out one sample after the other of the training file, by the continuous
ranked probability score in mg/kg; the validation file is looked at once, afterwards. Two questions are answered: the
other metals are known where a metal is asked for, or they are not (rock and land use are, from a map).
Data: Atteia, Dubois & Webster 1994, Environmental Pollution 86; Goovaerts 1997, Geostatistics for Natural Resources
Evaluation. `PREDICTIONS` gets a row per sample and metal, for a comparison in pairs with another program.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from mapping.cokriging import Cokriging
from mapping.kriging import Kriging
from mapping.prediction import Prediction
from mapping.samples import Samples
from mapping.transform import transform_named
from mapping.validation import Validation

Floats = NDArray[np.float64]
METALS = ("Cd", "Cu", "Pb", "Co", "Cr", "Ni", "Zn")
CLASSES = ("Rock", "Landuse")
STRUCTURES = ("spherical", "exponential")
LEVELS = np.arange(1, 200) / 200.0
MEANWHILE = {"with the other metals": True, "without them": False}


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """One file: places (n, 2) in metres, metals in mg/kg, classes as text."""

    xy: Floats
    metals: Mapping[str, Floats]
    classes: Mapping[str, NDArray[np.str_]]

    @classmethod
    def read(cls, file: Path) -> Survey:
        """From a CSV with the columns Xloc, Yloc (km), Rock, Landuse and the seven metals."""
        with file.open(newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        column = {name: np.array([float(row[name]) for row in rows]) for name in (*METALS, "Xloc", "Yloc")}
        classes = {name: np.array([row[name] for row in rows]) for name in CLASSES}
        xy = 1000.0 * np.column_stack([column.pop("Xloc"), column.pop("Yloc")])
        return cls(xy, column, classes)

    def samples(self, metal: str, covariates: Floats | None = None) -> Samples:
        """One metal."""
        return Samples.measured(self.xy, self.metals[metal], covariates=covariates)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Predictions of the training data, each from the others, and the model to ask elsewhere."""

    left_out: Prediction
    ask: Callable[[Survey], Prediction]

    @classmethod
    def of(cls, scores: Validation, transform: str, ask: Callable[[Survey], Prediction]) -> Found:
        """From what leaving one out gave."""
        nothing = np.zeros_like(scores.variance)
        return cls(Prediction(scores.predicted, scores.variance, nothing, transform_named(transform)), ask)


Fit = Callable[[Survey, str], Found]


def kriging(transform: str, drift: Sequence[str], fitted_by: str = "auto") -> Fit:
    """Kriging of one metal, with a drift of `classes` and the logarithms of the other `metals`, or none."""
    kind = "universal" if drift else "ordinary"
    recipe = Kriging(transform_named(transform), kind=kind, structures=STRUCTURES, fitted_by=fitted_by)

    def fit(training: Survey, metal: str) -> Found:
        def covariates(survey: Survey) -> Floats | None:
            columns = {"classes": lambda: _dummies(survey, training), "metals": lambda: _log_metals(survey, metal)}
            return np.hstack([columns[name]() for name in drift]) if drift else None

        fitted = recipe.fit(training.samples(metal, covariates(training)))
        return Found.of(fitted.leave_one_out(), transform, lambda other: fitted.predict(other.xy, covariates(other)))

    return fit


def cokriging(transform: str, nested: int) -> Fit:
    """Cokriging of all metals, those besides the one asked for being known wherever it is asked for."""
    recipe = Cokriging(transform_named(transform), structures=("spherical",), nested=nested)

    def fit(training: Survey, metal: str) -> Found:
        own = recipe.fit({name: training.samples(name) for name in METALS})

        def ask(other: Survey) -> Prediction:
            both = np.vstack([training.xy, other.xy])
            known = {
                name: Samples.measured(both, np.concatenate([training.metals[name], other.metals[name]]))
                for name in METALS
                if name != metal
            }
            again = Cokriging(recipe.transform, model=own.model)
            return again.fit({metal: training.samples(metal), **known}).predict(other.xy, metal)

        return Found.of(own.leave_one_out(metal, whole_places=False), transform, ask)

    return fit


CANDIDATES: dict[str, tuple[bool, Fit]] = {
    **{
        f"ordinary, {transform}, {by}": (False, kriging(transform, (), by))
        for transform in ("log", "identity")
        for by in ("wls", "reml")
    },
    **{
        f"drift of classes, {transform}": (False, kriging(transform, ("classes",))) for transform in ("log", "identity")
    },
    **{f"drift of metals, {transform}": (True, kriging(transform, ("metals",))) for transform in ("log", "identity")},
    **{
        f"drift of metals and classes, {transform}": (True, kriging(transform, ("metals", "classes")))
        for transform in ("log", "identity")
    },
    **{f"cokriging, log, {nested} nested": (True, cokriging("log", nested)) for nested in (1, 2)},
}
"""By name: whether the other metals must be known, and how it is fitted."""


def _dummies(survey: Survey, like: Survey) -> Floats:
    """One column for each class but the commonest; a class that the training data lack counts as that."""
    columns = []
    for name in CLASSES:
        classes, counts = np.unique(like.classes[name], return_counts=True)
        columns += [survey.classes[name] == each for each in classes[np.argsort(-counts)][1:]]
    return np.column_stack(columns).astype(np.float64)


def _log_metals(survey: Survey, besides: str) -> Floats:
    return np.log(np.column_stack([survey.metals[name] for name in METALS if name != besides]))


def crps(prediction: Prediction, truth: Floats) -> Floats:
    """Continuous ranked probability scores (n,) in mg/kg: twice the mean quantile score (Laio & Tamea 2007)."""
    quantiles = np.array([prediction.quantile(level) for level in LEVELS])
    below = truth[None, :] < quantiles
    score: Floats = 2.0 * ((below - LEVELS[:, None]) * (quantiles - truth[None, :])).mean(axis=0)
    return score


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The method chosen for one metal, what it scored in the training data, and its predictions of the others."""

    metal: str
    method: str
    training: float
    prediction: Prediction
    truth: Floats

    @property
    def covered(self) -> float:
        """The share of truths inside the central 95 % intervals."""
        low, high = self.prediction.quantile(0.025), self.prediction.quantile(0.975)
        return float(((low <= self.truth) & (self.truth <= high)).mean())


def answers(training: Survey, validation: Survey, *, metals_known: bool) -> Iterator[Answer]:
    """Choose for each metal by the training data, then predict."""
    usable = {name: fit for name, (needs, fit) in CANDIDATES.items() if metals_known or not needs}
    for metal in METALS:
        found = {name: fit(training, metal) for name, fit in usable.items()}
        scores = {name: float(crps(each.left_out, training.metals[metal]).mean()) for name, each in found.items()}
        best = min(scores, key=lambda name: scores[name])
        yield Answer(metal, best, scores[best], found[best].ask(validation), validation.metals[metal])


def main(arguments: list[str]) -> int:
    """Print the table; write the predictions where a third file is named."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: python -m benchmarks.jura TRAINING VALIDATION [PREDICTIONS]\n")
        return 2
    training, validation = (Survey.read(Path(name)) for name in arguments[:2])
    table = Table("asked", "metal", "method", "CRPS, training", "MAE", "CRPS", "95 % hold", box=None)
    rows: list[tuple[str, ...]] = [("asked", "sample", "metal", "method", "truth", "median", "q025", "q975", "crps")]
    for asked, known in MEANWHILE.items():
        for answer in answers(training, validation, metals_known=known):
            made, truth = answer.prediction, answer.truth
            median, score = made.median(), crps(made, truth)
            figures = (answer.training, np.abs(median - truth).mean(), score.mean())
            table.add_row(
                asked, answer.metal, answer.method, *(f"{each:.3f}" for each in figures), f"{answer.covered:.2f}"
            )
            columns = zip(truth, median, made.quantile(0.025), made.quantile(0.975), score, strict=True)
            rows += [
                (asked, str(number), answer.metal, answer.method, *map(str, row)) for number, row in enumerate(columns)
            ]
    Console(width=140).print(table)
    if len(arguments) == 3:
        with Path(arguments[2]).open("w", newline="", encoding="utf-8") as text:
            csv.writer(text).writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
