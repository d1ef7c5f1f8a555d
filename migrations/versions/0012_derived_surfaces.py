"""A surface may hold a quantity derived from maps, of one contaminant or of several together."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels = None
depends_on = None

_COMMENT = "concentration: distributions; any other: plain bands, named by parameters.bands"


def upgrade() -> None:
    """Apply the change."""
    column = sa.Column("quantity", sa.Text(), server_default="concentration", nullable=False, comment=_COMMENT)
    op.add_column("surface", column)
    op.alter_column("surface", "contaminant_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_surface_quantity"), "surface", "quantity <> 'concentration' OR contaminant_id IS NOT NULL"
    )


def downgrade() -> None:
    """Take the change back, and with it what only it allows."""
    op.execute("DELETE FROM surface WHERE quantity <> 'concentration'")
    op.drop_constraint(op.f("ck_surface_quantity"), "surface")
    op.alter_column("surface", "contaminant_id", nullable=False)
    op.drop_column("surface", "quantity")
