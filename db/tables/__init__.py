"""The one schema, after the terms of ISO 28258 and GloSIS: site, specimen, measurement, procedure.

Geometry of record is EPSG:4326; a stored, indexed EPSG:3857 column beside it serves the tiles. Concentrations are
intervals in mg/kg: equal bounds where something was measured, a bound where only a detection limit is known.
"""

from db.tables.columns import BASES, HOT_SPOT_KINDS, SAMPLING_DESIGNS, VISIBILITIES, metadata
from db.tables.controls import CONTROL_KINDS, control
from db.tables.keys import JOB_ACTIONS, JOB_STATES, access_key, job
from db.tables.layers import LAYER_KINDS, layer, layer_area
from db.tables.loads import dataset_version, load_under_way, row_change
from db.tables.maps import hot_spot, hot_spot_run, layer_version, surface, surface_area
from db.tables.plans import PLAN_GOALS, planned_site, sampling_plan
from db.tables.pyramid import pyramid_node, pyramid_population, pyramid_state
from db.tables.samples import dataset, measurement, site, specimen
from db.tables.sources import release, source
from db.tables.vocabularies import contaminant, guideline_value, procedure, vocabulary_state

__all__ = [
    "BASES",
    "CONTROL_KINDS",
    "HOT_SPOT_KINDS",
    "JOB_ACTIONS",
    "JOB_STATES",
    "LAYER_KINDS",
    "PLAN_GOALS",
    "SAMPLING_DESIGNS",
    "VISIBILITIES",
    "access_key",
    "contaminant",
    "control",
    "dataset",
    "dataset_version",
    "guideline_value",
    "hot_spot",
    "hot_spot_run",
    "job",
    "layer",
    "layer_area",
    "layer_version",
    "load_under_way",
    "measurement",
    "metadata",
    "planned_site",
    "procedure",
    "pyramid_node",
    "pyramid_population",
    "pyramid_state",
    "release",
    "row_change",
    "sampling_plan",
    "site",
    "source",
    "specimen",
    "surface",
    "surface_area",
    "vocabulary_state",
]
