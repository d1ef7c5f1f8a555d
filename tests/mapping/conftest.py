from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mapping.covariance import Covariance, Nugget, Spherical
from mapping.samples import Samples

REFERENCE = Path(__file__).parents[1] / "reference" / "gstat"
Table = NDArray[np.void]


@pytest.fixture(scope="session")
def gstat() -> Callable[[str], Table]:
    """A table of tests/reference/gstat by its name, as a structured array."""

    def read(name: str) -> Table:
        table: Table = np.genfromtxt(REFERENCE / f"{name}.csv", delimiter=",", names=True, dtype=None, encoding="utf8")
        return table

    return read


@pytest.fixture(scope="session")
def meuse(gstat: Callable[[str], Table]) -> Samples:
    """Zinc in mg/kg at the 155 Meuse samples."""
    table = gstat("meuse")
    return Samples.measured(np.column_stack([table["x"], table["y"]]), table["zinc"])


@pytest.fixture(scope="session")
def meuse_grid(gstat: Callable[[str], Table]) -> NDArray[np.float64]:
    """Centres (3103, 2) of gstat's Meuse grid."""
    table = gstat("meuse_ok")
    return np.column_stack([table["x"], table["y"]]).astype(float)


@pytest.fixture(scope="session")
def gstat_model(gstat: Callable[[str], Table]) -> Covariance:
    """gstat's own fit of log zinc, so that kriging is compared with equal parameters."""
    table = gstat("variogram_models")
    nugget, spherical = table[(table["set"] == "meuse") & (table["name"] == "logzinc_OK_Sph")]
    return Nugget(float(nugget["psill"])) + Spherical(float(spherical["psill"]), float(spherical["range"]))
