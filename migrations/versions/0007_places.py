"""Where in its file each value stands: the column beside the row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None

COLUMN = "number of the column in the places of the dataset"


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "dataset",
        sa.Column(
            "places",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="files, sheet and columns that rows point to",
        ),
    )
    op.add_column("release", sa.Column("source_row", sa.Integer(), comment="row of the file"))
    for table in ("measurement", "release"):
        op.add_column(table, sa.Column("source_column", sa.SmallInteger(), comment=COLUMN))


def downgrade() -> None:
    """Take the change back."""
    for table in ("measurement", "release"):
        op.drop_column(table, "source_column")
    op.drop_column("release", "source_row")
    op.drop_column("dataset", "places")
