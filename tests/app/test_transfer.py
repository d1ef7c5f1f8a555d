"""Results of one digestion carried over to another: only when asked for, with their error, and said wherever seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from app.settings import Settings
from app.work.maps import MapRequest, make_map, rebuild
from app.work.material import gather, selection_from
from app.work.transfer import read_with_transfer
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile

PROFILE = """
[dataset]
name = "both"
title = "Two digestions"
licence = "CC0-1.0"
provider = "the tests"

[position]
crs = "EPSG:2193"
x = { column = "x" }
y = { column = "y" }

[specimen]
code = { column = "code" }
medium = "mineral-horizon"

[measurements]
unit = "mg/kg"

[measurements.columns]
ar = { contaminant = "lead", digestion = "aqua-regia" }
hf = { contaminant = "lead", digestion = "total" }
"""
ASKED = Selection(contaminant="lead", digestion="total", transfer_from="aqua-regia")
BOTH, AQUA_REGIA = 40, 60


@pytest.fixture
def lead(connection: Connection, tmp_path: Path) -> np.ndarray:
    """Lead of which aqua regia dissolves two thirds: measured both ways in forty specimens, by it alone in sixty."""
    draw = np.random.default_rng(12)
    place = draw.uniform(0, 1000, (BOTH + AQUA_REGIA, 2))
    total = np.exp(3.5 + np.sin(place[:, 0] / 200) + draw.normal(0, 0.2, len(place)))
    lines = ["code,x,y,ar,hf"]
    for row, content in enumerate(total):
        x, y = 1_570_000 + place[row, 0], 5_180_000 + place[row, 1]
        own = content * np.exp(draw.normal(0, 0.05)) if row < BOTH else None
        by_aqua_regia = content / 1.5 * np.exp(draw.normal(0, 0.05))
        text = f"<{by_aqua_regia:.4f}" if row == len(total) - 1 else f"{by_aqua_regia:.4f}"
        lines.append(f"S{row:03},{x:.2f},{y:.2f},{text},{'' if own is None else f'{own:.4f}'}")
    (tmp_path / "both.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "both.toml").write_text(PROFILE)
    load_samples(connection, tmp_path / "both.csv", read_profile(tmp_path / "both.toml"))
    return np.asarray(total)


def test_nothing_is_carried_over_unasked(connection: Connection, lead: np.ndarray) -> None:
    assert len(gather(connection, replace(ASKED, transfer_from=None)).rows) == BOTH
    with pytest.raises(ValueError, match="must not be pooled"):
        gather(connection, Selection(contaminant="lead"))


def test_results_are_carried_over_with_their_error(connection: Connection, lead: np.ndarray) -> None:
    rows, transfer = read_with_transfer(connection, ASKED)
    assert transfer is not None
    assert (len(rows), transfer.carried, transfer.function.pairs) == (BOTH + AQUA_REGIA, AQUA_REGIA, BOTH)
    order = np.argsort(rows.code)
    measured = np.arange(len(lead)) < len(lead) - 1
    assert np.log(rows.upper[order] / lead)[measured].std() == pytest.approx(0.06, abs=0.03)
    assert np.isnan(rows.uncertainty[order][:BOTH]).all()
    assert (rows.uncertainty[order][BOTH:-1] / rows.upper[order][BOTH:-1] > 0.04).all()
    assert (rows.lower[order][-1], rows.upper[order][-1] > 0) == (0.0, True)
    assert {population.digestion for population in rows.populations} == {"total"}


def test_a_map_says_what_was_carried_over_and_can_be_rebuilt(
    connection: Connection, lead: np.ndarray, tmp_path: Path
) -> None:
    made = make_map(Settings(home=tmp_path / "home"), connection, MapRequest(ASKED, 100.0))
    assert "aqua-regia carried over to total" in made.title
    assert made.parameters["transfer"]["carried"] == AQUA_REGIA
    assert "60 results by aqua-regia were carried over to total" in made.parameters["transfer"]["says"]
    assert selection_from(made.parameters) == ASKED
    material = rebuild(connection, made).material
    assert material.samples.digest() == made.parameters["samples_sha256"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (replace(ASKED, digestion=None), "needs the digestion to carry to"),
        (replace(ASKED, transfer_from="total"), "needs the digestion to carry to"),
        (replace(ASKED, transfer_from="nitric"), "no measurements of lead by nitric"),
        (replace(ASKED, digestion="nitric"), "cannot be carried over from aqua-regia to nitric: .* needs 10 specimens"),
    ],
)
def test_what_cannot_be_carried_over_says_why(
    connection: Connection, lead: np.ndarray, asked: Selection, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        read_with_transfer(connection, asked)
