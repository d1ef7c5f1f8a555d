"""Sources of pollution: facilities with their releases, entries of registers with their status."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.tables.columns import contaminant_reference, dataset_reference, geometries, key, metadata, spatial_indexes

source = Table(
    "source",
    metadata,
    key(),
    dataset_reference(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sector", Text, nullable=False, comment="our one vocabulary"),
    Column("sector_original", Text, nullable=False, server_default=""),
    Column("diffuse", Boolean, nullable=False, server_default=text("false")),
    Column("status", Text, comment="of an entry of a register: listed, deleted, closed, …"),
    Column("status_since", Date),
    *geometries("GEOMETRY"),
    Column("source_row", Integer, nullable=False),
    UniqueConstraint("dataset_id", "code"),
    *spatial_indexes("source"),
)

release = Table(
    "release",
    metadata,
    key(),
    Column("source_id", BigInteger, ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    contaminant_reference(nullable=True),
    Column("pollutant", Text, nullable=False, comment="as named by the inventory"),
    Column("medium", Text, nullable=False),
    Column("year", Integer),
    Column("quantity_kg", Double, comment="empty where the inventory names the pollutant only"),
    Column("original_text", Text, nullable=False, server_default=""),
    Column("original_unit", Text, nullable=False, server_default=""),
    Column("source_row", Integer, comment="row of the file"),
    Column("source_column", SmallInteger, comment="number of the column in the places of the dataset"),
    UniqueConstraint("source_id", "pollutant", "medium", "year", postgresql_nulls_not_distinct=True),
)
