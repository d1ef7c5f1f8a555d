"""Counts and histograms of points in the cells of tiles: what low zooms are drawn and boxes are counted from."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
)

from db.tables.columns import metadata

pyramid_state = Table(
    "pyramid_state",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    Column("built_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="datasets whose pyramid is up to date; the rows of all others are counted when they are asked for",
)

pyramid_population = Table(
    "pyramid_population",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, comment="hash of what follows"),
    Column("medium", Text),
    Column("digestion", Text),
    Column("basis", Text),
    Column("upper_depth_cm", Double),
    Column("lower_depth_cm", Double),
    comment="what is never pooled in a cell",
)

pyramid_node = Table(
    "pyramid_node",
    metadata,
    Column("layer", Text, primary_key=True, comment="samples or sites"),
    Column("contaminant_id", Text, primary_key=True, comment="empty for specimens and sites"),
    Column("node", BigInteger, primary_key=True, autoincrement=False, comment="a tile: 4^zoom + its Morton code"),
    Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    Column("first_year", SmallInteger, primary_key=True, autoincrement=False, comment="0: all years, -1: not known"),
    Column("last_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("leaf", Boolean, nullable=False, comment="few points, in the finest cells: no tile below has a row"),
    Column("count", BigInteger, nullable=False),
    Column("entries", LargeBinary, nullable=False, comment="by cell and population; see db.pyramid.cells"),
    Column("bins", LargeBinary, nullable=False, comment="their histograms"),
    Index("ix_pyramid_node_dataset_id", "dataset_id"),
)
