"""The main job on real data: the Meuse flood plain from its files to maps, hot spots and areas above limits."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from app.limits import resolve_limit
from app.settings import Settings
from app.work.exceedance import (
    AreaAbove,
    ClaySweep,
    SampleVerdict,
    areas_above,
    guideline_rows,
    judge_samples,
    limits_for,
    sweep_clay,
)
from app.work.hotspot_catalogue import PublishedFinding, publish
from app.work.hotspots import regulatory, statistical
from app.work.maps import MapRequest, Progress, make_map, rebuild
from app.work.material import gather
from app.work.pictures import Album, area_sources
from app.work.published import PublishedMap
from db.selection import Selection
from ingest.load import load_samples, load_sources
from ingest.profile import read_profile
from ingest.report import Report

MEUSE = Path(__file__).resolve().parents[2] / "examples" / "meuse"
METALS = ("zinc", "lead", "cadmium", "copper")
RULE = "netherlands:circulaire-bodemsanering-2013:any-soil:intervention"
ASSUMED_PROCEDURE = ("procedure:aqua-regia", "basis:dry")
"""The survey does not say how it extracted the metals, nor per which mass it reports them."""
ASSUMED_SOIL = ("clay:10", "organic-matter:6.9")
"""Clay was not measured; organic matter was, at the samples (median 6.9 %), but is not known between them."""
CLAY_CONTENTS = (2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)

Bar = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class Metal:
    """What the demonstration found for one metal."""

    made: PublishedMap
    unassumed: tuple[SampleVerdict, ...]
    areas: tuple[AreaAbove, ...]
    findings: tuple[PublishedFinding, ...]
    pictures: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """All that the demonstration reports."""

    loads: tuple[Report, ...]
    metals: tuple[Metal, ...]
    sweep: ClaySweep

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "loads": [report.to_dict() for report in self.loads],
            "assumptions": [*ASSUMED_PROCEDURE, *ASSUMED_SOIL],
            "metals": [
                {
                    "map": metal.made.to_dict(),
                    "areas": [area.to_dict() for area in metal.areas],
                    "findings": [finding.to_dict() for finding in metal.findings],
                    "pictures": [str(picture) for picture in metal.pictures],
                }
                for metal in self.metals
            ],
            "clay_sweep": {
                "rule": self.sweep.rule,
                "assessed_samples": self.sweep.assessed,
                "exceeding": dict(zip(map(str, self.sweep.clay_percent), self.sweep.exceeding, strict=True)),
            },
        }


def demonstrate(settings: Settings, engine: Engine, bar: Bar) -> Demonstration:
    """Load, map, judge and draw; what is there already is kept."""
    if not MEUSE.is_dir():
        raise ValueError("the demonstration needs the folder examples/meuse of the repository; run it from a clone")
    loads = _load(settings, engine)
    metals = tuple(_one_metal(settings, engine, name, bar) for name in METALS)
    with engine.begin() as connection:
        rows = gather(connection, Selection(contaminant="zinc", dataset="meuse")).rows
        sweep = sweep_clay(connection, rows, RULE, CLAY_CONTENTS, ASSUMED_PROCEDURE)
    return Demonstration(loads, metals, sweep)


def _load(settings: Settings, engine: Engine) -> tuple[Report, Report]:
    settings.reports.mkdir(parents=True, exist_ok=True)
    with engine.begin() as connection:
        samples = load_samples(
            connection,
            MEUSE / "meuse.csv",
            read_profile("meuse"),
            rejected_to=settings.reports / "meuse-rejected.csv",
        )
        sources = load_sources(connection, MEUSE / "meuse_river_outline.csv", read_profile("meuse-river"))
    return samples, sources


def _one_metal(settings: Settings, engine: Engine, name: str, bar: Bar) -> Metal:
    selection = Selection(contaminant=name, dataset="meuse")
    request = MapRequest(selection, 40.0, MEUSE / "study_area.geojson")
    assumed = (*ASSUMED_PROCEDURE, *ASSUMED_SOIL)
    with engine.begin() as connection:
        with bar(f"mapping {name}") as progress:
            made = make_map(settings, connection, request, progress)
        model = rebuild(connection, made)
        material = model.material
        with bar(f"simulating {name}"):
            areas = areas_above(connection, made, limits_for(connection, made, assumed))
        rows = guideline_rows(connection, name)
        limit = resolve_limit(rows, material.context, guideline=RULE, assume=assumed)
        findings = (
            publish(connection, material, statistical(material)),
            publish(connection, material, regulatory(material, made, limit)),
        )
        verdicts = tuple(judge_samples(connection, material.rows))
        with bar(f"drawing {name}"):
            album = Album(settings.pictures, made, material, area_sources(connection, material, model.grid))
            pictures = album.draw(model.fitted, limit, [published.finding for published in findings])
    return Metal(made, verdicts, tuple(areas), findings, tuple(pictures))
