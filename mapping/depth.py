"""Soil profiles sampled in layers of any depth, brought to standard depths by mass-preserving splines.

A layer's value is the mean over its depths. The curve through a profile is quadratic inside layers and straight between
them, its slope is continuous, and it is as flat as the layers' means, followed up to a `smoothing`, allow (Bishop,
McBratney & Laslett 1999, Geoderma 91). Means over other depths are weighted sums of the layers' values, so that
bounds stay bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mapping.arrays import Vector, read_only

SMOOTHING = 0.1
"""The usual one, depths in centimetres (Malone et al. 2009, Geoderma 154); zero keeps the mass of every layer, more
keeps the sum of the layers' means."""
STANDARD_DEPTHS = (0.0, 5.0, 15.0, 30.0, 60.0, 100.0, 200.0)
"""Of the GlobalSoilMap specifications, in centimetres."""
TOUCHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Layers of one place from the top down: depths `top` and `bottom` (n,) in centimetres, none overlapping.

    ValueError, naming the layer, for depths that are not finite, upside down, out of order or overlapping.
    """

    top: Vector
    bottom: Vector

    def __post_init__(self) -> None:
        for name in ("top", "bottom"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        if self.top.ndim != 1 or self.top.shape != self.bottom.shape or not len(self.top):
            raise ValueError(f"a profile needs one top and one bottom for each layer, got {self.top.shape}")
        bad = ~(np.isfinite(self.top) & np.isfinite(self.bottom) & (self.top < self.bottom))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ValueError(f"layer {row}: {self.top[row]:g} to {self.bottom[row]:g} cm is not a layer")
        over = self.top[1:] < self.bottom[:-1] - TOUCHING
        if over.any():
            row = int(np.flatnonzero(over)[0])
            raise ValueError(
                f"layers {row} and {row + 1} overlap or are not in order: {self.top[row]:g} to {self.bottom[row]:g} cm "
                f"and {self.top[row + 1]:g} to {self.bottom[row + 1]:g} cm"
            )

    def weights(self, depths: ArrayLike, smoothing: float = SMOOTHING) -> Vector:
        """Weights (k, n) of the layers' values in the means between depths (k + 1,) in centimetres.

        Depths that the profile does not cover from its first top to its last bottom have no mean: NaN. ValueError for
        depths that do not rise, or a negative smoothing.
        """
        edges = np.asarray(depths, dtype=np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0.0).all():
            raise ValueError(f"depths must rise, got {edges.tolist()}")
        if not (np.isfinite(smoothing) and smoothing >= 0.0):
            raise ValueError(f"smoothing must be finite and not negative, got {smoothing}")
        integral = self._integral(edges, *self._curve(smoothing))
        weights: Vector = np.diff(integral, axis=0) / np.diff(edges)[:, None]
        outside = (edges[:-1] < self.top[0] - TOUCHING) | (edges[1:] > self.bottom[-1] + TOUCHING)
        weights[outside] = np.nan
        return weights

    def _curve(self, smoothing: float) -> tuple[Vector, Vector]:
        """Per unit of each layer's value: the curve at the tops (n, n), and its slopes at tops and bottoms (n + 1, n).

        With slopes b at the boundaries, R b = 6 Q f for the layers' fitted means f, and the flatness to be kept is
        6 fᵀQᵀR⁻¹Q f, which leads to (1 + 6 n λ QᵀR⁻¹Q) f = values.
        """
        thick, gap, n = self.bottom - self.top, self.top[1:] - self.bottom[:-1], len(self.top)
        r = np.diag(2.0 * (thick[:-1] + thick[1:]) + 6.0 * gap) + np.diag(thick[1:-1], 1) + np.diag(thick[1:-1], -1)
        q = np.eye(n)[1:] - np.eye(n)[:-1]
        bent = np.linalg.solve(r, q)
        mean = np.linalg.inv(np.eye(n) + 6.0 * n * smoothing * q.T @ bent)
        slope = np.vstack([np.zeros(n), 6.0 * bent @ mean, np.zeros(n)])
        return mean - thick[:, None] * (slope[:-1] / 3.0 + slope[1:] / 6.0), slope

    def _integral(self, depth: Vector, top: Vector, slope: Vector) -> Vector:
        """The curve's integral (k, n) from the first top down to each depth (k,)."""
        total = np.zeros((len(depth), len(self.top)))
        thick = self.bottom - self.top
        for layer in range(len(self.top)):
            x = np.clip(depth - self.top[layer], 0.0, thick[layer])[:, None]
            bend = (slope[layer + 1] - slope[layer]) / (2.0 * thick[layer])
            total += x * (top[layer] + x * (slope[layer] / 2.0 + x * bend / 3.0))
            if layer + 1 < len(self.top):
                below = np.clip(depth, self.bottom[layer], self.top[layer + 1])[:, None] - self.bottom[layer]
                end = top[layer] + thick[layer] * (slope[layer] + slope[layer + 1]) / 2.0
                total += below * (end + below * slope[layer + 1] / 2.0)
        return total


def means_at_depths(
    profile: Profile, lower: ArrayLike, upper: ArrayLike, depths: ArrayLike, smoothing: float = SMOOTHING
) -> tuple[Vector, Vector]:
    """Lower and upper bounds (k,) of the means between depths (k + 1,), from those (n,) of the layers' values.

    Equal where all layers are measured; not below zero, which no content is; NaN where the profile does not reach.
    """
    weights = profile.weights(depths, smoothing)
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if low.shape != profile.top.shape or high.shape != profile.top.shape or not (low <= high).all():
        raise ValueError(f"a profile of {len(profile.top)} layers needs as many bounds, lower not above upper")
    for_, against = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
    with np.errstate(invalid="ignore"):
        least, most = _sums(for_, low) + _sums(against, high), _sums(for_, high) + _sums(against, low)
    return np.maximum(least, 0.0), np.maximum(most, 0.0)


def _sums(weights: Vector, values: Vector) -> Vector:
    """Weighted sums (k,) in which an infinite bound with no weight counts nothing."""
    terms = np.where(weights == 0.0, 0.0, weights * values)
    total: Vector = terms.sum(axis=1)
    return total
