"""A survey that nobody has seen before: another place, contaminant, unit and file layout for every seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# System, easting and northing of a corner inside it: both hemispheres, none of them Dutch.
PLACES = (
    ("EPSG:32733", 610_000.0, 7_500_000.0),
    ("EPSG:2193", 1_570_000.0, 5_180_000.0),
    ("EPSG:31983", 330_000.0, 7_390_000.0),
    ("EPSG:32719", 350_000.0, 6_300_000.0),
    ("EPSG:3006", 550_000.0, 6_700_000.0),
    ("EPSG:4326", 27.9, -26.2),
)
CONTAMINANTS = (("arsenic", "Arsen"), ("nickel", "Nickel"), ("chromium", "Chrom"), ("mercury", "Quecksilber"))
# Unit as written, and how many of it are one mg/kg.
UNITS = (("µg/g", 1.0), ("ppb", 1000.0), ("wt.%", 1e-4), ("g/t", 1.0))
COLUMNS = (("Rechtswert", "Hochwert", "Probe"), ("este", "norte", "muestra"), ("X coord", "Y coord", "Sample ID"))


@dataclass(frozen=True)
class Survey:
    """The files of a generated survey, and the truth behind them in mg/kg."""

    file: Path
    profile: Path
    contaminant: str
    crs: str
    lower: np.ndarray
    upper: np.ndarray
    cell: float


def generate(folder: Path, seed: int, samples: int = 120) -> Survey:
    """Write a survey of `samples` places over some two kilometres, a tenth of it below its detection limit."""
    rng = np.random.default_rng(seed)
    crs, east, north = PLACES[rng.integers(len(PLACES))]
    contaminant, title = CONTAMINANTS[rng.integers(len(CONTAMINANTS))]
    unit, per_mg = UNITS[rng.integers(len(UNITS))]
    x_name, y_name, code_name = COLUMNS[rng.integers(len(COLUMNS))]
    decimal, delimiter = ((",", ";"), (".", ","), (".", "\t"))[rng.integers(3)]
    scale = 1e-5 if crs == "EPSG:4326" else 1.0
    place = rng.uniform(0, 2_000, (samples, 2)) * scale
    middle = np.array([1_300, 700]) * scale
    plume = 2.5 * np.exp(-((place - middle) ** 2).sum(axis=1) / (2 * (350 * scale) ** 2))
    value = np.exp(1.5 + plume + rng.normal(0, 0.35, samples))
    limit = np.quantile(value, 0.1)
    censored = value < limit

    def text(number: float, digits: int) -> str:
        return f"{number:.{digits}f}".replace(".", decimal)

    lines = [delimiter.join((code_name, y_name, title, x_name))]
    for row in range(samples):
        shown = f"<{text(limit * per_mg, 12)}" if censored[row] else text(value[row] * per_mg, 12)
        y, x = text(north + place[row, 1], 6), text(east + place[row, 0], 6)
        lines.append(delimiter.join((f"P-{row + 1}", y, shown, x)))
    file = folder / f"survey-{seed}.csv"
    file.write_text("\n".join(lines) + "\n", encoding=("utf-8", "utf-16", "cp1252")[rng.integers(3)])
    profile = folder / f"survey-{seed}.toml"
    profile.write_text(
        f'''[dataset]
name = "survey-{seed}"
title = "A generated survey"
licence = "CC0-1.0"
provider = "nobody"
[position]
crs = "{crs}"
x = {{ column = "{x_name}" }}
y = {{ column = "{y_name}" }}
[specimen]
medium = "mineral-horizon"
code = {{ column = "{code_name}" }}
upper_depth_cm = 0.0
lower_depth_cm = 10.0
[measurements]
unit = "{unit}"
digestion = "aqua-regia"
instrument = "ICP-MS"
basis = "dry"
[measurements.columns]
"{title}" = "{contaminant}"
''',
        encoding="utf-8",
    )
    return Survey(
        file, profile, contaminant, crs, np.where(censored, 0.0, value), np.where(censored, limit, value), 50.0
    )
