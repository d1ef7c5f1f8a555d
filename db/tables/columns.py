"""What the tables share: their naming, their keys, their two geometries."""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    func,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

VISIBILITIES = ("public", "private")

SAMPLING_DESIGNS = ("probability", "purposive", "complaint-driven", "unknown")

BASES = ("dry", "wet", "unknown")

HOT_SPOT_KINDS = ("statistical", "regulatory", "anomalous")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A check that the column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def key(*, reserved: bool = False) -> Column[int]:
    """A primary key that the database counts; one that can be `reserved` may be given by who asked the database."""
    return Column("id", BigInteger, Identity(always=not reserved), primary_key=True)


def dataset_reference() -> Column[int]:
    """The dataset of a row, which goes with it."""
    # no index of its own: the unique (dataset_id, code) of each of these tables begins with it
    return Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), nullable=False)


def dataset_in_bulk() -> Column[int]:
    """For tables into which millions of rows come at once: a foreign key would look each of them up by itself.

    Triggers check the references of all rows of a statement together; see migrations/versions/0003_references_in_bulk.
    """
    return Column("dataset_id", BigInteger, nullable=False)


def contaminant_reference(*, nullable: bool = False) -> Column[str]:
    """The contaminant of a row."""
    return Column("contaminant_id", Text, ForeignKey("contaminant.id"), nullable=nullable, index=True)


def geometries(kind: str) -> list[Column[Any]]:
    """The geometry of record and its web-mercator twin, both indexed with GiST."""
    return [
        Column("geom", Geometry(kind, srid=4326, spatial_index=False), nullable=False),
        Column(
            "geom_3857",
            Geometry(kind, srid=3857, spatial_index=False),
            Computed("ST_Transform(geom, 3857)", persisted=True),
        ),
    ]


def place_of_samples() -> list[Column[Any]]:
    """The two geometries of tables into which millions of points come at once.

    Who writes rows computes the second, else a trigger does; see migrations/versions/0009_loads. It alone is indexed:
    an index costs a load more than all the rest, and a box in degrees is a box in web mercator.
    """
    return [
        Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        Column("geom_3857", Geometry("POINT", srid=3857, spatial_index=False)),
    ]


def spatial_indexes(table: str) -> list[Index]:
    """The indexes of the two geometries."""
    return [
        Index(f"ix_{table}_geom", "geom", postgresql_using="gist"),
        Index(f"ix_{table}_geom_3857", "geom_3857", postgresql_using="gist"),
    ]


def created() -> Column[Any]:
    """When the row was written."""
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())
