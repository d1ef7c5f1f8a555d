"""Hot spots name their statistic, carry intervals of their areas and the sources they are likeliest from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None

_NUMBERS = {
    "smallest_p": None,
    "expected_area_m2": "of the hot spots that meet this one in joint simulations",
    "area_low_m2": "lower end of the interval of that area",
    "area_high_m2": "upper end of the interval of that area",
    "existence": "share of the simulations with a hot spot here",
}
_LIKELIEST = "sources by p of a decay with distance, the likeliest first"


def upgrade() -> None:
    """Apply the change."""
    comment = "gi-star, gi, local-moran, scan, dbscan, hdbscan, local-background, probability, simulation"
    op.add_column("hot_spot_run", sa.Column("statistic", sa.Text(), nullable=True, comment=comment))
    op.execute("UPDATE hot_spot_run SET statistic = CASE kind WHEN 'statistical' THEN 'gi-star' ELSE 'probability' END")
    op.alter_column("hot_spot_run", "statistic", nullable=False)
    for name, told in _NUMBERS.items():
        op.add_column("hot_spot", sa.Column(name, sa.Double(), comment=told))
    default = sa.text("'[]'::jsonb")
    likeliest = sa.Column("likeliest_sources", postgresql.JSONB(), nullable=False, server_default=default)
    likeliest.comment = _LIKELIEST
    op.add_column("hot_spot", likeliest)


def downgrade() -> None:
    """Take the change back, and with it what only it allows."""
    op.execute("DELETE FROM hot_spot_run WHERE statistic NOT IN ('gi-star', 'probability')")
    for name in ("likeliest_sources", *reversed(_NUMBERS)):
        op.drop_column("hot_spot", name)
    op.drop_column("hot_spot_run", "statistic")
