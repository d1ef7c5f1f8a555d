"""Profiles sampled in layers of any depth, brought to one depth where a map asks for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from app.settings import Settings
from app.work.maps import MapRequest, make_map, rebuild
from app.work.material import gather
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile

PROFILE = """
[dataset]
name = "pits"
title = "Soil pits"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:2193"
x = { column = "x" }
y = { column = "y" }

[specimen]
code = { column = "code" }
site = { column = "site" }
medium = "mineral-horizon"
upper_depth_cm = { column = "from" }
lower_depth_cm = { column = "to" }

[measurements]
unit = "mg/kg"
digestion = "total"
basis = "dry"
columns = { lead = "lead" }
"""
ASKED = Selection(contaminant="lead", depth=(0.0, 30.0), splined=True)
LAYERS = (
    ((0, 30),),
    ((0, 10), (10, 30), (30, 60)),
    ((0, 15), (15, 50)),
    ((0, 5), (5, 20), (20, 40)),
)
SHORT = ((0, 20),)
OVERLAPPING = ((0, 20), (10, 40))


@pytest.fixture
def pits(connection: Connection, tmp_path: Path) -> np.ndarray:
    """Lead that falls with depth as 100 (1 − depth / 200) times a factor of the place: 40 pits, two useless."""
    draw = np.random.default_rng(4)
    place = draw.uniform(0, 1000, (42, 2))
    factor = np.exp(np.sin(place[:, 0] / 200) + draw.normal(0, 0.1, 42))
    lines = ["code,site,x,y,from,to,lead"]
    for pit, (x, y) in enumerate(place):
        layers = SHORT if pit == 40 else OVERLAPPING if pit == 41 else LAYERS[pit % 4]
        for number, (top, bottom) in enumerate(layers):
            content = factor[pit] * 100.0 * (1.0 - (top + bottom) / 400.0)
            text = f"<{content:.4f}" if pit == 1 and number == 2 else f"{content:.6f}"
            lines.append(f"P{pit}-{number},P{pit},{1_570_000 + x:.2f},{5_180_000 + y:.2f},{top},{bottom},{text}")
    (tmp_path / "pits.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "pits.toml").write_text(PROFILE)
    load_samples(connection, tmp_path / "pits.csv", read_profile(tmp_path / "pits.toml"))
    return factor[:40]


def test_profiles_are_brought_to_the_depth(connection: Connection, pits: np.ndarray) -> None:
    """Where the content falls as a line, its mean over 0 to 30 cm is that at 15 cm, whatever the layers."""
    material = gather(connection, ASKED)
    rows, said = material.rows, material.splined
    assert said is not None
    assert (said.profiles, said.whole, said.too_short, said.overlapping) == (40, 10, 1, 1)
    assert "40 profiles were brought to 0-30 cm" in str(said)
    assert str(material.population).endswith("0-30 cm")
    expected = dict(zip([f"P{pit}-0" for pit in range(40)], pits * 92.5, strict=True))
    assert set(rows.code.tolist()) == set(expected)
    wanted = np.array([expected[code] for code in rows.code.tolist()])
    measured = rows.lower == rows.upper
    # the spline is flat at both ends of a profile, and smoothed
    np.testing.assert_allclose(rows.upper[measured], wanted[measured], rtol=0.03)
    bounded = int(np.flatnonzero(rows.code == "P1-0")[0])
    assert not measured[bounded]
    assert rows.lower[bounded] <= 1.03 * wanted[bounded]


def test_a_map_of_splined_profiles_says_so(connection: Connection, pits: np.ndarray, tmp_path: Path) -> None:
    made = make_map(Settings(home=tmp_path / "home"), connection, MapRequest(ASKED, 100.0))
    assert "0-30 cm by splines" in made.title
    assert made.parameters["splined"]["too_short"] == 1
    assert made.parameters["model"]["samples"] == 40
    assert rebuild(connection, made).material.splined == gather(connection, ASKED).splined


def test_what_cannot_be_brought_to_a_depth_is_refused(connection: Connection, pits: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must not be pooled"):
        gather(connection, Selection(contaminant="lead"))
    with pytest.raises(ValueError, match="needs --depth"):
        gather(connection, replace(ASKED, depth=None))
    with pytest.raises(ValueError, match="no profile of lead reaches from 50 to 90 cm"):
        gather(connection, replace(ASKED, depth=(50.0, 90.0)))
    with pytest.raises(ValueError, match="no measurements of nickel with a depth"):
        gather(connection, replace(ASKED, contaminant="nickel"))
