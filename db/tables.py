"""The one schema, after the terms of ISO 28258 and GloSIS: site, specimen, measurement, procedure.

Geometry of record is EPSG:4326; a stored, indexed EPSG:3857 column beside it serves the tiles. Concentrations are
intervals in mg/kg: equal bounds where something was measured, a bound where only a detection limit is known.
"""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

VISIBILITIES = ("public", "private")
SAMPLING_DESIGNS = ("probability", "purposive", "complaint-driven", "unknown")
BASES = ("dry", "wet", "unknown")
HOT_SPOT_KINDS = ("statistical", "regulatory", "anomalous")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _key() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _dataset() -> Column[int]:
    # no index of its own: the unique (dataset_id, code) of each of these tables begins with it
    return Column("dataset_id", BigInteger, ForeignKey("dataset.id", ondelete="CASCADE"), nullable=False)


def _dataset_in_bulk() -> Column[int]:
    """For tables into which millions of rows come at once: a foreign key would look each of them up by itself.

    Triggers check the references of all rows of a statement together; see migrations/versions/0003_references_in_bulk.
    """
    return Column("dataset_id", BigInteger, nullable=False)


def _contaminant(*, nullable: bool = False) -> Column[str]:
    return Column("contaminant_id", Text, ForeignKey("contaminant.id"), nullable=nullable, index=True)


def _geometries(kind: str) -> list[Column[Any]]:
    """The geometry of record and its web-mercator twin, both indexed with GiST."""
    return [
        Column("geom", Geometry(kind, srid=4326, spatial_index=False), nullable=False),
        Column(
            "geom_3857",
            Geometry(kind, srid=3857, spatial_index=False),
            Computed("ST_Transform(geom, 3857)", persisted=True),
        ),
    ]


def _spatial_indexes(table: str) -> list[Index]:
    return [
        Index(f"ix_{table}_geom", "geom", postgresql_using="gist"),
        Index(f"ix_{table}_geom_3857", "geom_3857", postgresql_using="gist"),
    ]


def _created() -> Column[Any]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


contaminant = Table(
    "contaminant",
    metadata,
    Column("id", Text, primary_key=True, comment="lower-case English name: zinc"),
    Column("symbol", Text),
    Column("name", Text, nullable=False),
    Column("names", JSONB, nullable=False, server_default=text("'{}'"), comment="language code to name"),
    Column("cas", Text),
    Column("contaminant_group", Text),
    Column("members", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="members of a sum"),
    Column("molar_mass", Double, comment="g/mol"),
    Column("glosis_code", Text),
)

procedure = Table(
    "procedure",
    metadata,
    _key(),
    Column("digestion", Text, nullable=False, comment="aqua-regia, ammonium-nitrate, total, unknown, …"),
    Column("instrument", Text, nullable=False, server_default="unknown"),
    Column("standard", Text, nullable=False, server_default=""),
    UniqueConstraint("digestion", "instrument", "standard"),
)

dataset = Table(
    "dataset",
    metadata,
    _key(),
    Column("name", Text, nullable=False, unique=True, comment="slug, stable across versions"),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("contact", Text),
    Column("citation", Text),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("checksum", Text, nullable=False, comment="SHA-256 of the file and of the profile"),
    Column("visibility", Text, nullable=False, server_default="public"),
    Column("sampling_design", Text, nullable=False, server_default="unknown"),
    Column("file_name", Text, nullable=False),
    Column("profile", JSONB, nullable=False, comment="what the columns were taken to mean"),
    Column("report", JSONB, nullable=False, comment="what was loaded, doubted and rejected, and why"),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _one_of("kind", ("samples", "sources")),
    _one_of("visibility", VISIBILITIES),
    _one_of("sampling_design", SAMPLING_DESIGNS),
)

site = Table(
    "site",
    metadata,
    _key(),
    _dataset_in_bulk(),
    Column("code", Text, nullable=False, comment="the provider's identifier"),
    *_geometries("POINT"),
    Column("country", Text),
    UniqueConstraint("dataset_id", "code"),
    *_spatial_indexes("site"),
)

specimen = Table(
    "specimen",
    metadata,
    _key(),
    _dataset_in_bulk(),
    Column("site_id", BigInteger, nullable=False, index=True),
    Column("code", Text, nullable=False),
    *_geometries("POINT"),
    Column("x_as_given", Double, nullable=False),
    Column("y_as_given", Double, nullable=False),
    Column("crs_as_given", Text, nullable=False),
    Column("positional_accuracy_m", Double),
    Column("upper_depth_cm", Double),
    Column("lower_depth_cm", Double),
    Column("medium", Text, nullable=False, comment="mineral-horizon, o-horizon, sediment, moss, …"),
    Column("sieve_fraction_mm", Double),
    Column("composite_count", Integer),
    Column("support_m2", Double, comment="area that the composite stands for"),
    Column("sampled_from", Date),
    Column("sampled_to", Date),
    Column("land_use", Text),
    Column("ph", Double),
    Column("clay_percent", Double),
    Column("silt_percent", Double),
    Column("sand_percent", Double),
    Column("organic_matter_percent", Double),
    Column("toc_percent", Double),
    Column("texture", Text),
    Column("source_row", Integer, nullable=False, comment="row of the file, the heading being row 1"),
    UniqueConstraint("dataset_id", "code"),
    CheckConstraint("upper_depth_cm <= lower_depth_cm", name="depths"),
    CheckConstraint("sampled_from <= sampled_to", name="dates"),
    *_spatial_indexes("specimen"),
)

measurement = Table(
    "measurement",
    metadata,
    _key(),
    _dataset_in_bulk(),
    Column("specimen_id", BigInteger, nullable=False),
    # alone, without the content after it: equal keys come in the order of the table, so the index stays small and quick
    Column("contaminant_id", Text, nullable=False, index=True),
    Column("procedure_id", BigInteger, nullable=False),
    Column("basis", Text, nullable=False),
    Column("laboratory", Text),
    Column("batch", Text),
    Column("analysed_on", Date),
    Column("replicate", Integer, nullable=False, server_default="1"),
    Column("lower", Double, nullable=False, comment="mg/kg; equal to upper where measured"),
    Column("upper", Double, nullable=False, comment="mg/kg; infinity above an upper limit"),
    Column("lod", Double, comment="limit of detection, mg/kg"),
    Column("loq", Double, comment="limit of quantification, mg/kg"),
    Column("uncertainty", Double, comment="standard deviation of the analysis, mg/kg"),
    Column("original_text", Text, nullable=False),
    Column("original_unit", Text, nullable=False),
    Column("quality_flag", Text, nullable=False, server_default="ok"),
    Column("source_row", Integer, comment="row of the file, where it is not the specimen's"),
    UniqueConstraint("specimen_id", "contaminant_id", "procedure_id", "basis", "replicate"),
    CheckConstraint("lower <= upper AND lower >= 0 AND lower < 'Infinity'", name="bounds"),
    _one_of("basis", BASES),
)

guideline_value = Table(
    "guideline_value",
    metadata,
    Column("id", Integer, primary_key=True, comment="row of the vocabulary"),
    Column("rule", Text, nullable=False, index=True, comment="jurisdiction:act:land-use:kind"),
    Column("jurisdiction", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("act_title", Text, nullable=False),
    Column("year", Text, nullable=False),
    Column("symbol", Text, nullable=False, comment="the contaminant as printed"),
    _contaminant(nullable=True),
    Column("cas", Text),
    Column("land_use", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("consequence", Text),
    Column("value_low", Double, comment="mg/kg; differs from value_high for a range"),
    Column("value_high", Double),
    Column("unit", Text, nullable=False),
    Column("comparable", Boolean, nullable=False),
    Column("reason", Text, comment="why it is not comparable (yet)"),
    Column("definition", JSONB, nullable=False, comment="the row of the vocabulary, column by column"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("original_value", Text, nullable=False),
    Column("original_condition", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_kind", Text, nullable=False),
    _one_of("source_kind", ("primary", "secondary")),
    Index("ix_guideline_value_contaminant_id_rule", "contaminant_id", "rule"),
)

source = Table(
    "source",
    metadata,
    _key(),
    _dataset(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sector", Text, nullable=False, comment="our one vocabulary"),
    Column("sector_original", Text, nullable=False, server_default=""),
    Column("diffuse", Boolean, nullable=False, server_default=text("false")),
    *_geometries("GEOMETRY"),
    Column("source_row", Integer, nullable=False),
    UniqueConstraint("dataset_id", "code"),
    *_spatial_indexes("source"),
)

release = Table(
    "release",
    metadata,
    _key(),
    Column("source_id", BigInteger, ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    _contaminant(nullable=True),
    Column("pollutant", Text, nullable=False, comment="as named by the inventory"),
    Column("medium", Text, nullable=False),
    Column("year", Integer),
    Column("quantity_kg", Double, comment="empty where the inventory names the pollutant only"),
    Column("original_text", Text, nullable=False, server_default=""),
    Column("original_unit", Text, nullable=False, server_default=""),
    UniqueConstraint("source_id", "pollutant", "medium", "year", postgresql_nulls_not_distinct=True),
)

register_entry = Table(
    "register_entry",
    metadata,
    _key(),
    _dataset(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    *_geometries("GEOMETRY"),
    UniqueConstraint("dataset_id", "code"),
    *_spatial_indexes("register_entry"),
    comment="an entry of a register of contaminated sites",
)

register_status = Table(
    "register_status",
    metadata,
    _key(),
    Column(
        "register_entry_id",
        BigInteger,
        ForeignKey("register_entry.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("status", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

surface = Table(
    "surface",
    metadata,
    Column("id", Text, primary_key=True, comment="zinc-<first eight digits of its identity>"),
    _contaminant(),
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
    _created(),
    _one_of("visibility", VISIBILITIES),
    Index("ix_surface_geom", "geom", postgresql_using="gist"),
)

hot_spot_run = Table(
    "hot_spot_run",
    metadata,
    _key(),
    Column("version", Text, nullable=False, unique=True, comment="hash of inputs, parameters, code and seed"),
    _contaminant(),
    Column("kind", Text, nullable=False),
    Column("definition", Text, nullable=False, comment="statistic, null hypothesis, correction, in words"),
    Column("parameters", JSONB, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("surface_id", Text, ForeignKey("surface.id", ondelete="CASCADE")),
    Column("visibility", Text, nullable=False, server_default="public"),
    _created(),
    _one_of("kind", HOT_SPOT_KINDS),
    _one_of("visibility", VISIBILITIES),
)

hot_spot = Table(
    "hot_spot",
    metadata,
    _key(),
    Column("run_id", BigInteger, ForeignKey("hot_spot_run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("class", Text, nullable=False, key="class_", comment="hot, cold; exceeding, undecided, below"),
    *_geometries("MULTIPOLYGON"),
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
    *_spatial_indexes("hot_spot"),
)

layer_version = Table(
    "layer_version",
    metadata,
    Column("layer", Text, primary_key=True, comment="id of the collection"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

vocabulary_state = Table(
    "vocabulary_state",
    metadata,
    Column("name", Text, primary_key=True, comment="table of the vocabulary"),
    Column("checksum", Text, nullable=False, comment="of the files, of the code that reads them, and of the rows"),
)
