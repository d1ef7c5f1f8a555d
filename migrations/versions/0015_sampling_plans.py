"""Plans of new samples and their sites."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "sampling_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="hash of the map, the goal and the software"),
        sa.Column("contaminant_id", sa.Text(), nullable=False),
        sa.Column("surface_id", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="what is gained, in words"),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("goal IN ('variance', 'classification')", name=op.f("ck_sampling_plan_goal")),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_sampling_plan_visibility")),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_sampling_plan_contaminant_id")),
        sa.ForeignKeyConstraint(
            ["surface_id"], ["surface.id"], name=op.f("fk_sampling_plan_surface_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampling_plan")),
        sa.UniqueConstraint("version", name=op.f("uq_sampling_plan_version")),
    )
    op.create_index(op.f("ix_sampling_plan_contaminant_id"), "sampling_plan", ["contaminant_id"])
    op.create_table(
        "planned_site",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="in the order of the choice, from 1"),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column(
            "geom_3857",
            Geometry("POINT", srid=3857, spatial_index=False),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
        ),
        sa.Column("gain", sa.Double(), nullable=False, comment="in the unit of the plan's report"),
        sa.Column(
            "remaining",
            sa.Double(),
            nullable=False,
            comment="what is left of the goal with this site and those before",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["sampling_plan.id"], name=op.f("fk_planned_site_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_site")),
        sa.UniqueConstraint("plan_id", "rank", name=op.f("uq_planned_site_plan_id_rank")),
    )
    op.create_index("ix_planned_site_geom", "planned_site", ["geom"], postgresql_using="gist")
    op.create_index("ix_planned_site_geom_3857", "planned_site", ["geom_3857"], postgresql_using="gist")


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("planned_site")
    op.drop_table("sampling_plan")
