"""Maps of soil pollution from point samples: arrays in, distributions and rasters out.

>>> import numpy as np
>>> from mapping import Grid, Kriging, Log, Samples, predict_grid
>>> rng = np.random.default_rng(7)
>>> xy = rng.uniform(0.0, 1000.0, (80, 2))
>>> zinc = np.exp(5.5 + np.sin(xy[:, 0] / 200.0) + 0.2 * rng.standard_normal(80))
>>> fitted = Kriging(transform=Log()).fit(Samples.measured(xy, zinc))
>>> grid = Grid.covering((0.0, 0.0, 1000.0, 1000.0), cell=50.0, crs="EPSG:28992")
>>> probability = predict_grid(fitted, grid).exceedance(300.0)
>>> area = fitted.simulate(grid.centres(), realisations=200, seed=1).area_above(300.0, grid.cell_area)
>>> bool(abs(area.expected - probability.sum() * grid.cell_area) < 0.05 * area.expected)
True

Plots are in `mapping.plots`, which alone needs matplotlib.
"""

from mapping.baselines import BASELINES
from mapping.comparison import Comparison, compare
from mapping.covariance import STRUCTURES, Covariance, Exponential, Gaussian, Matern, Nugget, Spherical
from mapping.crossvalidation import cross_validate
from mapping.drift import Drift, Term
from mapping.fields import AreaField, RasterField
from mapping.folds import Folds, blocked_folds, folds_for, matched_folds, random_folds
from mapping.grid import Grid, default_area, mask_inside, sample_spacing
from mapping.kriging import FittedKriging, Kriging
from mapping.methods import METHODS, method_named
from mapping.neighbourhood import Neighbourhood
from mapping.prediction import Prediction
from mapping.raster import Raster
from mapping.samples import Samples
from mapping.scale import ScaleToFit
from mapping.simulation import AreaEstimate, Simulation
from mapping.support import Block
from mapping.surface import Surface, predict_grid, prediction_from_bands, read_provenance, write_surface
from mapping.transform import BoxCox, Identity, Log, NormalScore, Transform, transform_named
from mapping.validation import Validation
from mapping.variogram import (
    EmpiricalVariogram,
    VariogramFit,
    choose_variogram,
    empirical_variogram,
    fit_variogram,
)

__all__ = [
    "BASELINES",
    "METHODS",
    "STRUCTURES",
    "AreaEstimate",
    "AreaField",
    "Block",
    "BoxCox",
    "Comparison",
    "Covariance",
    "Drift",
    "EmpiricalVariogram",
    "Exponential",
    "FittedKriging",
    "Folds",
    "Gaussian",
    "Grid",
    "Identity",
    "Kriging",
    "Log",
    "Matern",
    "Neighbourhood",
    "NormalScore",
    "Nugget",
    "Prediction",
    "Raster",
    "RasterField",
    "Samples",
    "ScaleToFit",
    "Simulation",
    "Spherical",
    "Surface",
    "Term",
    "Transform",
    "Validation",
    "VariogramFit",
    "blocked_folds",
    "choose_variogram",
    "compare",
    "cross_validate",
    "default_area",
    "empirical_variogram",
    "fit_variogram",
    "folds_for",
    "mask_inside",
    "matched_folds",
    "method_named",
    "predict_grid",
    "prediction_from_bands",
    "random_folds",
    "read_provenance",
    "sample_spacing",
    "transform_named",
    "write_surface",
]
