"""Surveys written by the tests, and profiles that describe them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from ingest.profile import Profile, read_profile

Write = Callable[..., Path]
Describe = Callable[..., Profile]

# the first array of all loads libraries, which takes longer than hypothesis lets one example take
settings.register_profile("edaphos", deadline=None)
settings.load_profile("edaphos")

PROFILE = """
[dataset]
name = "survey"
title = "A survey"
licence = "CC0-1.0"
provider = "the tests"

[file]
{file}

[position]
crs = "{crs}"
x = {{ column = "x" }}
y = {{ column = "y" }}

[specimen]
medium = "mineral-horizon"
{specimen}

[measurements]
unit = "mg/kg"
{measurements}

[measurements.notation]
{notation}

[measurements.columns]
{columns}
"""
DEFAULTS = {
    "crs": "EPSG:4326",
    "columns": 'zinc = "zinc"',
    "file": "",
    "specimen": "",
    "measurements": "",
    "notation": "",
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the given text or bytes."""

    def do(content: str | bytes, name: str = "survey.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return do


@pytest.fixture
def describe(write: Write) -> Describe:
    """A profile of samples in the columns x, y, zinc; other parts are TOML text."""

    def do(**parts: str) -> Profile:
        return read_profile(write(PROFILE.format(**{**DEFAULTS, **parts}), "survey.toml"))

    return do
