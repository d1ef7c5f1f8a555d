"""The standards that are served: one file each, one line here."""

from app.ogc import core, coverages, edr, features, limits, maps, matrix_sets, processes, queryables, tiles

STANDARDS = (
    core.CORE,
    features.STANDARD,
    queryables.STANDARD,
    tiles.STANDARD,
    matrix_sets.STANDARD,
    maps.STANDARD,
    edr.STANDARD,
    coverages.STANDARD,
    limits.STANDARD,
    processes.STANDARD,
)
