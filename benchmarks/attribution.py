"""Does the test of sources keep its promise? Shares of simulated surveys in which it finds what was planted, or not.

Run as `python -m benchmarks.attribution [surveys]`: correlated fields with half of the samples crowded around sources
that have nothing to do with them, then the same with an exponential decay of one standard deviation of the field.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.spatial.distance import cdist

from mapping.attribution import Attribution, DecayTest, model_without
from mapping.covariance import Exponential, Nugget
from mapping.samples import Samples
from mapping.transform import Identity

SURVEYS = 200
EXTENT, CROWD = 100_000.0, 5_000.0
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Design:
    """A field with a nugget and an exponential range, and a decay of that height (field standard deviations)."""

    samples: int
    sources: int
    nugget: float
    range: float
    height: float = 0.0
    reach: float = 15_000.0

    def survey(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Samples, sources and values; the decay, if any, is from the first source."""
        at = rng.uniform(0.1 * EXTENT, 0.9 * EXTENT, (self.sources, 2))
        half = self.samples // 2
        crowd = at[rng.integers(0, self.sources, half)] + rng.normal(0.0, CROWD, (half, 2))
        xy = np.vstack([crowd, rng.uniform(0.0, EXTENT, (self.samples - half, 2))])
        field = Nugget(self.nugget) + Exponential(1.0 - self.nugget, self.range)
        values = np.linalg.cholesky(field.between(xy, xy)) @ rng.standard_normal(self.samples)
        return xy, at, values + self.height * np.exp(-cdist(xy, at[:1])[:, 0] / self.reach)

    def tested(self, seed: int) -> Attribution:
        """The test of one survey."""
        xy, at, values = self.survey(np.random.default_rng(seed))
        distance = cdist(xy, at)
        model = model_without(Samples.measured(xy, values), distance, Identity())
        found = DecayTest(draws=499, seed=seed).test(model, distance)
        assert isinstance(found, Attribution)
        return found


DESIGNS = (
    Design(150, 10, 0.2, 10_000.0),
    Design(150, 5, 0.3, 5_000.0),
    Design(300, 5, 0.3, 1_000.0, height=1.0),
    Design(300, 3, 0.3, 1_000.0, height=1.0, reach=25_000.0),
)
SHARES: dict[str, Callable[[Attribution], float]] = {
    "overall p ≤ 0.05": lambda found: float(found.overall <= LEVEL),
    "p of all sources ≤ 0.05": lambda found: float(np.mean(found.p[found.tested] <= LEVEL)),
    "p of the first ≤ 0.05": lambda found: float(found.p[0] <= LEVEL),
    "the first ranks first": lambda found: float(int(np.nanargmin(found.p)) == 0),
}


def main(surveys: int) -> None:
    """Print the shares for every design."""
    table = Table("design", *SHARES, box=None, padding=(0, 2, 0, 0))
    for design in DESIGNS:
        found = [design.tested(seed) for seed in range(surveys)]
        shares = [f"{np.mean([share(one) for one in found]):.1%}" for share in SHARES.values()]
        table.add_row(str(design), *shares)
    Console(width=200).print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SURVEYS)
