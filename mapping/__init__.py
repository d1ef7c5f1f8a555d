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

import lazy_loader

# The names stand in __init__.pyi, once; a module is imported with the first name of it that is used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
