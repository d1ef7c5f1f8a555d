"""The tables of the way from file to map."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "contaminant",
        sa.Column("id", sa.Text(), nullable=False, comment="lower-case English name: zinc"),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "names",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="language code to name",
        ),
        sa.Column("cas", sa.Text(), nullable=True),
        sa.Column("contaminant_group", sa.Text(), nullable=True),
        sa.Column(
            "members",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="members of a sum",
        ),
        sa.Column("molar_mass", sa.Double(), nullable=True, comment="g/mol"),
        sa.Column("glosis_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contaminant")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="slug, stable across versions"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("citation", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False, comment="SHA-256 of the file and of the profile"),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("sampling_design", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column(
            "profile",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what the columns were taken to mean",
        ),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what was loaded, doubted and rejected, and why",
        ),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('samples', 'sources')", name=op.f("ck_dataset_kind")),
        sa.CheckConstraint(
            "sampling_design IN ('probability', 'purposive', 'complaint-driven', 'unknown')",
            name=op.f("ck_dataset_sampling_design"),
        ),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_dataset_visibility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("name", name=op.f("uq_dataset_name")),
    )
    op.create_table(
        "layer_version",
        sa.Column("layer", sa.Text(), nullable=False, comment="id of the collection"),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("layer", name=op.f("pk_layer_version")),
    )
    op.create_table(
        "vocabulary_state",
        sa.Column("name", sa.Text(), nullable=False, comment="table of the vocabulary"),
        sa.Column(
            "checksum", sa.Text(), nullable=False, comment="of the files, of the code that reads them, and of the rows"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vocabulary_state")),
    )
    op.create_table(
        "procedure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digestion", sa.Text(), nullable=False, comment="aqua-regia, ammonium-nitrate, total, unknown, …"),
        sa.Column("instrument", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("standard", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure")),
        sa.UniqueConstraint(
            "digestion", "instrument", "standard", name=op.f("uq_procedure_digestion_instrument_standard")
        ),
    )
    op.create_table(
        "guideline_value",
        sa.Column("id", sa.Integer(), nullable=False, comment="row of the vocabulary"),
        sa.Column("rule", sa.Text(), nullable=False, comment="jurisdiction:act:land-use:kind"),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("act_title", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False, comment="the contaminant as printed"),
        sa.Column("contaminant_id", sa.Text(), nullable=True),
        sa.Column("cas", sa.Text(), nullable=True),
        sa.Column("land_use", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=True),
        sa.Column("value_low", sa.Double(), nullable=True, comment="mg/kg; differs from value_high for a range"),
        sa.Column("value_high", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("comparable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is not comparable (yet)"),
        sa.Column(
            "definition",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the row of the vocabulary, column by column",
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("original_value", sa.Text(), nullable=False),
        sa.Column("original_condition", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.CheckConstraint("source_kind IN ('primary', 'secondary')", name=op.f("ck_guideline_value_source_kind")),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_guideline_value_contaminant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guideline_value")),
    )
    op.create_index(op.f("ix_guideline_value_contaminant_id"), "guideline_value", ["contaminant_id"], unique=False)
    op.create_index(
        "ix_guideline_value_contaminant_id_rule", "guideline_value", ["contaminant_id", "rule"], unique=False
    )
    op.create_index(op.f("ix_guideline_value_rule"), "guideline_value", ["rule"], unique=False)
    op.create_table(
        "register_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            geoalchemy2.types.Geometry(
                srid=3857, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_register_entry_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
        sa.UniqueConstraint("dataset_id", "code", name=op.f("uq_register_entry_dataset_id_code")),
        comment="an entry of a register of contaminated sites",
    )
    op.create_index("ix_register_entry_geom", "register_entry", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_register_entry_geom_3857", "register_entry", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the provider's identifier"),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("country", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("dataset_id", "code", name=op.f("uq_site_dataset_id_code")),
    )
    op.create_index("ix_site_geom", "site", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_site_geom_3857", "site", ["geom_3857"], unique=False, postgresql_using="gist")
    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False, comment="our one vocabulary"),
        sa.Column("sector_original", sa.Text(), server_default="", nullable=False),
        sa.Column("diffuse", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            geoalchemy2.types.Geometry(
                srid=3857, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("source_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_source_dataset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("dataset_id", "code", name=op.f("uq_source_dataset_id_code")),
    )
    op.create_index("ix_source_geom", "source", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_source_geom_3857", "source", ["geom_3857"], unique=False, postgresql_using="gist")
    op.create_table(
        "surface",
        sa.Column("id", sa.Text(), nullable=False, comment="zinc-<first eight digits of its identity>"),
        sa.Column("contaminant_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="of the cloud-optimised GeoTIFF, below the data folder"),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="hash of inputs, parameters, code and seed"),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("cell_m", sa.Double(), nullable=False),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="POLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_surface_visibility")),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_surface_contaminant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surface")),
        sa.UniqueConstraint("version", name=op.f("uq_surface_version")),
    )
    op.create_index(op.f("ix_surface_contaminant_id"), "surface", ["contaminant_id"], unique=False)
    op.create_index("ix_surface_geom", "surface", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "hot_spot_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="hash of inputs, parameters, code and seed"),
        sa.Column("contaminant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="statistic, null hypothesis, correction, in words"),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("surface_id", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('statistical', 'regulatory', 'anomalous')", name=op.f("ck_hot_spot_run_kind")),
        sa.CheckConstraint("visibility IN ('public', 'private')", name=op.f("ck_hot_spot_run_visibility")),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_hot_spot_run_contaminant_id")),
        sa.ForeignKeyConstraint(
            ["surface_id"], ["surface.id"], name=op.f("fk_hot_spot_run_surface_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hot_spot_run")),
        sa.UniqueConstraint("version", name=op.f("uq_hot_spot_run_version")),
    )
    op.create_index(op.f("ix_hot_spot_run_contaminant_id"), "hot_spot_run", ["contaminant_id"], unique=False)
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
    op.create_index(
        op.f("ix_register_status_register_entry_id"), "register_status", ["register_entry_id"], unique=False
    )
    op.create_table(
        "release",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("contaminant_id", sa.Text(), nullable=True),
        sa.Column("pollutant", sa.Text(), nullable=False, comment="as named by the inventory"),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column(
            "quantity_kg", sa.Double(), nullable=True, comment="empty where the inventory names the pollutant only"
        ),
        sa.Column("original_text", sa.Text(), server_default="", nullable=False),
        sa.Column("original_unit", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["contaminant_id"], ["contaminant.id"], name=op.f("fk_release_contaminant_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_release_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint(
            "source_id",
            "pollutant",
            "medium",
            "year",
            name=op.f("uq_release_source_id_pollutant_medium_year"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_release_contaminant_id"), "release", ["contaminant_id"], unique=False)
    op.create_table(
        "specimen",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("x_as_given", sa.Double(), nullable=False),
        sa.Column("y_as_given", sa.Double(), nullable=False),
        sa.Column("crs_as_given", sa.Text(), nullable=False),
        sa.Column("positional_accuracy_m", sa.Double(), nullable=True),
        sa.Column("upper_depth_cm", sa.Double(), nullable=True),
        sa.Column("lower_depth_cm", sa.Double(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=False, comment="mineral-horizon, o-horizon, sediment, moss, …"),
        sa.Column("sieve_fraction_mm", sa.Double(), nullable=True),
        sa.Column("composite_count", sa.Integer(), nullable=True),
        sa.Column("support_m2", sa.Double(), nullable=True, comment="area that the composite stands for"),
        sa.Column("sampled_from", sa.Date(), nullable=True),
        sa.Column("sampled_to", sa.Date(), nullable=True),
        sa.Column("land_use", sa.Text(), nullable=True),
        sa.Column("ph", sa.Double(), nullable=True),
        sa.Column("clay_percent", sa.Double(), nullable=True),
        sa.Column("silt_percent", sa.Double(), nullable=True),
        sa.Column("sand_percent", sa.Double(), nullable=True),
        sa.Column("organic_matter_percent", sa.Double(), nullable=True),
        sa.Column("toc_percent", sa.Double(), nullable=True),
        sa.Column("texture", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=False, comment="row of the file, the heading being row 1"),
        sa.CheckConstraint("sampled_from <= sampled_to", name=op.f("ck_specimen_dates")),
        sa.CheckConstraint("upper_depth_cm <= lower_depth_cm", name=op.f("ck_specimen_depths")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specimen")),
        sa.UniqueConstraint("dataset_id", "code", name=op.f("uq_specimen_dataset_id_code")),
    )
    op.create_index("ix_specimen_geom", "specimen", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_specimen_geom_3857", "specimen", ["geom_3857"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_specimen_site_id"), "specimen", ["site_id"], unique=False)
    op.create_table(
        "hot_spot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False, comment="hot, cold; exceeding, undecided, below"),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("mean_probability", sa.Double(), nullable=True),
        sa.Column("mean_z", sa.Double(), nullable=True),
        sa.Column("smallest_q", sa.Double(), nullable=True),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("highest", sa.Double(), nullable=True, comment="highest measured value inside, mg/kg"),
        sa.Column("rule", sa.Text(), nullable=True, comment="of the guideline value"),
        sa.Column("limit_mg_per_kg", sa.Double(), nullable=True),
        sa.Column("assumptions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("nearest_source_id", sa.BigInteger(), nullable=True),
        sa.Column("nearest_source_m", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["nearest_source_id"], ["source.id"], name=op.f("fk_hot_spot_nearest_source_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["hot_spot_run.id"], name=op.f("fk_hot_spot_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hot_spot")),
    )
    op.create_index("ix_hot_spot_geom", "hot_spot", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("ix_hot_spot_geom_3857", "hot_spot", ["geom_3857"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_hot_spot_run_id"), "hot_spot", ["run_id"], unique=False)
    op.create_table(
        "measurement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("specimen_id", sa.BigInteger(), nullable=False),
        sa.Column("contaminant_id", sa.Text(), nullable=False),
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("laboratory", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("analysed_on", sa.Date(), nullable=True),
        sa.Column("replicate", sa.Integer(), server_default="1", nullable=False),
        sa.Column("lower", sa.Double(), nullable=False, comment="mg/kg; equal to upper where measured"),
        sa.Column("upper", sa.Double(), nullable=False, comment="mg/kg; infinity above an upper limit"),
        sa.Column("lod", sa.Double(), nullable=True, comment="limit of detection, mg/kg"),
        sa.Column("loq", sa.Double(), nullable=True, comment="limit of quantification, mg/kg"),
        sa.Column("uncertainty", sa.Double(), nullable=True, comment="standard deviation of the analysis, mg/kg"),
        sa.Column("original_text", sa.Text(), nullable=False),
        sa.Column("original_unit", sa.Text(), nullable=False),
        sa.Column("quality_flag", sa.Text(), server_default="ok", nullable=False),
        sa.Column("source_row", sa.Integer(), nullable=True, comment="row of the file, where it is not the specimen's"),
        sa.CheckConstraint("basis IN ('dry', 'wet', 'unknown')", name=op.f("ck_measurement_basis")),
        sa.CheckConstraint("lower <= upper AND lower >= 0 AND lower < 'Infinity'", name=op.f("ck_measurement_bounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
        sa.UniqueConstraint(
            "specimen_id",
            "contaminant_id",
            "procedure_id",
            "basis",
            "replicate",
            name=op.f("uq_measurement_specimen_id_contaminant_id_procedure_id_basis_replicate"),
        ),
    )
    op.create_index(op.f("ix_measurement_contaminant_id"), "measurement", ["contaminant_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index(op.f("ix_measurement_contaminant_id"), table_name="measurement")
    op.drop_table("measurement")
    op.drop_index(op.f("ix_hot_spot_run_id"), table_name="hot_spot")
    op.drop_index("ix_hot_spot_geom_3857", table_name="hot_spot", postgresql_using="gist")
    op.drop_index("ix_hot_spot_geom", table_name="hot_spot", postgresql_using="gist")
    op.drop_table("hot_spot")
    op.drop_index(op.f("ix_specimen_site_id"), table_name="specimen")
    op.drop_index("ix_specimen_geom_3857", table_name="specimen", postgresql_using="gist")
    op.drop_index("ix_specimen_geom", table_name="specimen", postgresql_using="gist")
    op.drop_table("specimen")
    op.drop_index(op.f("ix_release_contaminant_id"), table_name="release")
    op.drop_table("release")
    op.drop_index(op.f("ix_register_status_register_entry_id"), table_name="register_status")
    op.drop_table("register_status")
    op.drop_index(op.f("ix_hot_spot_run_contaminant_id"), table_name="hot_spot_run")
    op.drop_table("hot_spot_run")
    op.drop_index("ix_surface_geom", table_name="surface", postgresql_using="gist")
    op.drop_index(op.f("ix_surface_contaminant_id"), table_name="surface")
    op.drop_table("surface")
    op.drop_index("ix_source_geom_3857", table_name="source", postgresql_using="gist")
    op.drop_index("ix_source_geom", table_name="source", postgresql_using="gist")
    op.drop_table("source")
    op.drop_index("ix_site_geom_3857", table_name="site", postgresql_using="gist")
    op.drop_index("ix_site_geom", table_name="site", postgresql_using="gist")
    op.drop_table("site")
    op.drop_index("ix_register_entry_geom_3857", table_name="register_entry", postgresql_using="gist")
    op.drop_index("ix_register_entry_geom", table_name="register_entry", postgresql_using="gist")
    op.drop_table("register_entry")
    op.drop_index(op.f("ix_guideline_value_rule"), table_name="guideline_value")
    op.drop_index("ix_guideline_value_contaminant_id_rule", table_name="guideline_value")
    op.drop_index(op.f("ix_guideline_value_contaminant_id"), table_name="guideline_value")
    op.drop_table("guideline_value")
    op.drop_table("procedure")
    op.drop_table("vocabulary_state")
    op.drop_table("layer_version")
    op.drop_table("dataset")
    op.drop_table("contaminant")
