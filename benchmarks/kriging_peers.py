"""The peers of the kriging bench, each with the model that ours has; none is found to be missing by an exception."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
NUGGET, SILL = 0.1, 1.0
GSTAT_NAMES = {"exponential": "Exp", "spherical": "Sph"}
KRIGE = """
    suppressMessages({library(sp); library(gstat)})
    given <- commandArgs(TRUE)
    known <- read.csv("known.csv"); coordinates(known) <- ~x+y
    cells <- read.csv("cells.csv"); coordinates(cells) <- ~x+y
    model <- vgm(as.numeric(given[2]), given[1], as.numeric(given[3]), as.numeric(given[4]))
    taken <- system.time(found <- krige(z ~ 1, known, cells, model, nmax = as.numeric(given[5]), debug.level = 0))
    write.csv(data.frame(found$var1.pred, found$var1.var), "found.csv", row.names = FALSE)
    cat(taken[["elapsed"]])
"""
VARIOGRAM = """
    suppressMessages({library(sp); library(gstat)})
    given <- as.numeric(commandArgs(TRUE))
    known <- read.csv("known.csv"); coordinates(known) <- ~x+y
    taken <- system.time(found <- variogram(z ~ 1, known, cutoff = given[1], width = given[1] / given[2]))
    write.csv(data.frame(found$np, found$gamma), "found.csv", row.names = FALSE)
    cat(taken[["elapsed"]])
"""


@cache
def gstat() -> str | None:
    """Its version; None, said once, where R or the package is missing."""
    found = None
    if shutil.which("Rscript"):
        asked = ["Rscript", "-e", "cat(as.character(packageVersion('gstat')))"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        found = told.stdout if told.returncode == 0 else None
    if found is None:
        print("gstat is not installed (apt-get install r-cran-gstat): left out")
    return found


@cache
def there(peer: str) -> bool:
    """Whether a Python peer is installed."""
    if find_spec(peer) is None:
        print(f"{peer} is not installed: left out")
        return False
    return True


def gstat_kriging(data: tuple[Vector, Vector], cells: Vector, model: tuple[str, float], nmax: int) -> tuple[Any, ...]:
    """Seconds of R's `krige`, means and variances at the cells."""
    name, reach = model
    given = [GSTAT_NAMES[name], *map(repr, (SILL, reach, NUGGET)), str(nmax)]
    return _run(KRIGE, data, given, cells)


def gstat_variogram(data: tuple[Vector, Vector], cutoff: float, bins: int) -> tuple[Any, ...]:
    """Seconds of R's `variogram`, pairs and semivariances."""
    return _run(VARIOGRAM, data, [repr(cutoff), str(bins)])


def _run(script: str, data: tuple[Vector, Vector], given: list[str], cells: Vector | None = None) -> tuple[Any, ...]:
    with tempfile.TemporaryDirectory() as folder:
        _save(Path(folder, "known.csv"), "x,y,z", np.column_stack(data))
        if cells is not None:
            _save(Path(folder, "cells.csv"), "x,y", cells)
        Path(folder, "script.R").write_text(script)
        command = ["Rscript", "--vanilla", "script.R", *given]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        found = np.loadtxt(Path(folder, "found.csv"), delimiter=",", skiprows=1)
    return float(told.stdout), found[:, 0], found[:, 1]


def _save(path: Path, header: str, rows: Vector) -> None:
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.17g")


def pykrige_kriging(
    data: tuple[Vector, Vector], cells: Vector, reach: float, nmax: int | None = None
) -> tuple[float, Vector, Vector]:
    """Seconds, means and variances with an exponential model: vectorised, or its loop over the nearest."""
    from pykrige.ok import OrdinaryKriging  # noqa: PLC0415

    xy, value = data
    # its exponential reaches 95 % of its sill at `range`, ours at three times it
    model = {"psill": SILL, "range": 3.0 * reach, "nugget": NUGGET}
    theirs = OrdinaryKriging(*xy.T, value, variogram_model="exponential", variogram_parameters=model)
    how: dict[str, Any] = {"backend": "vectorized"} if nmax is None else {"backend": "loop", "n_closest_points": nmax}
    theirs.execute("points", *cells[:100].T, **how)
    start = time.perf_counter()
    mean, variance = theirs.execute("points", *cells.T, **how)
    return time.perf_counter() - start, np.asarray(mean), np.asarray(variance)


def named(package: str) -> str:
    """Name and version."""
    return f"{package} {version(package)}"
