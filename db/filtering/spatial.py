"""Spatial operators of filters, as PostGIS computes them in the plane of longitude and latitude."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shapely
from geoalchemy2 import Geography
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, LargeBinary, and_, cast, func, literal, not_

from db.filtering.compiler import Compiler, Operation, boolean, values
from db.filtering.errors import FilterError
from db.filtering.geometries import DEGREES
from db.filtering.tree import Tree
from db.filtering.values import Kind, Value
from db.mercator import in_mercator, stretch

FARTHEST_M = 20_100_000
"""Half a circle of the earth: nothing lies farther away."""
_ON_GROUND = 1.01
"""The sphere of web mercator and the ellipsoid of geographic distances differ by less than this."""


def _related(relation: str, compiler: Compiler, parts: list[Tree]) -> Value:
    """A relation that needs the boxes of both geometries to meet, so that an index finds candidates."""
    left, right = (value.as_kind(Kind.GEOMETRY) for value in values(compiler, relation, parts, 2))
    whole = "ST_Intersects" if relation == "s_intersects" else f"ST_{relation[2:].capitalize()}"
    collections = relation == "s_intersects"
    exactly = getattr(func, whole)(*(_sql(value, collections=collections) for value in (left, right)))
    return boolean(and_(*_nearby(left, right), exactly))


def _disjoint(compiler: Compiler, parts: list[Tree]) -> Value:
    left, right = (value.as_kind(Kind.GEOMETRY) for value in values(compiler, "s_disjoint", parts, 2))
    return boolean(not_(func.ST_Intersects(_sql(left, collections=True), _sql(right, collections=True))))


def _within_metres(compiler: Compiler, parts: list[Tree]) -> Value:
    left, right, far = values(compiler, "s_dwithin", parts, 3)
    metres = far.as_kind(Kind.NUMBER).constant
    if metres is None or not 0 <= metres <= FARTHEST_M:
        raise FilterError(f"filter: the distance of s_dwithin is a number of metres from 0 to {FARTHEST_M}")
    places = [cast(_sql(value.as_kind(Kind.GEOMETRY)), Geography) for value in (left, right)]
    near = _nearby(left, right, metres=float(metres))
    return boolean(and_(*near, func.ST_DWithin(*places, float(metres))))


def _sql(value: Value, *, collections: bool = False) -> ColumnElement[Any]:
    """The geometry as SQL; most relations are not defined for collections of points, lines and areas mixed."""
    if value.constant is None:
        found: ColumnElement[Any] = value.column
        return found
    geometry: BaseGeometry = value.constant
    if geometry.geom_type == "GeometryCollection" and not collections:
        geometry = shapely.union_all(shapely.get_parts(geometry))
        if geometry.geom_type == "GeometryCollection":
            raise FilterError(
                "filter: a collection of points, lines and areas mixed is for s_intersects and s_disjoint"
            )
    return func.ST_GeomFromWKB(literal(shapely.to_wkb(geometry), LargeBinary()), DEGREES)


def _nearby(left: Value, right: Value, *, metres: float = 0.0) -> list[ColumnElement[bool]]:
    """By the web-mercator twin of a property, where it has one: its box meets that of the literal."""
    named, given = (left, right) if left.constant is None else (right, left)
    if named.mercator is None or given.constant is None:
        return []
    west, south, east, north = given.constant.bounds
    spare = 1.0 + metres * _ON_GROUND * stretch(*_latitudes(south, north, metres))
    box = in_mercator(west, south, east, north, spare_m=spare)
    if metres and (spare > FARTHEST_M or box[0] < -FARTHEST_M or box[2] > FARTHEST_M):
        return []  # the way may lead over the antimeridian or a pole
    return [named.mercator.op("&&")(func.ST_MakeEnvelope(*box, 3857))]


def _latitudes(south: float, north: float, metres: float) -> tuple[float, float]:
    """The latitudes that lie within so many metres of two."""
    reach = metres / 110_000  # a degree is longer than that everywhere
    return south - reach, north + reach


_RELATIONS = ("s_intersects", "s_within", "s_contains", "s_equals", "s_touches", "s_overlaps", "s_crosses")

SPATIAL: Mapping[str, Operation] = MappingProxyType(
    {
        **{name: partial(_related, name) for name in _RELATIONS},
        "s_disjoint": _disjoint,
        "s_dwithin": _within_metres,
    }
)
