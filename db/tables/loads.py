"""How datasets came to hold what they hold: their versions, what each replaced, and loads that are under way."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from db.tables.columns import key, metadata

dataset_version = Table(
    "dataset_version",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("checksum", Text, nullable=False, comment="SHA-256 of the file and of the profile"),
    Column("file_name", Text, nullable=False),
    Column("partial", Boolean, nullable=False, comment="corrected rows were merged into those that were there"),
    Column("report", JSONB, nullable=False),
    Column("added", BigInteger, nullable=False, comment="rows of all tables; so are those that follow"),
    Column("changed", BigInteger, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

row_change = Table(
    "row_change",
    metadata,
    key(),
    Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False, comment="of the dataset, from which on the row is as it became"),
    Column("row_of", Text, nullable=False, comment="name of the table"),
    Column("row_id", BigInteger, nullable=False),
    Column("before", JSONB, comment="the row as it was; empty where it was not there"),
    Index("ix_row_change_dataset_id_row_of_row_id", "dataset_id", "row_of", "row_id", "version"),
    comment="what the versions of a dataset after its first one changed, row by row",
)

load_under_way = Table(
    "load_under_way",
    metadata,
    Column("dataset", Text, primary_key=True, comment="name of the dataset"),
    Column("checksum", Text, nullable=False, comment="of file, profile and version of the program"),
    Column("dataset_id", BigInteger, nullable=False, comment="that the dataset has or will have"),
    Column("suffix", Text, nullable=False, comment="of the tables that hold the rows until all are there"),
    Column("first_ids", JSONB, nullable=False, comment="by table, of the row with number zero"),
    Column("chunks", Integer, nullable=False, server_default="0", comment="that are stored"),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="checkpoints of large loads; what they stored is seen by nobody until the last one is done",
)
