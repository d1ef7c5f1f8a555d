"""Measurements of one contaminant as arrays: what the science is fed with."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RowMapping, Select, func, select

from db.selection import Selection
from db.tables import dataset, measurement, procedure, site, specimen

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Population:
    """What must never be pooled silently: a medium, a procedure, a basis and a depth class."""

    medium: str
    digestion: str
    basis: str
    upper_depth_cm: float | None
    lower_depth_cm: float | None

    def __str__(self) -> str:
        depth = (
            "depth not stated"
            if self.upper_depth_cm is None or self.lower_depth_cm is None
            else f"{self.upper_depth_cm:g}-{self.lower_depth_cm:g} cm"
        )
        return f"{self.medium}, digestion {self.digestion}, basis {self.basis}, {depth}"


@dataclass(frozen=True, slots=True, eq=False)
class SampleRows:
    """Measurements of one contaminant, as arrays of one length; mg/kg, degrees, percent; NaN where not known."""

    contaminant: str
    specimen: NDArray[np.int64]
    code: NDArray[np.str_]
    populations: tuple[Population, ...]
    datasets: tuple[str, ...]
    private: bool
    lonlat: Floats
    as_given: Floats
    crs: NDArray[np.str_]
    lower: Floats
    upper: Floats
    uncertainty: Floats
    clay: Floats
    organic_matter: Floats
    toc: Floats
    ph: Floats
    texture: NDArray[np.str_]
    flagged: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.specimen)


@dataclass(frozen=True, slots=True, eq=False)
class LayerRows:
    """Measurements of layers: `rows` of any depth, the profile (n, 2) of each as numbers of its site and its day of
    sampling, and from which to which depth (n, 2) in centimetres it was.
    """

    rows: SampleRows
    profile: NDArray[np.int64]
    depth: Floats


_SOIL = {"clay": "clay_percent", "organic_matter": "organic_matter_percent", "toc": "toc_percent", "ph": "ph"}


def measurements(selection: Selection) -> Select[Any]:
    """The measurements of a selection, in an order that does not depend on how they were stored."""
    query = (
        select(
            specimen.c.id,
            specimen.c.code,
            specimen.c.medium,
            specimen.c.upper_depth_cm,
            specimen.c.lower_depth_cm,
            specimen.c.x_as_given,
            specimen.c.y_as_given,
            specimen.c.crs_as_given,
            func.ST_X(specimen.c.geom).label("lon"),
            func.ST_Y(specimen.c.geom).label("lat"),
            specimen.c.texture,
            *(specimen.c[column].label(name) for name, column in _SOIL.items()),
            procedure.c.digestion,
            measurement.c.basis,
            measurement.c.lower,
            measurement.c.upper,
            measurement.c.uncertainty,
            measurement.c.quality_flag,
            dataset.c.name.label("dataset"),
            dataset.c.visibility,
        )
        .select_from(measurement)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(site, site.c.id == specimen.c.site_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .join(dataset, dataset.c.id == measurement.c.dataset_id)
        .where(measurement.c.contaminant_id == selection.contaminant)
        .where(dataset.c.visibility.in_(selection.visibilities))
        .order_by(dataset.c.name, specimen.c.code, procedure.c.digestion, measurement.c.replicate)
    )
    for column, value in (
        (dataset.c.name, selection.dataset),
        (specimen.c.medium, selection.medium),
        (procedure.c.digestion, selection.digestion),
        (measurement.c.basis, selection.basis),
    ):
        if value is not None:
            query = query.where(column == value)
    if selection.depth is not None:
        query = query.where(
            specimen.c.upper_depth_cm == selection.depth[0], specimen.c.lower_depth_cm == selection.depth[1]
        )
    return query


def read_samples(connection: Connection, selection: Selection) -> SampleRows:
    """Run the question and turn its rows into arrays; `ValueError` when no contaminant is selected."""
    if selection.contaminant is None:
        raise ValueError("samples are read for one contaminant at a time")
    return sample_rows(selection.contaminant, connection.execute(measurements(selection)).mappings().all())


def read_layers(connection: Connection, selection: Selection) -> LayerRows:
    """The same whatever the depth, with where each was in the ground; without those whose depth is not stated."""
    if selection.contaminant is None:
        raise ValueError("samples are read for one contaminant at a time")
    query = measurements(replace(selection, depth=None)).add_columns(
        site.c.id.label("site"), func.coalesce(specimen.c.sampled_from, dt.date.min).label("day")
    )
    known = query.where(specimen.c.upper_depth_cm.is_not(None), specimen.c.lower_depth_cm.is_not(None))
    rows = connection.execute(known).mappings().all()
    return LayerRows(
        sample_rows(selection.contaminant, rows),
        np.array([(row["site"], row["day"].toordinal()) for row in rows], dtype=np.int64).reshape(-1, 2),
        np.array([(row["upper_depth_cm"], row["lower_depth_cm"]) for row in rows], dtype=np.float64).reshape(-1, 2),
    )


def sample_rows(contaminant: str, rows: Sequence[RowMapping]) -> SampleRows:
    """Rows of `measurements` as arrays."""

    def floats(name: str) -> Floats:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)

    def texts(name: str) -> NDArray[np.str_]:
        return np.array([row[name] or "" for row in rows], dtype=np.str_)

    populations = {
        Population(row["medium"], row["digestion"], row["basis"], row["upper_depth_cm"], row["lower_depth_cm"])
        for row in rows
    }
    return SampleRows(
        contaminant=contaminant,
        specimen=np.array([row["id"] for row in rows], dtype=np.int64),
        code=texts("code"),
        populations=tuple(sorted(populations, key=str)),
        datasets=tuple(sorted({row["dataset"] for row in rows})),
        private=any(row["visibility"] != "public" for row in rows),
        lonlat=np.column_stack([floats("lon"), floats("lat")]),
        as_given=np.column_stack([floats("x_as_given"), floats("y_as_given")]),
        crs=texts("crs_as_given"),
        lower=floats("lower"),
        upper=floats("upper"),
        uncertainty=floats("uncertainty"),
        **{name: floats(name) for name in _SOIL},
        texture=texts("texture"),
        flagged=np.array([row["quality_flag"] != "ok" for row in rows], dtype=np.bool_),
    )
