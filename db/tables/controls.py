"""Controls: what was measured in blanks, duplicates and reference materials, apart from every sample."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)

from db.tables.columns import BASES, contaminant_reference, dataset_reference, key, metadata, one_of

CONTROL_KINDS = ("field-duplicate", "laboratory-duplicate", "blank", "reference-material", "spike")

control = Table(
    "control",
    metadata,
    key(),
    dataset_reference(),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False, comment="of the control, as the file gives it"),
    Column("original", Text, comment="code of the specimen that a duplicate or spike was made of"),
    Column("material", Text, comment="reference material"),
    contaminant_reference(),
    Column("procedure_id", BigInteger, ForeignKey("procedure.id"), nullable=False),
    Column("basis", Text, nullable=False),
    Column("laboratory", Text),
    Column("batch", Text),
    Column("analysed_on", Date),
    Column("lower", Double, nullable=False, comment="mg/kg; equal to upper where measured"),
    Column("upper", Double, nullable=False, comment="mg/kg; infinity above an upper limit"),
    Column("lod", Double, comment="limit of detection, mg/kg"),
    Column("loq", Double, comment="limit of quantification, mg/kg"),
    Column("expected", Double, comment="certified content, or what a spiked sample should hold, mg/kg"),
    Column("expected_uncertainty", Double, comment="its standard uncertainty, mg/kg"),
    Column("original_text", Text, nullable=False),
    Column("original_unit", Text, nullable=False),
    Column("source_row", Integer, nullable=False, comment="row of the file, the heading being row 1"),
    Column("source_column", SmallInteger, comment="number of the column in the places of the dataset"),
    # the content of a blank may be below zero: what an instrument shows of nothing scatters around it
    CheckConstraint("lower <= upper AND lower < 'Infinity'", name="bounds"),
    one_of("kind", CONTROL_KINDS),
    one_of("basis", BASES),
    Index("ix_control_dataset_id_contaminant_id", "dataset_id", "contaminant_id"),
)
