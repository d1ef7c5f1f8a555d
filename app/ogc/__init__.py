"""The standards that are served: one file each, one line here."""

from app.ogc import (
    core,
    coverages,
    edr,
    features,
    limits,
    maps,
    matrix_sets,
    processes,
    queryables,
    records,
    styles,
    tiles,
)
from app.ogc.ows import wms, wmts

STANDARDS = (
    core.CORE,
    records.STANDARD,
    features.STANDARD,
    queryables.STANDARD,
    tiles.STANDARD,
    matrix_sets.STANDARD,
    maps.STANDARD,
    edr.STANDARD,
    coverages.STANDARD,
    styles.STANDARD,
    wmts.STANDARD,
    wms.STANDARD,
    limits.STANDARD,
    processes.STANDARD,
)
