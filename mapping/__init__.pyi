from .anomalies import LocalBackground
from .areas import AreaField
from .attribution import Attribution, DecayTest, model_without
from .baselines import BASELINES
from .belonging import HotSpotRule
from .coexistence import JointExceedance, joint_exceedance
from .cokriged import CokrigedVariable
from .cokriging import Cokriging
from .comparison import Comparison, compare
from .composition import Fingerprints, LogRatioComponents
from .cosimulation import Cosimulation, FittedCosimulation
from .covariance import STRUCTURES, Covariance, Exponential, Gaussian, Matern, Nugget, Spherical
from .crossvalidation import cross_validate
from .decay import DecayCurve, decay_curve
from .drift import Drift, Term
from .fields import RasterField
from .folds import Folds, blocked_folds, folds_for, matched_folds, random_folds
from .gaps import Gaps, find_gaps
from .grid import Grid, default_area, mask_inside, sample_spacing
from .hotspots import GetisOrd, HotSpots, LocalMoran, NotTestable
from .indicator import IndicatorKriging
from .indices import INDICES, Reference
from .kriging import FittedKriging, Kriging
from .means import simulated_means
from .methods import METHODS, method_named
from .model import Model
from .moran import clustering
from .neighbourhood import Neighbourhood
from .neighbours import Neighbours
from .plain_raster import Band, PlainRaster
from .planning import Planner, SamplingPlan
from .prediction import Prediction
from .profile import scale_profile
from .raster import Raster
from .samples import Samples
from .scale import ScaleToFit
from .scan import bernoulli_scan
from .simulation import AreaEstimate, Simulation
from .streamed import Streamed
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
    "Attribution",
    "Band",
    "Block",
    "BoxCox",
    "CokrigedVariable",
    "Cokriging",
    "Comparison",
    "Cosimulation",
    "Covariance",
    "DecayCurve",
    "DecayTest",
    "Drift",
    "EmpiricalVariogram",
    "Exponential",
    "Fingerprints",
    "FittedCosimulation",
    "FittedKriging",
    "Folds",
    "Gaps",
    "Gaussian",
    "GetisOrd",
    "Grid",
    "HotSpotRule",
    "HotSpots",
    "Identity",
    "IndicatorKriging",
    "JointExceedance",
    "Kriging",
    "LocalBackground",
    "LocalMoran",
    "Log",
    "LogRatioComponents",
    "Matern",
    "Model",
    "Neighbourhood",
    "Neighbours",
    "NormalScore",
    "NotTestable",
    "Nugget",
    "PlainRaster",
    "Planner",
    "Prediction",
    "Raster",
    "RasterField",
    "Reference",
    "Repeated",
    "Samples",
    "SamplingPlan",
    "ScaleToFit",
    "Simulation",
    "Spherical",
    "Streamed",
    "Summary",
    "Surface",
    "Term",
    "Transform",
    "Trends",
    "Validation",
    "VariogramFit",
    "bernoulli_scan",
    "blocked_folds",
    "choose_variogram",
    "clustering",
    "compare",
    "cross_validate",
    "decay_curve",
    "default_area",
    "empirical_variogram",
    "find_gaps",
    "fit_variogram",
    "folds_for",
    "joint_exceedance",
    "mask_inside",
    "matched_folds",
    "method_named",
    "model_without",
    "predict_grid",
    "prediction_from_bands",
    "random_folds",
    "read_provenance",
    "sample_spacing",
    "scale_profile",
    "simulated_means",
    "summarise",
    "transform_named",
    "trends_in",
    "write_surface",
]
