"""The measured values of each population: one contaminant, one medium, procedure, basis and depth class."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from db.samples import Floats, Population
from db.selection import Selection
from db.tables import dataset, measurement, procedure, specimen


@dataclass(frozen=True, slots=True, eq=False)
class PopulationValues:
    """Bounds (n,) in mg/kg of one contaminant in one population, one for each specimen."""

    dataset: str
    contaminant: str
    population: Population
    private: bool
    lower: Floats
    upper: Floats


def read_populations(connection: Connection, selection: Selection) -> list[PopulationValues]:
    """All populations that fit a selection, by dataset and contaminant; repeated measurements are averaged."""
    kept = (
        dataset.c.name.label("dataset"),
        dataset.c.visibility,
        measurement.c.contaminant_id,
        specimen.c.medium,
        procedure.c.digestion,
        measurement.c.basis,
        specimen.c.upper_depth_cm,
        specimen.c.lower_depth_cm,
    )
    each = (
        select(*kept, func.avg(measurement.c.lower).label("lower"), func.avg(measurement.c.upper).label("upper"))
        .select_from(measurement)
        .join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .join(dataset, dataset.c.id == measurement.c.dataset_id)
        .where(dataset.c.visibility.in_(selection.visibilities))
        .group_by(specimen.c.id, *kept)
    )
    for column, value in (
        (dataset.c.name, selection.dataset),
        (measurement.c.contaminant_id, selection.contaminant),
        (specimen.c.medium, selection.medium),
        (procedure.c.digestion, selection.digestion),
        (measurement.c.basis, selection.basis),
    ):
        if value is not None:
            each = each.where(column == value)
    if selection.depth is not None:
        upper, lower = selection.depth
        each = each.where(specimen.c.upper_depth_cm == upper, specimen.c.lower_depth_cm == lower)
    one = each.subquery()
    columns = [column for column in one.c if column.name not in ("lower", "upper")]
    query = select(*columns, func.array_agg(one.c.lower).label("low"), func.array_agg(one.c.upper).label("high"))
    rows = connection.execute(query.group_by(*columns).order_by(*columns)).mappings()
    return [
        PopulationValues(
            dataset=row["dataset"],
            contaminant=row["contaminant_id"],
            population=Population(*(row[name] for name in _POPULATION)),
            private=row["visibility"] != "public",
            lower=np.array(row["low"], dtype=np.float64),
            upper=np.array(row["high"], dtype=np.float64),
        )
        for row in rows
    ]


_POPULATION = ("medium", "digestion", "basis", "upper_depth_cm", "lower_depth_cm")
