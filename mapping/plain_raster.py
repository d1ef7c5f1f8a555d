"""Maps whose cells hold plain numbers that were derived from maps or samples, not distributions of a concentration.

An index, the probability that several limits are exceeded together, a distance to the nearest sample: one float32 band
each in a cloud-optimised GeoTIFF that says how it was made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from mapping.compressed import Checked
from mapping.geotiff import PREFIX, PROVENANCE, grid_of, profile_of
from mapping.grid import Grid
from mapping.raster import Window
from mapping.workshop import workshop

QUANTITY = "EDAPHOS_QUANTITY"
BANDS = "EDAPHOS_BANDS"
CONCENTRATION = "concentration"
"""The quantity of a `Surface`, which no plain raster may claim to hold."""
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Band:
    """One number per cell: its `name` (a slug), its `unit` (UCUM: `1` for a share, `m`, `mg/kg`) and its `title`."""

    name: str
    unit: str
    title: str

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            raise ValueError(f"a band is called by a slug such as at-least-2, got {self.name!r}")
        if not self.unit or not self.title:
            raise ValueError(f"the band {self.name} needs a unit (1 for a plain number) and a title")


@dataclass(frozen=True, slots=True, eq=False)
class PlainRaster:
    """`values` (bands, rows, columns) of a `quantity` (a slug) over a grid; NaN where nothing is known.

    `provenance` holds JSON types. ValueError for another shape, bands of one name, or an infinite value.
    """

    grid: Grid
    quantity: str
    bands: tuple[Band, ...]
    values: NDArray[np.float32]
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.quantity) or self.quantity == CONCENTRATION:
            raise ValueError(
                f"a derived quantity is called by a slug other than {CONCENTRATION}, got {self.quantity!r}"
            )
        for own in ("name", "title"):
            if len({getattr(band, own) for band in self.bands}) != len(self.bands) or not self.bands:
                raise ValueError(f"a raster needs bands, each with a {own} of its own")
        if self.values.shape != (len(self.bands), *self.grid.shape):
            raise ValueError(f"{len(self.bands)} bands over {self.grid.shape} cells, got {self.values.shape}")
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float32))
        if np.isinf(self.values).any():
            raise ValueError(f"{self.quantity}: an infinite value is no value of a map")

    @classmethod
    def of_cells(
        cls,
        grid: Grid,
        quantity: str,
        bands: Sequence[Band],
        inside: NDArray[np.bool_],
        values: NDArray[Any],
        provenance: Mapping[str, Any],
    ) -> PlainRaster:
        """From values (bands, n) of the n cells that a mask (rows, columns) is true for."""
        cells = np.full((len(bands), *grid.shape), np.nan, dtype=np.float32)
        cells[:, inside] = values
        return cls(grid, quantity, tuple(bands), cells, provenance)

    def band(self, name: str) -> NDArray[np.float32]:
        """The values (rows, columns) of one band; ValueError that lists the known ones."""
        names = [band.name for band in self.bands]
        if name not in names:
            raise ValueError(f"no band is called {name!r}; known are {', '.join(names)}")
        found: NDArray[np.float32] = self.values[names.index(name)]
        return found

    def write(self, path: Path | str) -> None:
        """Write the file whole or not at all."""
        target = Path(path)
        identity = hashlib.sha256(self.values.tobytes()).hexdigest() + json.dumps(self.provenance, sort_keys=True)
        with workshop(target, identity) as shop:
            shop.prepare(profile_of(self.grid, len(self.bands)))
            shop.add(Window(0, self.grid.rows, 0, self.grid.columns), self.values, Checked())
            shop.describe({band.title: band.unit for band in self.bands}, self._tags())
            shop.publish(target)

    @classmethod
    def read(cls, path: Path | str) -> PlainRaster:
        """A raster from its file; ValueError for one that is not of this kind."""
        with rasterio.open(path) as raster:
            tags = raster.tags()
            if not {PROVENANCE, QUANTITY, BANDS} <= tags.keys():
                raise ValueError(f"{raster.name} holds no derived quantity: it lacks the tags {QUANTITY} and {BANDS}")
            bands = tuple(Band(**entry) for entry in json.loads(tags[BANDS]))
            return cls(grid_of(raster), tags[QUANTITY], bands, raster.read(), json.loads(tags[PROVENANCE]))

    def _tags(self) -> dict[str, str]:
        plain = {key: value for key, value in self.provenance.items() if isinstance(value, str | int | float)}
        described = {PREFIX + key.upper(): str(value) for key, value in plain.items()}
        bands = json.dumps([asdict(band) for band in self.bands])
        return described | {
            PROVENANCE: json.dumps(self.provenance, sort_keys=True),
            QUANTITY: self.quantity,
            BANDS: bands,
        }
