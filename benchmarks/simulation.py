"""Joint simulation against the machine's own matrix products."""

from collections.abc import Iterator

import numpy as np

from benchmarks.line import Line, seconds
from mapping import Grid, Kriging, Nugget, Samples, Spherical

REALISATIONS = 500


def lines() -> Iterator[Line]:
    """500 realisations of 3,000 cells, the size of the Meuse map."""
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 2_400, (155, 2))
    fitted = Kriging(covariance=Nugget(0.05) + Spherical(0.6, 900.0)).fit(
        Samples.measured(xy, np.exp(rng.normal(5.5, 0.7, 155)))
    )
    cells = Grid(0.0, 2_000.0, 40.0, 50, 60, "EPSG:32631").centres()
    square, draws = np.eye(len(cells)), rng.standard_normal((len(cells), REALISATIONS))
    # A Cholesky factor takes n³/3 operations, the product with the draws 2·n²·m.
    operations = len(cells) ** 3 / 3 + 2 * len(cells) ** 2 * REALISATIONS
    rate = 2 * len(cells) ** 2 * REALISATIONS / seconds(lambda: square @ draws)
    yield Line(
        work=f"{REALISATIONS} joint realisations of {len(cells):,} cells",
        unit="maps",
        ours=REALISATIONS / seconds(lambda: fitted.simulate(cells, REALISATIONS)),
        peer="DGEMM of this machine",
        theirs=REALISATIONS / (operations / rate),
        settings="exact, by a Cholesky factor",
    )
