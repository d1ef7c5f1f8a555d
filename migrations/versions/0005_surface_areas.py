"""Areas above limits, kept beside the surface whose simulations gave them: the same question needs no second answer."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None

_KEY = ("surface_id", "limit_mg_per_kg", "seed", "realisations", "level")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "surface_area",
        sa.Column("surface_id", sa.Text(), nullable=False),
        sa.Column("limit_mg_per_kg", sa.Double(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("realisations", sa.Integer(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False, comment="probability of the interval"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("expected", "low", "high", "mapped")),
        sa.ForeignKeyConstraint(["surface_id"], ["surface.id"], name="fk_surface_area_surface_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_surface_area"),
        comment="areas above limits that joint simulations of a surface gave, in square metres",
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("surface_area")
