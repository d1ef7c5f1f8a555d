"""The standards that are served: one file each, one line here."""

from app.ogc import core, coverages, edr, features, limits, maps, tiles

STANDARDS = (
    core.CORE,
    features.STANDARD,
    tiles.STANDARD,
    maps.STANDARD,
    edr.STANDARD,
    coverages.STANDARD,
    limits.STANDARD,
)
