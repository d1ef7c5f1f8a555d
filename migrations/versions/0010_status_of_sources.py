"""An entry of a register is a source with a status: one table for all, in place of two that nothing was kept in."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column(
        "source", sa.Column("status", sa.Text(), comment="of an entry of a register: listed, deleted, closed, …")
    )
    op.add_column("source", sa.Column("status_since", sa.Date()))
    op.drop_table("register_status")
    op.drop_table("register_entry")


def downgrade() -> None:
    """Take the change back."""
    op.create_table(
        "register_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("geom", _geometry(4326), nullable=False),
        sa.Column("geom_3857", _geometry(3857), sa.Computed("ST_Transform(geom, 3857)", persisted=True)),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_register_entry_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
        sa.UniqueConstraint("dataset_id", "code", name=op.f("uq_register_entry_dataset_id_code")),
        comment="an entry of a register of contaminated sites",
    )
    for column in ("geom", "geom_3857"):
        op.create_index(f"ix_register_entry_{column}", "register_entry", [column], postgresql_using="gist")
    op.create_table(
        "register_status",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("register_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["register_entry_id"],
            ["register_entry.id"],
            name=op.f("fk_register_status_register_entry_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_status")),
    )
    op.create_index(op.f("ix_register_status_register_entry_id"), "register_status", ["register_entry_id"])
    op.drop_column("source", "status_since")
    op.drop_column("source", "status")


def _geometry(srid: int) -> geoalchemy2.types.Geometry:
    return geoalchemy2.types.Geometry(srid=srid, dimension=2, spatial_index=False)
