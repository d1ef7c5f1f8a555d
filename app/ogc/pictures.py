"""Formats in which tiles and images of a surface come: pictures, and values that a client colours itself."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from app.ogc.showing import Showing
from tiles.images import GEOTIFF, NPY, PNG, Palette, geotiff, npy, palette_png
from tiles.pixels import Pixels
from tiles.raster import Where
from tiles.tile import Tile

FORMATS: Mapping[str, str] = MappingProxyType({"png": PNG, "tiff": GEOTIFF, "npy": NPY, "terrain": PNG})


def drawn(wanted: Showing, where: Where, how: str, finer: int = 0) -> bytes:
    """A tile or image in a format of `FORMATS`; no bytes where the surface is not.

    Its pixels are cut into 2 by 2 as often as `finer` says.
    """
    raster, shown = wanted.raster, wanted.shown
    if how == "png" and not wanted.averaged:
        return raster.draw(where, shown, wanted.doubt, finer)
    values = _values(wanted, where, finer)
    if np.isnan(values).all():
        return b""
    if how == "png":
        legend = raster.legend(shown)
        return palette_png(legend.classify(values), Palette(legend.colours))
    if how == "terrain":
        return raster.encoding(shown).png(values)
    if how == "npy":
        return npy(values.astype(np.float32))
    return geotiff(values[None].astype(np.float32), _pixels(where).finer(1 << finer), (wanted.title,), (shown.unit,))


def _values(wanted: Showing, where: Where, finer: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    if not wanted.averaged:
        return wanted.shown.of(wanted.raster.bands_on(where, finer), wanted.raster.transform)
    return wanted.raster.averages_of(where if finer == 0 else _pixels(where).finer(1 << finer), wanted.shown)


def _pixels(where: Where) -> Pixels:
    return Pixels.of(where) if isinstance(where, Tile) else where
