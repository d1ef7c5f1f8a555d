"""Where a raster grows until it is published whole: a folder beside its target, which outlives a killed process.

The values are written in place into a plain GeoTIFF whose layout is fixed beforehand; a journal names the windows
that are complete. Whoever makes the same raster next goes on from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.windows import Window as Cells

from mapping.compressed import Checked
from mapping.raster import Window

PREFIX = ".surface-"
CACHE_MB = 128
"""What GDAL keeps of a raster in memory; its own choice is a share of the machine's."""
COG = {
    "driver": "COG",
    "compress": "deflate",
    "predictor": "yes",
    "blocksize": 512,
    "overview_resampling": "nearest",
    "bigtiff": "if_safer",
    "num_threads": "all_cpus",
}


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder with a growing raster (`plain.tif`) and its journal."""

    folder: Path

    @property
    def _plain(self) -> Path:
        return self.folder / "plain.tif"

    @property
    def _journal(self) -> Path:
        return self.folder / "journal"

    def prepare(self, profile: Mapping[str, Any]) -> dict[Window, Checked]:
        """The windows that are complete, with what was checked in them; a new raster where there is none yet."""
        if not self._plain.exists():
            unfinished = self.folder / "new.tif"
            with rasterio.Env(GDAL_CACHEMAX=CACHE_MB), rasterio.open(unfinished, "w", **profile):
                pass
            unfinished.replace(self._plain)
        lines = self._journal.read_text().split("\n")[:-1] if self._journal.exists() else []
        # a last line that a killed process has left unfinished does not count
        self._journal.write_text("".join(line + "\n" for line in lines))
        entries = (json.loads(line) for line in lines)
        return {Window(**window): Checked(**checked) for window, checked in entries}

    def add(self, window: Window, bands: NDArray[np.float32], checked: Checked) -> None:
        """Write a window, and then into the journal that it is there."""
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB), rasterio.open(self._plain, "r+") as raster:
            raster.write(bands, window=Cells(window.column, window.row, window.shape[1], window.shape[0]))
        with self._journal.open("a") as journal:
            journal.write(json.dumps([asdict(window), asdict(checked)]) + "\n")

    def describe(self, bands: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Names and units of the bands, and the tags of the file."""
        with rasterio.open(self._plain, "r+") as raster:
            for number, (name, unit) in enumerate(bands.items(), start=1):
                raster.set_band_description(number, name)
                raster.set_band_unit(number, unit)
            raster.update_tags(**tags)

    def publish(self, path: Path) -> None:
        """As a cloud-optimised GeoTIFF, which takes the place of what was at the path."""
        finished = self.folder / "finished.tif"
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
            rasterio.shutil.copy(self._plain, finished, **COG)
        finished.replace(path)


@contextmanager
def workshop(path: Path, identity: str) -> Iterator[Workshop]:
    """The workshop of a raster at a path; `identity` is everything that its bytes depend on.

    It is gone afterwards, unless the process is killed. Where another process is making the same raster, a workshop
    of one's own.
    """
    name = hashlib.sha256(f"{path.name} {identity}".encode()).hexdigest()[:16]
    folder = path.parent / f"{PREFIX}{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        if not _locked(lock.fileno()):
            with tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent) as own:
                yield Workshop(Path(own))
            return
        try:
            yield Workshop(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours, and its folder was not taken away by who held it before."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0
