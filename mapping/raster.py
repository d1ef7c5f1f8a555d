"""What a raster is computed from, and its windows, each of which can be computed by itself anywhere.

Compressed, its squares of 64 by 64 cells are counted from the origin of the coordinates, and windows meet between them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mapping.arrays import Vector
from mapping.compressed import SIDE, Checked, Compression
from mapping.estimates import Estimates
from mapping.grid import Grid
from mapping.kriging import FittedKriging
from mapping.model import Model
from mapping.prediction import Prediction
from mapping.system import GlobalSystem
from mapping.workers import in_parallel

BANDS = ("mean", "standard deviation", "Lagrange multiplier")
CELLS_AT_ONCE = 131_072
WIDEST = 2_048


@dataclass(frozen=True, slots=True)
class Window:
    """Rows and columns of a grid, from the first to before the last."""

    row: int
    last_row: int
    column: int
    last_column: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.last_row - self.row, self.last_column - self.column

    @property
    def cells(self) -> int:
        """How many."""
        return self.shape[0] * self.shape[1]

    @property
    def part(self) -> tuple[slice, slice]:
        """For indexing an array (rows, columns)."""
        return slice(self.row, self.last_row), slice(self.column, self.last_column)

    def within(self, shape: tuple[int, int]) -> Window:
        """What of it lies on a grid (rows, columns)."""
        first, last = max(self.row, 0), max(self.column, 0)
        return Window(first, min(self.last_row, shape[0]), last, min(self.last_column, shape[1]))

    def seen_from(self, other: Window) -> Window:
        """The same counted from the corner of another."""
        return Window(
            self.row - other.row, self.last_row - other.row, self.column - other.column, self.last_column - other.column
        )


@dataclass(frozen=True, eq=False)
class Raster:
    """A fitted model on a grid, the cells to be mapped and the covariates (rows, columns, k) where it needs them.

    `inside` (rows, columns) says which cells are mapped, None: all; the others have no value, nor have those where a
    covariate is not finite.
    With `compressed`, far data are compressed (`mapping.compressed`); that needs a model of all data at once.
    ValueError where the shapes differ or the model has neighbours.
    """

    fitted: Model
    grid: Grid
    inside: NDArray[np.bool_] | None = None
    covariates: Vector | None = None
    compressed: bool = False

    def __post_init__(self) -> None:
        if self.inside is not None and self.inside.shape != self.grid.shape:
            raise ValueError(f"the grid is {self.grid.shape}, the mask {self.inside.shape}")
        known = self.covariates
        if known is not None and (known.ndim != 3 or known.shape[:2] != self.grid.shape):
            raise ValueError(f"covariates need the shape ({self.grid.rows}, {self.grid.columns}, k), got {known.shape}")
        if self.compressed and not isinstance(self.fitted, FittedKriging):
            raise ValueError("only a map of one contaminant from its own samples can be compressed")
        if self.compressed and not all(isinstance(system, GlobalSystem) for system, _ in self._kriged.parts()):
            raise ValueError("only a map from all samples at once can be compressed: this one is made from neighbours")

    @property
    def _kriged(self) -> FittedKriging:
        """The model of a compressed map."""
        assert isinstance(self.fitted, FittedKriging)  # noqa: S101 - the constructor made sure
        return self.fitted

    @cached_property
    def mapped(self) -> NDArray[np.bool_]:
        """True (rows, columns) where there will be a value."""
        mapped = np.ones(self.grid.shape, dtype=bool) if self.inside is None else self.inside
        return mapped if self.covariates is None else mapped & np.isfinite(self.covariates).all(axis=2)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All of the grid, from north to south and west to east."""
        width = min(self.grid.columns, WIDEST)
        height = max(CELLS_AT_ONCE // width, 1)
        past = (0, 0)
        if self.compressed:
            height, width, past = max(height // SIDE, 1) * SIDE, WIDEST, self._past
        rows, columns = _edges(self.grid.rows, past[0], height), _edges(self.grid.columns, past[1], width)
        return tuple(Window(*row, *column) for row in rows for column in columns)

    def bands(self, window: Window) -> tuple[Vector, Checked]:
        """Mean, standard deviation and Lagrange multiplier (3, rows, columns) on the model's scale; NaN: not mapped."""
        bands = np.full((len(BANDS), *window.shape), np.nan)
        wanted = self.mapped[window.part]
        if not wanted.any():
            return bands, Checked()
        if self.compressed:
            return bands, self._compress(window, bands)
        found = self.fitted.predict(self.grid.centres_of(window.part)[wanted], self._known(window)[wanted])
        bands[:, wanted] = bands_of(found)
        return bands, Checked()

    def digest(self) -> str:
        """SHA-256 of everything that the values depend on."""
        described = [self.fitted.parameters(), asdict(self.grid), self.compressed]
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        digest.update(np.packbits(self.mapped).tobytes())
        if self.covariates is not None:
            digest.update(np.ascontiguousarray(self.covariates).tobytes())
        return digest.hexdigest()

    def _known(self, window: Window) -> Vector:
        """The covariates (rows, columns, k) of a window; zeros beyond the grid and where none are needed."""
        known = np.zeros((*window.shape, self.fitted.covariate_count))
        if self.covariates is not None:
            inner = window.within(self.grid.shape)
            known[inner.seen_from(window).part] = np.nan_to_num(self.covariates[inner.part])
        return known

    def _compress(self, window: Window, bands: Vector) -> Checked:
        """Fill the bands of a window square by square; what was checked."""
        squares = [
            Window(row, row + SIDE, column, column + SIDE)
            for row in range(window.row - (window.row + self._past[0]) % SIDE, window.last_row, SIDE)
            for column in range(window.column - (window.column + self._past[1]) % SIDE, window.last_column, SIDE)
        ]
        inner = [square.within(self.grid.shape) for square in squares]
        mapped = [square for square, part in zip(squares, inner, strict=True) if self.mapped[part.part].any()]
        checked = Checked()
        for square, (found, errors) in zip(mapped, in_parallel(self._square, mapped), strict=True):
            part = square.within(self.grid.shape)
            here, there, wanted = part.seen_from(window).part, part.seen_from(square).part, self.mapped[part.part]
            bands[(slice(None), *here)][:, wanted] = found[(slice(None), *there)][:, wanted]
            checked += errors
        return checked

    def _square(self, square: Window) -> tuple[Vector, Checked]:
        """Bands (3, 64, 64) of a square, all of it, whatever part of it is on the grid."""
        places = np.concatenate([self.grid.centres_of(square.part), self._known(square)], axis=2)
        seed = [abs(number) for number in (square.row + self._past[0], square.column + self._past[1])]
        found = [each.krige(places.reshape(SIDE * SIDE, -1), seed) for each in self._compressions]
        together = Estimates(
            np.hstack([estimates.mean for estimates, _ in found]),
            np.mean([estimates.variance for estimates, _ in found], axis=0),
            np.mean([estimates.lagrange for estimates, _ in found], axis=0),
        )
        checked = sum((errors for _, errors in found), Checked())
        return bands_of(self._kriged.predictive(together)).reshape(len(BANDS), SIDE, SIDE), checked

    @property
    def _past(self) -> tuple[int, int]:
        """How many rows and columns the corner lies past a multiple of 64 cells."""
        return round(-self.grid.north / self.grid.cell) % SIDE, round(self.grid.west / self.grid.cell) % SIDE

    @cached_property
    def _compressions(self) -> tuple[Compression, ...]:
        scale = float(self._kriged.values.std()) or 1.0
        parts = self._kriged.parts()
        return tuple(Compression(system, dual, scale) for system, dual in parts if isinstance(system, GlobalSystem))


def bands_of(prediction: Prediction) -> Vector:
    """Mean, standard deviation and Lagrange multiplier (3, …) on the model's scale."""
    return np.stack([prediction.mean, prediction.model_sd, prediction.lagrange])


def _edges(length: int, past: int, step: int) -> list[tuple[int, int]]:
    """Where windows along one side begin and end; they meet at multiples of the step, `past` cells counted in."""
    inner = range(step - past % step, length, step)
    return list(pairwise([0, *inner, length]))
