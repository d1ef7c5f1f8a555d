"""What is known everywhere and not only where samples were taken: covariate rasters and polygon layers."""

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from db.tables.columns import VISIBILITIES, geometries, key, metadata, one_of, spatial_indexes

LAYER_KINDS = ("raster", "polygons")

layer = Table(
    "layer",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True, comment="slug, stable across versions"),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("contact", Text),
    Column("citation", Text),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("checksum", Text, nullable=False, comment="SHA-256 of the file and of how it was read"),
    Column("file_name", Text, nullable=False),
    Column("options", JSONB, nullable=False, comment="how the file was read"),
    Column("report", JSONB, nullable=False, comment="what was found, mended and left out"),
    Column("path", Text, comment="of the cloud-optimised GeoTIFF of a raster, below the data folder"),
    Column("crs", Text, nullable=False, comment="of the file"),
    Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False), nullable=False, comment="the box around it"),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    one_of("kind", LAYER_KINDS),
    one_of("visibility", VISIBILITIES),
    Index("ix_layer_geom", "geom", postgresql_using="gist"),
)

layer_area = Table(
    "layer_area",
    metadata,
    key(),
    Column("layer_id", BigInteger, ForeignKey("layer.id", ondelete="CASCADE"), nullable=False),
    Column("code", Text, nullable=False, comment="the class or unit as the provider codes it"),
    Column("name", Text, nullable=False, server_default=""),
    *geometries("MULTIPOLYGON"),
    Column("source_row", Integer, nullable=False, comment="feature of the file, counted from 1"),
    Index("ix_layer_area_layer_id_code", "layer_id", "code"),
    *spatial_indexes("layer_area"),
    comment="a polygon of a layer",
)
