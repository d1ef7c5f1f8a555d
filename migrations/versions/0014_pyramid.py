"""The pyramid of counts in cells; changes of versions are told to who listens, and maps that come or go are such."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None

_TELL = """
CREATE FUNCTION layer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('edaphos_layer', NEW.layer || ' ' || NEW.version);
    RETURN NULL;
END $$;
CREATE TRIGGER layer_changed AFTER INSERT OR UPDATE ON layer_version
    FOR EACH ROW EXECUTE FUNCTION layer_changed();
"""
# a map never changes, but it can be taken away or become private: what was drawn from it must not outlive that
_MAPS = """
CREATE FUNCTION maps_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO layer_version (layer) VALUES ('surfaces')
    ON CONFLICT (layer) DO UPDATE SET version = layer_version.version + 1, changed_at = now();
    RETURN NULL;
END $$;
CREATE TRIGGER maps_changed AFTER INSERT OR UPDATE OR DELETE ON surface
    FOR EACH STATEMENT EXECUTE FUNCTION maps_changed();
"""


def _dataset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=f"fk_{table}_dataset_id", ondelete="CASCADE")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "pyramid_state",
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        _dataset("pyramid_state"),
        sa.PrimaryKeyConstraint("dataset_id", name="pk_pyramid_state"),
        comment="datasets whose pyramid is up to date; the rows of all others are counted when they are asked for",
    )
    op.create_table(
        "pyramid_population",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="hash of what follows"),
        sa.Column("medium", sa.Text()),
        sa.Column("digestion", sa.Text()),
        sa.Column("basis", sa.Text()),
        sa.Column("upper_depth_cm", sa.Double()),
        sa.Column("lower_depth_cm", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_pyramid_population"),
        comment="what is never pooled in a cell",
    )
    _nodes()
    op.execute(_TELL)
    op.execute(_MAPS)


def _nodes() -> None:
    key = ("layer", "contaminant_id", "node", "dataset_id", "first_year", "last_year")
    op.create_table(
        "pyramid_node",
        sa.Column("layer", sa.Text(), nullable=False, comment="samples or sites"),
        sa.Column("contaminant_id", sa.Text(), nullable=False, comment="empty for specimens and sites"),
        sa.Column(
            "node", sa.BigInteger(), autoincrement=False, nullable=False, comment="a tile: 4^zoom + its Morton code"
        ),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "first_year",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="0: all years, -1: not known",
        ),
        sa.Column("last_year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "leaf",
            sa.Boolean(),
            nullable=False,
            comment="few points, in the finest cells: no tile below has a row",
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False, comment="by cell and population; see db.pyramid.cells"),
        sa.Column("bins", sa.LargeBinary(), nullable=False, comment="their histograms"),
        _dataset("pyramid_node"),
        sa.PrimaryKeyConstraint(*key, name="pk_pyramid_node"),
    )
    op.create_index("ix_pyramid_node_dataset_id", "pyramid_node", ["dataset_id"])
    # compressing would cost each tile more than it saves on the disk
    for column in ("entries", "bins"):
        op.execute(f"ALTER TABLE pyramid_node ALTER {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Take the change back."""
    for name in ("maps_changed", "layer_changed"):
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.execute("DELETE FROM layer_version WHERE layer = 'surfaces'")
    for table in ("pyramid_node", "pyramid_population", "pyramid_state"):
        op.drop_table(table)
