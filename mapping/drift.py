"""External drift: from fields that are known everywhere to the columns of a trend.

A number enters as it is or through a transform; a class enters as a column of zeros and ones, one for each class but
the most frequent (Hengl, Heuvelink & Rossiter 2007, section 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.areas import Field
from mapping.arrays import Vector, as_points
from mapping.grid import Grid

FEWEST = 3
"""Samples that a class needs: with fewer its effect could not even be checked by leaving one out."""
ROWS_AT_ONCE = 262_144
MOST_NUMBERS = 400_000_000

TRANSFORMS: Mapping[str, Callable[[Vector], Vector]] = {
    "none": lambda values: values,
    "sqrt": np.sqrt,
    "log": np.log,
    "log1p": np.log1p,
    "square": np.square,
}
"""What can be done to a covariate before the trend depends on it, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One field in the trend: `k` columns at each place.

    `classes` are those that the samples know, the first of them the one that the others are compared with; for a field
    of numbers there are none, and one column.
    """

    name: str
    field: Field
    transform: str = "none"
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.transform not in TRANSFORMS:
            raise ValueError(f"no transform of a drift is called {self.transform!r}; known: {', '.join(TRANSFORMS)}")
        if self.field.classes and self.transform != "none":
            raise ValueError(f"{self.name} holds classes, which have no {self.transform}")

    @property
    def k(self) -> int:
        """How many columns."""
        return max(len(self.classes) - 1, 0) if self.field.classes else 1

    def at(self, xy: ArrayLike) -> Vector:
        """The columns (n, k) at places (n, 2); NaN where the field, its transform or its class is not known."""
        if self.field.classes:
            return self._indicators(self.field.at(xy))
        with np.errstate(invalid="ignore", divide="ignore"):
            values: Vector = TRANSFORMS[self.transform](self.field.at(xy))
        values[~np.isfinite(values)] = np.nan
        return values[:, None]

    def learnt(self, xy: ArrayLike) -> tuple[Term, tuple[str, ...]]:
        """The term with the classes in which at least three samples at places (n, 2) lie, and notes on the others.

        ValueError for fewer than two such classes, between which there is nothing to compare.
        """
        if not self.field.classes:
            return self, ()
        names, counts = np.unique(self.field.at(xy), return_counts=True)
        known = [(int(count), str(name)) for name, count in zip(names, counts, strict=True) if name]
        kept = [name for count, name in sorted(known, key=lambda pair: (-pair[0], pair[1])) if count >= FEWEST]
        if len(kept) < 2:
            raise ValueError(f"{self.name} cannot be a drift: only {len(kept)} of its classes has {FEWEST} samples")
        rare = sorted(name for _, name in known if name not in kept)
        note = f"{self.name}: too few samples lie in class {', '.join(rare)} (under {FEWEST}), which is not mapped"
        return replace(self, classes=tuple(kept)), (note,) if rare else ()

    def _indicators(self, labels: NDArray[np.str_]) -> Vector:
        columns: Vector = (labels[:, None] == np.array(self.classes[1:], dtype=np.str_)).astype(np.float64)
        columns[~np.isin(labels, self.classes)] = np.nan
        return columns


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """The terms of a trend, side by side."""

    terms: tuple[Term, ...]

    def at(self, xy: ArrayLike) -> Vector:
        """Columns (n, k) at places (n, 2); NaN where a term is not known."""
        places = as_points(xy)
        return np.hstack([term.at(places) for term in self.terms])

    def on(self, grid: Grid, inside: NDArray[np.bool_]) -> Vector:
        """Columns (rows, columns, k) at the centres of the cells; NaN outside the mask and where not all are known.

        ValueError for more numbers than memory should be asked for.
        """
        width = sum(term.k for term in self.terms)
        if grid.rows * grid.columns * width > MOST_NUMBERS:
            raise ValueError(f"{grid.rows} by {grid.columns} cells with {width} covariates are too many: larger cells")
        covariates = np.full((*grid.shape, width), np.nan)
        step = max(1, ROWS_AT_ONCE // grid.columns)
        for start in range(0, grid.rows, step):
            stop = min(start + step, grid.rows)
            wanted = inside[start:stop]
            if wanted.any():
                covariates[start:stop][wanted] = self.at(grid.centres(start, stop)[wanted.ravel()])
        return covariates
