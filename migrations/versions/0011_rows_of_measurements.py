"""What an empty row of a measurement means is said where it is read."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None

BEFORE = "row of the file, where it is not the specimen's"
AFTER = "row of the file; empty for a sum that was derived from other measurements"


def upgrade() -> None:
    """Apply the change."""
    op.alter_column("measurement", "source_row", existing_type=sa.Integer(), comment=AFTER, existing_comment=BEFORE)


def downgrade() -> None:
    """Take the change back."""
    op.alter_column("measurement", "source_row", existing_type=sa.Integer(), comment=BEFORE, existing_comment=AFTER)
