"""Controls of laboratory and field: duplicates, blanks, reference materials and spikes, in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None

KINDS = "kind IN ('field-duplicate', 'laboratory-duplicate', 'blank', 'reference-material', 'spike')"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "control",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="of the control, as the file gives it"),
        sa.Column("original", sa.Text(), comment="code of the specimen that a duplicate or spike was made of"),
        sa.Column("material", sa.Text(), comment="reference material"),
        sa.Column("contaminant_id", sa.Text(), nullable=False),
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("laboratory", sa.Text()),
        sa.Column("batch", sa.Text()),
        sa.Column("analysed_on", sa.Date()),
        sa.Column("lower", sa.Double(), nullable=False, comment="mg/kg; equal to upper where measured"),
        sa.Column("upper", sa.Double(), nullable=False, comment="mg/kg; infinity above an upper limit"),
        sa.Column("lod", sa.Double(), comment="limit of detection, mg/kg"),
        sa.Column("loq", sa.Double(), comment="limit of quantification, mg/kg"),
        sa.Column("expected", sa.Double(), comment="certified content, or what a spiked sample should hold, mg/kg"),
        sa.Column("expected_uncertainty", sa.Double(), comment="its standard uncertainty, mg/kg"),
        sa.Column("original_text", sa.Text(), nullable=False),
        sa.Column("original_unit", sa.Text(), nullable=False),
        sa.Column("source_row", sa.Integer(), nullable=False, comment="row of the file, the heading being row 1"),
        sa.Column("source_column", sa.SmallInteger(), comment="number of the column in the places of the dataset"),
        sa.CheckConstraint("lower <= upper AND lower < 'Infinity'", name=op.f("ck_control_bounds")),
        sa.CheckConstraint(KINDS, name=op.f("ck_control_kind")),
        sa.CheckConstraint("basis IN ('dry', 'wet', 'unknown')", name=op.f("ck_control_basis")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_control_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_control_contaminant_id")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedure.id"], name=op.f("fk_control_procedure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control")),
    )
    op.create_index(op.f("ix_control_contaminant_id"), "control", ["contaminant_id"])
    op.create_index("ix_control_dataset_id_contaminant_id", "control", ["dataset_id", "contaminant_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("control")
