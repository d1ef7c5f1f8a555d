"""What was made from the rows: surfaces, hot spots, and the versions of the layers."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.tables.columns import (
    HOT_SPOT_KINDS,
    VISIBILITIES,
    contaminant_reference,
    created,
    geometries,
    key,
    metadata,
    one_of,
    spatial_indexes,
)

surface = Table(
    "surface",
    metadata,
    Column("id", Text, primary_key=True, comment="zinc-<first eight digits of its identity>"),
    contaminant_reference(nullable=True),
    Column(
        "quantity",
        Text,
        nullable=False,
        server_default="concentration",
        comment="concentration: distributions; any other: plain bands, named by parameters.bands",
    ),
    Column("title", Text, nullable=False),
    Column("path", Text, nullable=False, comment="of the cloud-optimised GeoTIFF, below the data folder"),
    Column("method", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("scores", JSONB, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("version", Text, nullable=False, unique=True, comment="hash of inputs, parameters, code and seed"),
    Column("crs", Text, nullable=False),
    Column("cell_m", Double, nullable=False),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False), nullable=False),
    created(),
    one_of("visibility", VISIBILITIES),
    CheckConstraint("quantity <> 'concentration' OR contaminant_id IS NOT NULL", name="quantity"),
    Index("ix_surface_geom", "geom", postgresql_using="gist"),
)

surface_area = Table(
    "surface_area",
    metadata,
    Column("surface_id", Text, ForeignKey("surface.id", ondelete="CASCADE"), primary_key=True),
    Column("limit_mg_per_kg", Double, primary_key=True),
    Column("seed", BigInteger, primary_key=True, autoincrement=False),
    Column("realisations", Integer, primary_key=True, autoincrement=False),
    Column("level", Double, primary_key=True, comment="probability of the interval"),
    Column("expected", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("mapped", Double, nullable=False),
    comment="areas above limits that joint simulations of a surface gave, in square metres",
)

hot_spot_run = Table(
    "hot_spot_run",
    metadata,
    key(),
    Column("version", Text, nullable=False, unique=True, comment="hash of inputs, parameters, code and seed"),
    contaminant_reference(),
    Column("kind", Text, nullable=False),
    Column(
        "statistic",
        Text,
        nullable=False,
        comment="gi-star, gi, local-moran, scan, dbscan, hdbscan, local-background, probability, simulation",
    ),
    Column("definition", Text, nullable=False, comment="statistic, null hypothesis, correction, in words"),
    Column("parameters", JSONB, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("surface_id", Text, ForeignKey("surface.id", ondelete="CASCADE")),
    Column("visibility", Text, nullable=False, server_default="public"),
    created(),
    one_of("kind", HOT_SPOT_KINDS),
    one_of("visibility", VISIBILITIES),
)

hot_spot = Table(
    "hot_spot",
    metadata,
    key(),
    Column("run_id", BigInteger, ForeignKey("hot_spot_run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column(
        "class",
        Text,
        nullable=False,
        key="class_",
        comment="hot, cold; exceeding, undecided, below",
    ),
    *geometries("MULTIPOLYGON"),
    Column("area_m2", Double, nullable=False),
    Column("mean_probability", Double),
    Column("mean_z", Double),
    Column("smallest_q", Double),
    Column("sample_count", Integer, nullable=False),
    Column("highest", Double, comment="highest measured value inside, mg/kg"),
    Column("rule", Text, comment="of the guideline value"),
    Column("limit_mg_per_kg", Double),
    Column("assumptions", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("nearest_source_id", BigInteger, ForeignKey("source.id", ondelete="SET NULL")),
    Column("nearest_source_m", Double),
    Column("smallest_p", Double),
    Column("expected_area_m2", Double, comment="of the hot spots that meet this one in joint simulations"),
    Column("area_low_m2", Double, comment="lower end of the interval of that area"),
    Column("area_high_m2", Double, comment="upper end of the interval of that area"),
    Column("existence", Double, comment="share of the simulations with a hot spot here"),
    Column(
        "likeliest_sources",
        JSONB,
        nullable=False,
        server_default=text("'[]'::jsonb"),
        comment="sources by p of a decay with distance, the likeliest first",
    ),
    *spatial_indexes("hot_spot"),
)

layer_version = Table(
    "layer_version",
    metadata,
    Column("layer", Text, primary_key=True, comment="id of the collection"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
