"""Covariate rasters and polygon layers."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def _geometry(kind: str, srid: int) -> geoalchemy2.Geometry:
    return geoalchemy2.Geometry(kind, srid=srid, spatial_index=False)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "layer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="slug, stable across versions"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "title", "licence", "provider")),
        *(sa.Column(name, sa.Text()) for name in ("contact", "citation")),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False, comment="SHA-256 of the file and of how it was read"),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False, comment="how the file was read"),
        sa.Column("report", postgresql.JSONB(), nullable=False, comment="what was found, mended and left out"),
        sa.Column("path", sa.Text(), comment="of the cloud-optimised GeoTIFF of a raster, below the data folder"),
        sa.Column("crs", sa.Text(), nullable=False, comment="of the file"),
        sa.Column("geom", _geometry("POLYGON", 4326), nullable=False, comment="the box around it"),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layer"),
        sa.UniqueConstraint("name", name="uq_layer_name"),
        sa.CheckConstraint("kind IN ('raster', 'polygons')", name=op.f("ck_layer_kind")),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_layer_visibility")),
    )
    op.create_index("ix_layer_geom", "layer", ["geom"], postgresql_using="gist")
    op.create_table(
        "layer_area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the class or unit as the provider codes it"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("geom", _geometry("MULTIPOLYGON", 4326), nullable=False),
        sa.Column(
            "geom_3857",
            _geometry("MULTIPOLYGON", 3857),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
        ),
        sa.Column("source_row", sa.Integer(), nullable=False, comment="feature of the file, counted from 1"),
        sa.ForeignKeyConstraint(["layer_id"], ["layer.id"], name="fk_layer_area_layer_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_layer_area"),
        comment="a polygon of a layer",
    )
    op.create_index("ix_layer_area_layer_id_code", "layer_area", ["layer_id", "code"])
    op.create_index("ix_layer_area_geom", "layer_area", ["geom"], postgresql_using="gist")
    op.create_index("ix_layer_area_geom_3857", "layer_area", ["geom_3857"], postgresql_using="gist")


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("layer_area")
    op.drop_table("layer")
