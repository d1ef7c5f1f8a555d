"""Counts and histograms of points in the cells of tiles, built once per dataset and read by every low zoom."""
