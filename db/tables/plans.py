"""Plans of new samples: what each is to achieve, and its sites in the order of their choice."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from db.tables.columns import (
    VISIBILITIES,
    contaminant_reference,
    created,
    geometries,
    key,
    metadata,
    one_of,
    spatial_indexes,
)

PLAN_GOALS = ("variance", "classification")

sampling_plan = Table(
    "sampling_plan",
    metadata,
    key(),
    Column("version", Text, nullable=False, unique=True, comment="hash of the map, the goal and the software"),
    contaminant_reference(),
    Column("surface_id", Text, ForeignKey("surface.id", ondelete="CASCADE"), nullable=False),
    Column("goal", Text, nullable=False),
    Column("definition", Text, nullable=False, comment="what is gained, in words"),
    Column("parameters", JSONB, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("visibility", Text, nullable=False, server_default="public"),
    created(),
    one_of("goal", PLAN_GOALS),
    one_of("visibility", VISIBILITIES),
)

planned_site = Table(
    "planned_site",
    metadata,
    key(),
    Column("plan_id", BigInteger, ForeignKey("sampling_plan.id", ondelete="CASCADE"), nullable=False),
    Column("rank", Integer, nullable=False, comment="in the order of the choice, from 1"),
    *geometries("POINT"),
    Column("gain", Double, nullable=False, comment="in the unit of the plan's report"),
    Column("remaining", Double, nullable=False, comment="what is left of the goal with this site and those before"),
    UniqueConstraint("plan_id", "rank"),
    *spatial_indexes("planned_site"),
)
