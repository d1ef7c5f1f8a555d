"""The collections of the service: those of features that always exist, and one for each surface and polygon layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from db.questions.areas import areas
from db.questions.guideline_values import GUIDELINE_VALUES
from db.questions.hotspots import HOTSPOTS
from db.questions.layer import Layer
from db.questions.plans import PLANNED_SITES
from db.questions.samples import MEASUREMENTS, samples
from db.questions.sites import SITES
from db.questions.sources import SOURCES
from db.selection import Selection

SURFACE_PREFIX = "surface-"
LAYER_PREFIX = "layer-"


@dataclass(frozen=True, slots=True)
class Collection:
    """What all collections have."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class FeatureCollection(Collection):
    """Rows of the tables: which questions are asked for them, by which parameters they are filtered."""

    layer: Callable[[Selection], Layer]
    filters: tuple[str, ...] = ("contaminant",)
    widest: Layer | None = None
    """The rows with all properties, where there are several kinds of rows."""
    tiled: bool = True


@dataclass(frozen=True, slots=True)
class SurfaceCollection(Collection):
    """A map; `row` is what the catalogue knows about it."""

    row: Mapping[str, Any]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        return self.row["west"], self.row["south"], self.row["east"], self.row["north"]

    @property
    def derived(self) -> bool:
        """Whether its bands are plain values, made from other maps, and no distributions of a concentration."""
        return str(self.row["quantity"]) != "concentration"

    @property
    def context(self) -> Mapping[str, str]:
        """Medium, procedure and basis of the samples that were mapped."""
        return dict(self.row["parameters"].get("context", {}))


RECORDS = Collection("records", "Catalogue", "Records of datasets, maps, layers and vocabularies.")
FEATURES: Mapping[str, FeatureCollection] = MappingProxyType(
    {
        collection.id: collection
        for collection in (
            FeatureCollection(
                "samples",
                "Soil samples",
                "Specimens with their measurements in mg/kg; one feature per measurement when a contaminant is given.",
                samples,
                ("contaminant", "dataset", "medium", "procedure", "basis"),
                MEASUREMENTS,
            ),
            FeatureCollection(
                "sites",
                "Sampling sites",
                "Places where samples were taken.",
                lambda _: SITES,
                ("contaminant", "dataset"),
            ),
            FeatureCollection(
                "sources",
                "Pollution sources",
                "Points, lines and areas that release pollutants, with what they released.",
                lambda _: SOURCES,
                ("contaminant", "dataset"),
            ),
            FeatureCollection(
                "hotspots",
                "Hot spots",
                "Statistical hot and cold spots of samples, and regions that exceed a guideline value, by their kind.",
                lambda _: HOTSPOTS,
                ("contaminant", "dataset", "medium", "procedure", "basis"),
            ),
            FeatureCollection(
                "planned-sites",
                "Planned sampling sites",
                "Where to sample next: the sites of plans in the order of their choice, with their expected gain.",
                lambda _: PLANNED_SITES,
                ("contaminant", "dataset"),
            ),
            FeatureCollection(
                "guideline-values",
                "Guideline values",
                "Guideline values as printed, with their source, and whether they can be compared yet.",
                lambda _: GUIDELINE_VALUES,
                tiled=False,
            ),
        )
    }
)


def surface_collection(row: Mapping[str, Any]) -> SurfaceCollection:
    """The collection of a surface."""
    population = row["parameters"].get("population")
    described = f"{row['title']}." + (f" From samples of {population}." if population else "")
    return SurfaceCollection(SURFACE_PREFIX + row["id"], row["title"], described, row)


def layer_collection(row: Mapping[str, Any]) -> FeatureCollection:
    """The collection of a layer of polygons."""
    described = f"Areas of the layer {row['name']}. Provider: {row['provider']}; licence: {row['licence']}."
    found = areas(row["id"])
    return FeatureCollection(LAYER_PREFIX + row["name"], row["title"], described, lambda _: found, (), tiled=False)
