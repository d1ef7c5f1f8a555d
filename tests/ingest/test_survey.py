"""A survey that is made up afresh each time: another place, unit, layout of the file and set of columns than Meuse."""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyproj import Transformer
from sqlalchemy import Connection, func, select

from db.tables import measurement, specimen
from ingest.load import load_samples
from ingest.profile import Profile, read_profile

Write = Callable[..., Path]

# system, the box of longitudes and latitudes in which it is used, all on the southern hemisphere
PLACES = {
    "EPSG:32756": (150.2, -36.0, 152.8, -31.0),
    "EPSG:2193": (168.5, -45.5, 175.5, -38.0),
    "EPSG:31983": (-47.5, -23.5, -42.5, -20.0),
    "EPSG:32734": (18.2, -34.0, 23.8, -27.0),
}
UNITS = {"µg/kg": 0.001, "ppb": 0.001, "g/t": 1.0, "g/kg": 1000.0, "%": 10_000.0}
CONTAMINANTS = {
    "nickel": "Ni",
    "arsenic": "As",
    "mercury": "Quecksilber",
    "chromium": "7440-47-3",
    "vanadium": "vanadium",
}
EXTRA = ("bemerkung", "Höhe m", "crew", "pH (H2O)")


@dataclass(frozen=True)
class Survey:
    """What a made-up survey measured: for each row the position in degrees and the bounds in mg/kg."""

    text: str
    profile: str
    contaminant: str
    places: dict[str, tuple[float, float]]
    bounds: dict[str, tuple[float, float]]


PROFILE = """
[dataset]
name = "generated"
title = "A generated survey"
licence = "CC0-1.0"
provider = "the tests"

[file]
delimiter = "{delimiter}"

[position]
crs = "{crs}"
x = {{ column = "{x}" }}
y = {{ column = "{y}" }}

[specimen]
code = {{ column = "{code}" }}
medium = "o-horizon"

[measurements]
digestion = "aqua-regia"
basis = "dry"

[measurements.columns]
"{column}" = {{ contaminant = "{label}", unit = "{unit}" }}
"""


def make_up(seed: int) -> Survey:
    """A survey of 40 to 120 rows, decided by a seed alone."""
    draw = random.Random(seed)  # noqa: S311 (nothing secret here)
    crs, box = draw.choice(sorted(PLACES.items()))
    contaminant, label = draw.choice(sorted(CONTAMINANTS.items()))
    unit, factor = draw.choice(sorted(UNITS.items()))
    decimal = draw.choice(",.")
    names = draw.sample(["Rechtswert", "norte", "E_GDA", "probe", "Gehalt 1", "résultat", "lab no"], 4)
    columns = [*names, *EXTRA]
    draw.shuffle(columns)
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    rows, places, bounds = [], {}, {}
    for number in range(draw.randint(40, 120)):
        code = f"S-{number:03d}"
        place = (draw.uniform(box[0], box[2]), draw.uniform(box[1], box[3]))
        x, y = to_crs.transform(*place)
        content = min(round(draw.lognormvariate(3, 1), 3), 95.0)  # more than 100 % of soil would be refused
        sign = draw.choice(["", "", "", "", "<", "< ", ">"])
        low, high = {"<": (0.0, content), ">": (content, float("inf"))}.get(sign.strip(), (content, content))
        places[code], bounds[code] = place, (low * factor, high * factor)
        cells = dict(zip(names, (f"{x:.3f}", f"{y:.3f}", code, f"{sign}{content:.3f}"), strict=True))
        cells |= {name: draw.choice(["", "n/a", "Ünö"]) for name in EXTRA}
        rows.append([cell if name == names[2] else cell.replace(".", decimal) for name, cell in cells.items()])
        order = list(cells)
    lines = [";".join(dict(zip(order, row, strict=True))[name] for name in columns) for row in rows]
    profile = PROFILE.format(
        delimiter=";", crs=crs, x=names[0], y=names[1], code=names[2], column=names[3], label=label, unit=unit
    )
    return Survey("\n".join([";".join(columns), *lines]) + "\n", profile, contaminant, places, bounds)


@pytest.fixture
def survey() -> Survey:
    seed = secrets.randbits(32)
    print(f"the survey's seed is {seed}")
    return make_up(seed)


def load(connection: Connection, write: Write, survey: Survey, encoding: str) -> Any:
    profile: Profile = read_profile(write(survey.profile, "generated.toml"))
    return load_samples(connection, write(survey.text, "generated.csv", encoding), profile)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_survey_never_seen_before(connection: Connection, write: Write, survey: Survey, encoding: str) -> None:
    report = load(connection, write, survey, encoding)
    count = len(survey.places)
    assert (report.rows_in, report.loaded, report.rejected, report.duplicates) == (count, count, 0, 0)
    assert report.measurements == {survey.contaminant: count}
    rows = connection.execute(
        select(
            specimen.c.code,
            func.ST_X(specimen.c.geom).label("longitude"),
            func.ST_Y(specimen.c.geom).label("latitude"),
            measurement.c.lower,
            measurement.c.upper,
        ).join(measurement, measurement.c.specimen_id == specimen.c.id)
    ).all()
    assert {row.code for row in rows} == set(survey.places)
    for row in rows:
        assert (row.longitude, row.latitude) == pytest.approx(survey.places[row.code], abs=1e-6)
        assert (row.lower, row.upper) == pytest.approx(survey.bounds[row.code], rel=1e-12)
