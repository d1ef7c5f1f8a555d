"""Layers: rasters and polygons that are known everywhere, checked, stored and kept by name."""
