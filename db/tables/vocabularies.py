"""What everything else refers to: contaminants, procedures, guideline values."""

from sqlalchemy import Boolean, Column, Date, Double, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.tables.columns import contaminant_reference, key, metadata, one_of

contaminant = Table(
    "contaminant",
    metadata,
    Column("id", Text, primary_key=True, comment="lower-case English name: zinc"),
    Column("symbol", Text),
    Column("name", Text, nullable=False),
    Column("names", JSONB, nullable=False, server_default=text("'{}'"), comment="language code to name"),
    Column("cas", Text),
    Column("contaminant_group", Text),
    Column("members", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="members of a sum"),
    Column("molar_mass", Double, comment="g/mol"),
    Column("glosis_code", Text),
)

procedure = Table(
    "procedure",
    metadata,
    key(),
    Column("digestion", Text, nullable=False, comment="aqua-regia, ammonium-nitrate, total, unknown, …"),
    Column("instrument", Text, nullable=False, server_default="unknown"),
    Column("standard", Text, nullable=False, server_default=""),
    UniqueConstraint("digestion", "instrument", "standard"),
)

guideline_value = Table(
    "guideline_value",
    metadata,
    Column("id", Integer, primary_key=True, comment="row of the vocabulary"),
    Column("rule", Text, nullable=False, index=True, comment="jurisdiction:act:land-use:kind"),
    Column("jurisdiction", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("act_title", Text, nullable=False),
    Column("year", Text, nullable=False),
    Column("symbol", Text, nullable=False, comment="the contaminant as printed"),
    contaminant_reference(nullable=True),
    Column("cas", Text),
    Column("land_use", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("consequence", Text),
    Column("value_low", Double, comment="mg/kg; differs from value_high for a range"),
    Column("value_high", Double),
    Column("unit", Text, nullable=False),
    Column("comparable", Boolean, nullable=False),
    Column("reason", Text, comment="why it is not comparable (yet)"),
    Column("definition", JSONB, nullable=False, comment="the row of the vocabulary, column by column"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("original_value", Text, nullable=False),
    Column("original_condition", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_kind", Text, nullable=False),
    one_of("source_kind", ("primary", "secondary")),
    Index("ix_guideline_value_contaminant_id_rule", "contaminant_id", "rule"),
)

vocabulary_state = Table(
    "vocabulary_state",
    metadata,
    Column("name", Text, primary_key=True, comment="table of the vocabulary"),
    Column("checksum", Text, nullable=False, comment="of the files, of the code that reads them, and of the rows"),
)
