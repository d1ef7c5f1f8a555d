"""QGIS without a screen reads the features, in a box and by an expression, and the vector tiles."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "clients" / "qgis_reads.py"
PYTHON = "/usr/bin/python3"
"""The one that the package python3-qgis is for."""


def _has_qgis() -> bool:
    return (
        Path(PYTHON).exists()
        and subprocess.run([PYTHON, "-c", "import qgis"], check=False, capture_output=True).returncode == 0
    )


def test_qgis_reads_the_samples(live_server: str, tmp_path: Path) -> None:
    if not _has_qgis():
        pytest.skip("python3-qgis is not installed")
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [PYTHON, str(SCRIPT), live_server], capture_output=True, text=True, timeout=200, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["valid"]
    assert seen["tiles"]
    assert seen["crs"] in ("EPSG:4326", "OGC:CRS84")
    assert seen["features"] == 155
    assert 0 < seen["in the box"] < 155
    assert seen["of one name"] == 1
    assert {"specimen", "medium", "upper_depth_cm"} <= set(seen["fields"])
