"""Rows and rasters into tile bytes."""
