"""Which collections have vector tiles, and what a feature of a tile says."""

from types import MappingProxyType

from db.pyramid import rows
from db.questions import hotspots, plans, samples, sites, sources
from db.questions.samples import MEASUREMENTS
from db.selection import Selection
from tiles.statements import DATASET, SEEN, TileLayer

_DATED = {
    "since": "s.sampled_from IS NULL OR coalesce(s.sampled_to, s.sampled_from) >= {}",
    "until": "s.sampled_from IS NULL OR s.sampled_from <= {}",
}
_OF_SPECIMENS = {
    "dataset": f"s.dataset_id = {DATASET}",
    "among": "s.dataset_id = ANY({}::bigint[])",
    "medium": "s.medium = {}",
    "upper_depth_cm": "s.upper_depth_cm = {}",
    "lower_depth_cm": "s.lower_depth_cm = {}",
    **_DATED,
}
_DEPTHS = {"upper_depth_cm": "s.upper_depth_cm", "lower_depth_cm": "s.lower_depth_cm"}
_DAYS = {"sampled_from": "s.sampled_from::text", "sampled_to": "nullif(s.sampled_to, s.sampled_from)::text"}

SAMPLES = TileLayer(
    name="samples",
    kind="points",
    table="specimen",
    key="m.id",
    attributes={
        "specimen": "s.code",
        "specimen_id": "s.id",
        "contaminant": "m.contaminant_id",
        "value": "CASE WHEN m.lower = m.upper THEN m.lower END",
        "lower": "m.lower",
        "upper": "nullif(m.upper, 'Infinity')",
        "censored": "m.lower < m.upper",
        "medium": "s.medium",
        "procedure": "p.digestion",
        "basis": "m.basis",
        **_DEPTHS,
        **_DAYS,
        "quality_flag": "m.quality_flag",
    },
    against={
        "ratio": "m.lower / nullif({}, 0)",
        "exceeds": "CASE WHEN m.lower > {0} THEN 'yes' WHEN m.upper <= {0} THEN 'no' ELSE 'perhaps' END",
    },
    joins="JOIN measurement m ON m.specimen_id = s.id JOIN procedure p ON p.id = m.procedure_id",
    seen=f"s.dataset_id = {SEEN} AND m.dataset_id = {SEEN}",
    filters=_OF_SPECIMENS
    | {"contaminant": "m.contaminant_id = {}", "digestion": "p.digestion = {}", "basis": "m.basis = {}"},
    rows=lambda _: MEASUREMENTS,
    subject=rows.MEASUREMENTS,
    pyramid="contaminant",
    populations={"medium": "s.medium", "digestion": "p.digestion", "basis": "m.basis", **_DEPTHS},
)

SPECIMENS = TileLayer(
    name="samples",
    kind="points",
    table="specimen",
    key="s.id",
    attributes={"specimen": "s.code", "specimen_id": "s.id", "medium": "s.medium", **_DEPTHS, **_DAYS},
    seen=f"s.dataset_id = {SEEN}",
    filters=_OF_SPECIMENS,
    rows=lambda _: samples.SPECIMENS,
    subject=rows.SPECIMENS,
    pyramid="whole",
    populations={"medium": "s.medium", **_DEPTHS},
)
"""Samples where nothing is asked for that only a measurement has, as on the pages of the collection."""

SITES = TileLayer(
    name="sites",
    kind="points",
    table="site",
    key="s.id",
    attributes={"site": "s.code", "dataset": "d.name", "country": "s.country"},
    joins="JOIN dataset d ON d.id = s.dataset_id",
    seen=f"s.dataset_id = {SEEN}",
    filters={
        "contaminant": "EXISTS (SELECT FROM specimen p JOIN measurement m ON m.specimen_id = p.id "
        f"WHERE p.site_id = s.id AND p.dataset_id = {SEEN} AND m.dataset_id = {SEEN} AND m.contaminant_id = {{}})",
        "dataset": f"s.dataset_id = {DATASET}",
        "among": "s.dataset_id = ANY({}::bigint[])",
    },
    rows=lambda _: sites.SITES,
    pyramid="whole",
)

SOURCES = TileLayer(
    name="sources",
    kind="shapes",
    table="source",
    key="s.id",
    attributes={
        "code": "s.code",
        "name": "s.name",
        "sector": "s.sector",
        "sector_original": "s.sector_original",
        "diffuse": "s.diffuse",
    },
    seen=f"s.dataset_id = {SEEN}",
    rows=lambda _: sources.SOURCES,
    filters={
        "contaminant": "EXISTS (SELECT FROM release r WHERE r.source_id = s.id AND r.contaminant_id = {})",
        "dataset": f"s.dataset_id = {DATASET}",
    },
)

_NEAREST = f"FROM source n WHERE n.id = s.nearest_source_id AND n.dataset_id = {SEEN}"

HOTSPOTS = TileLayer(
    name="hotspots",
    kind="shapes",
    table="hot_spot",
    key="s.id",
    attributes={
        "kind": "r.kind",
        "statistic": "r.statistic",
        "class": "s.class",
        "contaminant": "r.contaminant_id",
        "area_m2": "s.area_m2",
        "mean_probability": "s.mean_probability",
        "mean_z": "s.mean_z",
        "smallest_q": "s.smallest_q",
        "smallest_p": "s.smallest_p",
        "area_low_m2": "s.area_low_m2",
        "area_high_m2": "s.area_high_m2",
        "existence": "s.existence",
        "sample_count": "s.sample_count",
        "highest": "s.highest",
        "rule": "s.rule",
        '"limit"': "s.limit_mg_per_kg",
        "nearest_source": f"(SELECT n.name {_NEAREST})",
        "nearest_source_m": f"CASE WHEN EXISTS (SELECT {_NEAREST}) THEN s.nearest_source_m END",
    },
    joins="JOIN hot_spot_run r ON r.id = s.run_id",
    seen="r.visibility = ANY($6::text[])",
    rows=lambda _: hotspots.HOTSPOTS,
    filters={
        "contaminant": "r.contaminant_id = {}",
        "dataset": "r.parameters->'datasets' @> to_jsonb({}::text)",
        **{name: f"r.parameters->'population'->>'{name}' = {{}}" for name in ("medium", "digestion", "basis")},
    },
)

PLANNED_SITES = TileLayer(
    name="planned-sites",
    kind="shapes",
    table="planned_site",
    key="s.id",
    attributes={
        "plan": "s.plan_id",
        "contaminant": "p.contaminant_id",
        "goal": "p.goal",
        "rank": "s.rank",
        "gain": "s.gain",
        "unit": "p.report->>'unit'",
    },
    joins="JOIN sampling_plan p ON p.id = s.plan_id",
    seen="p.visibility = ANY($6::text[])",
    rows=lambda _: plans.PLANNED_SITES,
    filters={
        "contaminant": "p.contaminant_id = {}",
        "dataset": "p.parameters->'datasets' @> to_jsonb({}::text)",
    },
)

TILE_LAYERS = MappingProxyType({layer.name: layer for layer in (SAMPLES, SITES, SOURCES, HOTSPOTS, PLANNED_SITES)})


def layer_of(collection: str, selection: Selection) -> TileLayer:
    """How what is selected of a collection becomes tiles."""
    if collection == SAMPLES.name and samples.samples(selection) is samples.SPECIMENS:
        return SPECIMENS
    return TILE_LAYERS[collection]
