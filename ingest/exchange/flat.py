"""The tables of a dataset without the numbers of the database: rows refer to each other by their codes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Double,
    Integer,
    SmallInteger,
    Table,
    Text,
    func,
)

from db import tables
from ingest.storing import PROCEDURE

ARROW = MappingProxyType(
    {
        Text: pa.string(),
        Double: pa.float64(),
        Date: pa.date32(),
        Boolean: pa.bool_(),
        Integer: pa.int64(),
        SmallInteger: pa.int64(),
        BigInteger: pa.int64(),
    }
)
NUMBERS_OF_OURS = frozenset({"id", "dataset_id", "geom_3857", "procedure_id"})
PLACE = ("longitude", "latitude")


@dataclass(frozen=True, slots=True)
class Flat:
    """One table as it is exchanged; `parent` is the table that its rows belong to, and the column that says so."""

    name: str
    table: Table
    order: tuple[str, ...]
    parent: "Flat | None" = None
    reference: str = ""

    @property
    def of_parent(self) -> str:
        """The column that holds the code of what a row belongs to: `specimen` for its `specimen_id`."""
        return self.reference.removesuffix("_id")

    @property
    def has_procedure(self) -> bool:
        """Whether rows were analysed somehow."""
        return "procedure_id" in self.table.c

    @property
    def is_point(self) -> bool:
        """Whether the place of a row is a point, and so two numbers."""
        return "geom" in self.table.c and getattr(self.table.c["geom"].type, "geometry_type", None) == "POINT"

    @property
    def is_shape(self) -> bool:
        """Whether the place of a row is any geometry, and so extended text (WKB)."""
        return "geom" in self.table.c and not self.is_point

    def own(self) -> Iterator[Column[Any]]:
        """The columns that are exchanged as they are."""
        for column in self.table.columns:
            if column.name not in NUMBERS_OF_OURS | {self.reference} and not isinstance(column.type, Geometry):
                yield column

    def columns(self) -> Mapping[str, ColumnElement[Any]]:
        """What is asked of the database for each column; an infinite upper bound is left empty, as all formats can."""
        chosen: dict[str, ColumnElement[Any]] = {}
        if self.parent is not None:
            chosen[self.of_parent] = self.parent.table.c.code
        if self.is_point:
            chosen |= {"longitude": func.ST_X(self.table.c.geom), "latitude": func.ST_Y(self.table.c.geom)}
        if self.is_shape:
            chosen["geometry"] = func.encode(func.ST_AsBinary(self.table.c.geom, "NDR"), "hex")
        if self.has_procedure:
            chosen |= {name: tables.procedure.c[name] for name in PROCEDURE}
        for column in self.own():
            chosen[column.name] = func.nullif(column, float("inf")) if column.name == "upper" else column
        return chosen

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        kinds = {column.name: ARROW[type(column.type)] for column in self.own()}
        texts = dict.fromkeys((self.of_parent, "geometry", *PROCEDURE), pa.string())
        known = {**texts, **dict.fromkeys(PLACE, pa.float64()), **kinds}
        return pa.schema([(name, known[name]) for name in self.columns()])


SITES = Flat("sites", tables.site, ("code",))
SPECIMENS = Flat("specimens", tables.specimen, ("code",), SITES, "site_id")
MEASUREMENTS = Flat(
    "measurements",
    tables.measurement,
    ("specimen", "contaminant_id", *PROCEDURE, "basis", "replicate"),
    SPECIMENS,
    "specimen_id",
)
CONTROLS = Flat("controls", tables.control, ("source_row", "contaminant_id", "code", *PROCEDURE, "source_column"))
SOURCES = Flat("sources", tables.source, ("code",))
RELEASES = Flat("releases", tables.release, ("source", "pollutant", "medium", "year"), SOURCES, "source_id")
KINDS = MappingProxyType({"samples": (SITES, SPECIMENS, MEASUREMENTS, CONTROLS), "sources": (SOURCES, RELEASES)})
