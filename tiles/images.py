"""Bytes of images: classes in their colours, and values that a client colours by itself."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import ImageColor
from rasterio.io import MemoryFile

from tiles.pixels import DEGREES, Pixels

PNG, GEOTIFF, NPY = "image/png", "image/tiff; application=geotiff", "application/x-npy"
FAST = 1
"""Of zlib: higher levels take three times as long for a tenth fewer bytes."""

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours with their opacity (0 to 255); number 0 is transparent."""

    colours: tuple[str, ...]
    opacities: tuple[int, ...] = ()

    def chunks(self) -> bytes:
        """As PNG has them."""
        parts = [(0, 0, 0), *(ImageColor.getrgb(colour)[:3] for colour in self.colours)]
        opacities = self.opacities or (255,) * len(self.colours)
        palette = bytes(part for colour in parts for part in colour)
        return _chunk(b"PLTE", palette) + _chunk(b"tRNS", bytes((0, *opacities)))


def palette_png(numbers: Bytes, palette: Palette) -> bytes:
    """Numbers (rows, columns) of the palette's colours as PNG, with four bits a pixel where that is enough."""
    rows, columns = numbers.shape
    depth = 4 if len(palette.colours) < 16 else 8
    if depth == 4:
        even = numbers if columns % 2 == 0 else np.pad(numbers, ((0, 0), (0, 1)))
        numbers = ((even[:, ::2] << 4) | even[:, 1::2]).astype(np.uint8)
    return _png(numbers, columns, rows, depth, 3, palette.chunks())


def colour_png(image: Bytes) -> bytes:
    """Red, green, blue and opacity (rows, columns, 4) as PNG."""
    rows, columns, parts = image.shape
    return _png(image.reshape(rows, columns * parts), columns, rows, 8, 6, b"")


def _png(packed: Bytes, columns: int, rows: int, depth: int, kind: int, chunks: bytes) -> bytes:
    """ISO 15948, every row without a filter, which classes do not profit from."""
    raw = np.zeros((rows, packed.shape[1] + 1), np.uint8)
    raw[:, 1:] = packed
    header = struct.pack(">IIBBBBB", columns, rows, depth, kind, 0, 0, 0)
    pixels = _chunk(b"IDAT", zlib.compress(raw.tobytes(), FAST))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + chunks + pixels + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@dataclass(frozen=True, slots=True)
class Encoding:
    """Values as the 24 bits of red, green and blue: value = (65536·red + 256·green + blue)·`step` + `base`."""

    step: float
    base: float = 0.0

    @classmethod
    def holding(cls, low: float, high: float) -> "Encoding":
        """The finest of the steps 2ⁿ/1000 with room for twice the range; what lies beyond gets the last value."""
        base = 0.0 if low >= 0.0 else -(2.0 ** np.ceil(np.log2(-2.0 * low)))
        room = max(2.0 * high - base, 1e-3)
        return cls(float(2.0 ** np.ceil(np.log2(room * 1000.0 / (1 << 24))) / 1000.0), float(base))

    def png(self, values: Floats) -> bytes:
        """Values (rows, columns) as PNG, transparent where there are none."""
        known = np.isfinite(values)
        code = np.zeros(values.shape, np.uint32)
        code[known] = np.clip(np.round((values[known] - self.base) / self.step), 0, (1 << 24) - 1)
        parts = [code >> 16, (code >> 8) & 255, code & 255, np.where(known, 255, 0)]
        return colour_png(np.stack(parts, axis=-1).astype(np.uint8))

    def document(self) -> dict[str, float | str]:
        """As the source of a style of MapLibre takes it: `encoding: custom`."""
        factors = {"redFactor": 65536 * self.step, "greenFactor": 256 * self.step, "blueFactor": self.step}
        return {"encoding": "custom", **factors, "baseShift": -self.base}


def npy(values: NDArray[np.float32]) -> bytes:
    """NumPy's own format."""
    file = BytesIO()
    np.save(file, values)
    return file.getvalue()


def _gdal_name(crs: str) -> str:
    """GeoTIFF has no code for degrees with the longitude first: rasters are read in that order anyway."""
    return "EPSG:4326" if crs == DEGREES else crs


def geotiff(values: NDArray[np.float32], pixels: Pixels, names: tuple[str, ...], units: tuple[str, ...]) -> bytes:
    """Bands (bands, rows, columns) as a cloud-optimised GeoTIFF, or a plain one where it is a single tile."""
    transform = Affine(pixels.across, 0.0, pixels.west, 0.0, -pixels.down, pixels.north)
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "nodata": np.nan,
        "count": len(values),
        "crs": _gdal_name(pixels.crs),
    }
    small = max(pixels.shape) <= 512
    with MemoryFile() as memory:
        with memory.open(
            **profile, width=pixels.columns, height=pixels.rows, transform=transform, compress="deflate", zlevel=1
        ) as file:
            file.write(values)
            file.descriptions, file.units = names, units
        if small:
            return bytes(memory.read())
        with memory.open() as plain, MemoryFile() as other:
            options = {"compress": "deflate", "level": 1, "overview_resampling": "nearest"}
            rasterio.shutil.copy(plain, other.name, driver="COG", **options)
            return bytes(other.read())
