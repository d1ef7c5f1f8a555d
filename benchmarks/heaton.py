"""The simulated field of Heaton et al. (2019, J. Agric. Biol. Environ. Stat. 24): 105,569 values, 44,431 to predict.

    python -m benchmarks.heaton AllSimulatedTemps.csv.gz

The covariance is fitted by Vecchia's likelihood to the training part. The kind of kriging and the number of neighbours
are chosen by their CRPS in two of ten distance-matched folds of it. The test part is looked at once, at the end.
Published RMSE: SPDE 0.86, LatticeKrig 0.87, periodic embedding 0.91, gapfill 1.00, laGP 1.11.
"""

from __future__ import annotations

import argparse
import gzip
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mapping.covariance import Covariance
from mapping.folds import Folds, matched_folds
from mapping.kriging import Kriging
from mapping.samples import Samples
from mapping.transform import Identity
from mapping.validation import Validation

Vector = NDArray[np.float64]
CANDIDATES = [(kind, neighbours) for kind in ("ordinary", "simple", "universal") for neighbours in (64, 120)]
FOLDS_TRIED, EVERY = 2, 5
SOME = 9
"""Of the places to predict, every ninth tells how far they are from the data."""


@dataclass(frozen=True)
class Part:
    """Places (n, 2) and values (n,)."""

    xy: Vector
    value: Vector

    def subset(self, chosen: NDArray[np.bool_]) -> Part:
        return Part(self.xy[chosen], self.value[chosen])


def read(path: Path) -> tuple[Part, Part]:
    """The training and the test part, as published."""
    with gzip.open(path, "rt") as file:
        table = np.genfromtxt(file, delimiter=",", names=True, missing_values="NA", filling_values=np.nan)
    xy, known = np.column_stack([table["Lon"], table["Lat"]]), ~np.isnan(table["MaskTemp"])
    return Part(xy[known], table["MaskTemp"][known]), Part(xy[~known], table["TrueTemp"][~known])


def recipe(kind: str, neighbours: int, covariance: Covariance | None = None) -> Kriging:
    return Kriging(
        Identity(),
        kind=kind,
        structures=("exponential",),
        covariance=covariance,
        neighbours=neighbours,
        fitted_by="vecchia",
    )


def predicted(given: Part, wanted: Part, how: Kriging) -> dict[str, float]:
    found = how.fit(Samples.measured(given.xy, given.value)).predict(wanted.xy)
    return Validation(wanted.value, found.mean, found.variance).scores()


def choose(training: Part, folds: Folds, covariance: Covariance) -> tuple[str, int]:
    """The kind and number of neighbours of the least CRPS, all with one covariance."""
    crps = dict.fromkeys(CANDIDATES, 0.0)
    for fold in range(FOLDS_TRIED):
        out = folds.label == fold
        left = np.zeros_like(out)
        left[np.flatnonzero(out)[::EVERY]] = True
        for candidate in CANDIDATES:
            scores = predicted(training.subset(~out), training.subset(left), recipe(*candidate, covariance))
            crps[candidate] += scores["crps"] / FOLDS_TRIED
    for (kind, neighbours), score in crps.items():
        print(f"training folds: {kind:<10} {neighbours:>4} neighbours  CRPS {score:.4f}", flush=True)
    return min(crps, key=lambda each: crps[each])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    training, test = read(parser.parse_args().data)
    first = recipe("ordinary", 64).fit(Samples.measured(training.xy, training.value))
    print(f"{len(training.xy):,} training values: {first.covariance.describe()}", flush=True)
    folds = matched_folds(training.xy, test.xy[::SOME])
    chosen = choose(training, folds, first.covariance)
    clock, processor = time.perf_counter(), time.process_time()
    scores = predicted(training, test, recipe(*chosen))
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(
        f"test, {chosen[0]} kriging from {chosen[1]} neighbours: RMSE {scores['rmse']:.4f}, CRPS {scores['crps']:.4f}, "
        f"95 % coverage {scores['coverage_95']:.4f}, fit + predict {clock:.1f} s ({processor:.1f} s of processor)"
    )


if __name__ == "__main__":
    main()
