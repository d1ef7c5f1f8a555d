from .areas import AreaField
from .baselines import BASELINES
from .coexistence import JointExceedance, joint_exceedance
from .cokriged import CokrigedVariable
from .cokriging import Cokriging
from .comparison import Comparison, compare
from .cosimulation import Cosimulation, FittedCosimulation
from .covariance import STRUCTURES, Covariance, Exponential, Gaussian, Matern, Nugget, Spherical
from .crossvalidation import cross_validate
from .drift import Drift, Term
from .fields import RasterField
from .folds import Folds, blocked_folds, folds_for, matched_folds, random_folds
from .grid import Grid, default_area, mask_inside, sample_spacing
from .indicator import IndicatorKriging
from .indices import INDICES, Reference
from .kriging import FittedKriging, Kriging
from .means import simulated_means
from .methods import METHODS, method_named
from .model import Model
from .neighbourhood import Neighbourhood
from .plain_raster import Band, PlainRaster
from .prediction import Prediction
from .raster import Raster
from .samples import Samples
from .scale import ScaleToFit
from .simulation import AreaEstimate, Simulation
from .summaries import Summary, summarise
from .support import Block
from .surface import Surface, predict_grid, prediction_from_bands, read_provenance, write_surface
from .transform import BoxCox, Identity, Log, NormalScore, Transform, transform_named
from .trends import Repeated, Trends, trends_in
from .validation import Validation
from .variogram import (
    EmpiricalVariogram,
    VariogramFit,
    choose_variogram,
    empirical_variogram,
    fit_variogram,
)

__all__ = [
    "BASELINES",
    "INDICES",
    "METHODS",
    "STRUCTURES",
    "AreaEstimate",
    "AreaField",
    "Band",
    "Block",
    "BoxCox",
    "CokrigedVariable",
    "Cokriging",
    "Comparison",
    "Cosimulation",
    "Covariance",
    "Drift",
    "EmpiricalVariogram",
    "Exponential",
    "FittedCosimulation",
    "FittedKriging",
    "Folds",
    "Gaussian",
    "Grid",
    "Identity",
    "IndicatorKriging",
    "JointExceedance",
    "Kriging",
    "Log",
    "Matern",
    "Model",
    "Neighbourhood",
    "NormalScore",
    "Nugget",
    "PlainRaster",
    "Prediction",
    "Raster",
    "RasterField",
    "Reference",
    "Repeated",
    "Samples",
    "ScaleToFit",
    "Simulation",
    "Spherical",
    "Summary",
    "Surface",
    "Term",
    "Transform",
    "Trends",
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
    "joint_exceedance",
    "mask_inside",
    "matched_folds",
    "method_named",
    "predict_grid",
    "prediction_from_bands",
    "random_folds",
    "read_provenance",
    "sample_spacing",
    "simulated_means",
    "summarise",
    "transform_named",
    "trends_in",
    "write_surface",
]
