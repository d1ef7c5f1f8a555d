"""Pollution sources as arrays: what the tests of decay with distance are fed with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, or_, select

from db.selection import Bounds
from db.tables import dataset, release, source


@dataclass(frozen=True, slots=True, eq=False)
class SourceRows:
    """Sources as columns of one length: geometries as WKB in degrees, what they release of one contaminant.

    `reports` says that the inventory lists any release of the source, `releases` that it lists the contaminant;
    `quantity_kg` is the sum over the media in the latest year that has a quantity, NaN where there is none.
    """

    id: NDArray[np.int64]
    name: tuple[str, ...]
    sector: tuple[str, ...]
    private: NDArray[np.bool_]
    geometry: tuple[bytes, ...]
    reports: NDArray[np.bool_]
    releases: NDArray[np.bool_]
    quantity_kg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)


def read_sources(
    connection: Connection, contaminant: str, visibilities: Sequence[str], bounds: Bounds | None = None
) -> SourceRows:
    """The sources that may be seen and that touch a box, in the order of their keys."""
    query = (
        select(
            source.c.id,
            source.c.name,
            source.c.sector,
            (dataset.c.visibility != "public").label("private"),
            func.ST_AsBinary(source.c.geom).label("geometry"),
            select(release.c.id).where(release.c.source_id == source.c.id).exists().label("reports"),
        )
        .join(dataset, dataset.c.id == source.c.dataset_id)
        .where(dataset.c.visibility.in_(visibilities), func.coalesce(source.c.status, "") != "deleted")
        .order_by(source.c.id)
    )
    if bounds is not None:
        query = query.where(or_(*(_touches(part) for part in bounds.parts())))
    rows = connection.execute(query).all()
    quantities = _quantities(connection, contaminant)
    keys = [int(row.id) for row in rows]
    return SourceRows(
        np.array(keys, dtype=np.int64),
        tuple(row.name for row in rows),
        tuple(row.sector for row in rows),
        np.array([row.private for row in rows], dtype=np.bool_),
        tuple(bytes(row.geometry) for row in rows),
        np.array([row.reports for row in rows], dtype=np.bool_),
        np.array([key in quantities for key in keys], dtype=np.bool_),
        np.array([quantities.get(key, np.nan) for key in keys], dtype=np.float64),
    )


def _touches(box: Bounds) -> ColumnElement[bool]:
    envelope = func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, 4326)
    return source.c.geom.op("&&", is_comparison=True)(envelope)


def _quantities(connection: Connection, contaminant: str) -> dict[int, float]:
    """By source: kilograms of its latest year with a quantity, NaN where it names the contaminant only."""
    total = func.sum(release.c.quantity_kg)
    query = (
        select(release.c.source_id, total)
        .where(release.c.contaminant_id == contaminant)
        .group_by(release.c.source_id, release.c.year)
        .order_by(release.c.source_id, total.is_(None).desc(), release.c.year.nulls_first())
    )
    found = connection.execute(query).all()
    return {int(key): np.nan if kilograms is None else float(kilograms) for key, kilograms in found}
