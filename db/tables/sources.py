"""Sources of pollution: facilities with their releases, and registers with the status of their entries."""

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

register_entry = Table(
    "register_entry",
    metadata,
    key(),
    dataset_reference(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    *geometries("GEOMETRY"),
    UniqueConstraint("dataset_id", "code"),
    *spatial_indexes("register_entry"),
    comment="an entry of a register of contaminated sites",
)

register_status = Table(
    "register_status",
    metadata,
    key(),
    Column(
        "register_entry_id",
        BigInteger,
        ForeignKey("register_entry.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("status", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)
