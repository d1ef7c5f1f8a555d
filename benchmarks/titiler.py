"""titiler as a peer: in an environment of its own, serving a copy of the raster that lies on the tiles."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import rasterio.shutil

VERSION = "2.4.0"
APP = """
from fastapi import FastAPI
from titiler.core.factory import TilerFactory

app = FastAPI()
app.include_router(TilerFactory().router)
"""
SETTINGS = {
    "GDAL_CACHEMAX": "200",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "VSI_CACHE": "TRUE",
    "GDAL_NUM_THREADS": "1",
}
"""As titiler's own guide to performance has them, where they matter for files on disk."""


def aligned(surface: Path, folder: Path) -> Path:
    """The raster as titiler is fastest with: web-optimised, its blocks and overviews those of the tiles."""
    path = folder / f"{surface.stem}-aligned.tif"
    if not path.exists():
        options = {"tiling_scheme": "GoogleMapsCompatible", "resampling": "nearest", "overview_resampling": "nearest"}
        rasterio.shutil.copy(surface, path, driver="COG", compress="deflate", **options)
    return path


@contextmanager
def titiler(folder: Path, port: int) -> Iterator[str]:
    """Its address, while the block runs; it is installed into the folder the first time."""
    python = folder / "titiler" / "bin" / "python"
    if not python.exists():
        run = [sys.executable, "-m", "venv", str(folder / "titiler")]
        subprocess.run(run, check=True)
        wanted = [f"titiler.core=={VERSION}", "uvicorn[standard]"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    (folder / "titiler_app.py").write_text(APP)
    command = [str(python), "-m", "uvicorn", "titiler_app:app", "--port", str(port), "--log-level", "warning"]
    with served(command, f"http://127.0.0.1:{port}", "/docs", folder, SETTINGS) as address:
        yield address


@contextmanager
def served(command: list[str], address: str, path: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A server as a process of its own, from its first answer on until the block ends."""
    process = subprocess.Popen(command, cwd=folder, env=environment | {"PATH": "/usr/bin:/bin:/usr/sbin"})
    try:
        _wait(process, address + path)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server at {address} ended with {process.returncode}")
        try:
            if httpx.get(address, timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the server at {address} does not answer")
