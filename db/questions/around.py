"""Measurements and sites in and around a shape: what Environmental Data Retrieval and the nearest samples ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from db.mercator import in_mercator
from db.questions.layer import visible
from db.selection import Bounds, Selection
from db.tables import dataset, measurement, procedure, site, specimen


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape in degrees as well-known text, the box around it, and how far off it places still count, in metres."""

    wkt: str
    box: Bounds
    within_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which measurements: of some contaminants or all, in a shape or of a site, between two depths in centimetres."""

    selection: Selection
    contaminants: tuple[str, ...] | None = None
    shape: Shape | None = None
    site: int | None = None
    depth: tuple[float, float] | None = None


_DATES = (specimen.c.sampled_from, func.coalesce(specimen.c.sampled_to, specimen.c.sampled_from))


def measured(wanted: Wanted, *, most: int) -> Select[Any]:
    """At most `most` measurements, by site, day, depth and contaminant."""
    query = (
        select(
            site.c.id.label("site_id"),
            site.c.code.label("site"),
            dataset.c.name.label("dataset"),
            specimen.c.id.label("specimen_id"),
            specimen.c.code.label("specimen"),
            func.ST_X(specimen.c.geom).label("lon"),
            func.ST_Y(specimen.c.geom).label("lat"),
            specimen.c.upper_depth_cm,
            specimen.c.lower_depth_cm,
            specimen.c.sampled_from,
            specimen.c.sampled_to,
            specimen.c.medium,
            procedure.c.digestion.label("procedure"),
            measurement.c.basis,
            measurement.c.contaminant_id.label("contaminant"),
            measurement.c.lower,
            measurement.c.upper,
        )
        .select_from(specimen)
        .join(site, site.c.id == specimen.c.site_id)
        .join(dataset, dataset.c.id == specimen.c.dataset_id)
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        .where(*_conditions(wanted))
    )
    order = (site.c.id, specimen.c.sampled_from, specimen.c.upper_depth_cm, specimen.c.id, measurement.c.id)
    return query.order_by(*order).limit(most)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    selection = wanted.selection
    found = [visible(specimen.c.dataset_id, selection), visible(measurement.c.dataset_id, selection)]
    if wanted.contaminants is not None:
        found.append(measurement.c.contaminant_id.in_(wanted.contaminants))
    if wanted.site is not None:
        found.append(site.c.id == wanted.site)
    if wanted.shape is not None:
        found.append(_near(wanted.shape))
    if wanted.depth is not None:
        # a specimen without depth could come from any
        top, bottom = wanted.depth
        found.append(or_(specimen.c.upper_depth_cm.is_(None), specimen.c.upper_depth_cm <= bottom))
        found.append(or_(specimen.c.lower_depth_cm.is_(None), specimen.c.lower_depth_cm >= top))
    period = selection.period
    if period is not None and period.end is not None:
        found.append(or_(_DATES[0].is_(None), _DATES[0] <= period.end))
    if period is not None and period.start is not None:
        found.append(or_(_DATES[1].is_(None), _DATES[1] >= period.start))
    return found


def _near(shape: Shape) -> ColumnElement[bool]:
    """By the index, then exactly: in the shape, or no farther from it on the ellipsoid."""
    drawn = func.ST_GeomFromText(shape.wkt, 4326)
    indexed = or_(*(specimen.c.geom_3857.op("&&")(_envelope(part)) for part in shape.box.parts()))
    if shape.within_m == 0.0:
        return and_(indexed, func.ST_Intersects(specimen.c.geom, drawn))
    distance = func.ST_Distance(func.geography(specimen.c.geom), func.geography(drawn))
    return and_(indexed, distance <= shape.within_m)


def _envelope(part: Bounds) -> ColumnElement[Any]:
    return func.ST_MakeEnvelope(*in_mercator(part.west, part.south, part.east, part.north), 3857)


def nearest(wanted: Wanted, lon: float, lat: float, *, count: int) -> Select[Any]:
    """The `count` specimens nearest to a place, the nearest first, with their distance in metres on the ellipsoid.

    The index knows distances in web mercator only, whose scale hardly changes between near places: four times as many
    are taken from it, and sorted by the true distance.
    """
    place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    conditions = [visible(specimen.c.dataset_id, wanted.selection)]
    if wanted.contaminants is not None:
        analysed = select(literal(1)).where(
            measurement.c.specimen_id == specimen.c.id,
            measurement.c.contaminant_id.in_(wanted.contaminants),
            visible(measurement.c.dataset_id, wanted.selection),
        )
        conditions.append(analysed.exists())
    near = (
        select(specimen.c.id, specimen.c.code, specimen.c.geom, specimen.c.site_id, specimen.c.dataset_id)
        .where(*conditions)
        .order_by(specimen.c.geom_3857.op("<->")(func.ST_Transform(place, 3857)))
        .limit(4 * count + 16)
        .subquery()
    )
    metres = func.ST_Distance(func.geography(near.c.geom), func.geography(place)).label("distance_m")
    return (
        select(
            near.c.id,
            near.c.site_id,
            near.c.code.label("specimen"),
            site.c.code.label("site"),
            dataset.c.name.label("dataset"),
            func.ST_X(near.c.geom).label("lon"),
            func.ST_Y(near.c.geom).label("lat"),
            metres,
        )
        .join(site, site.c.id == near.c.site_id)
        .join(dataset, dataset.c.id == near.c.dataset_id)
        .order_by(metres, near.c.id)
        .limit(count)
    )


def places(selection: Selection, box: Bounds | None, *, most: int) -> Select[Any]:
    """At most `most` sites in a box, by their keys, with the first and last day of their specimens."""
    days = [func.min(_DATES[0]).label("first"), func.max(_DATES[1]).label("last")]
    query = (
        select(
            site.c.id,
            site.c.code,
            dataset.c.name.label("dataset"),
            func.ST_X(site.c.geom).label("lon"),
            func.ST_Y(site.c.geom).label("lat"),
            *days,
        )
        .join(dataset, dataset.c.id == site.c.dataset_id)
        .join(specimen, specimen.c.site_id == site.c.id)
        .where(visible(site.c.dataset_id, selection))
        .group_by(site.c.id, dataset.c.name)
        .order_by(site.c.id)
        .limit(most)
    )
    if box is None:
        return query
    boxes: Sequence[ColumnElement[bool]] = [
        and_(
            site.c.geom_3857.op("&&")(_envelope(part)),
            func.ST_Intersects(site.c.geom, func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326)),
        )
        for part in box.parts()
    ]
    return query.where(or_(*boxes))
