"""Which samples a command works on: the options that commands on measurements share."""

import re
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection, select

from app.settings import Settings
from app.work.published import PublishedMap, known_map
from db.selection import Selection
from db.tables import VISIBILITIES, surface
from ingest.contaminants import shipped_contaminants

Dataset = Annotated[str | None, typer.Option("--dataset", help="Only samples of this dataset.")]
Medium = Annotated[str | None, typer.Option("--medium", help="Only this medium, e.g. mineral-horizon.")]
Digestion = Annotated[str | None, typer.Option("--digestion", help="Only this digestion, e.g. aqua-regia.")]
TransferFrom = Annotated[
    str | None,
    typer.Option("--transfer-from", help="Carry results by this digestion over to --digestion, with their error."),
]
Basis = Annotated[str | None, typer.Option("--basis", help="Only results on this basis: dry, wet or unknown.")]
Depth = Annotated[str | None, typer.Option("--depth", help="Only this depth class in cm, e.g. 0-20.")]
Splines = Annotated[
    bool, typer.Option("--splines", help="Bring profiles sampled in layers of any depth to --depth, mass-preserving.")
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        "--assume",
        help="What the data do not say: clay:10, procedure:aqua-regia, clay:@LAYER at samples; may be repeated.",
    ),
]
Guideline = Annotated[str | None, typer.Option("--guideline", help="jurisdiction:act:land-use:kind")]
LimitValue = Annotated[float | None, typer.Option("--limit", help="A limit in mg/kg.")]
AREA = "A file of polygons, or a layer, or one code of it (LAYER:CODE); default what the samples cover."
SurfaceId = Annotated[str | None, typer.Option("--surface", help="Id of a map; default the newest of the contaminant.")]


def contaminant_of(text: str) -> str:
    """The identifier of the contaminant that a text means."""
    return shipped_contaminants().match(text)


def selection_of(
    contaminant: str,
    dataset: str | None,
    medium: str | None,
    digestion: str | None,
    basis: str | None,
    depth: str | None,
) -> Selection:
    """The selection that the options describe; whoever has the command line sees private rows too."""
    return Selection(
        contaminant=contaminant_of(contaminant),
        dataset=dataset,
        medium=medium,
        digestion=digestion,
        basis=basis,
        depth=depth_of(depth),
        visibilities=VISIBILITIES,
    )


def depth_of(text: str | None) -> tuple[float, float] | None:
    """A depth class in centimetres, if one is given; `ValueError` for what is none."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text)
    if not found:
        raise ValueError(f"--depth needs two numbers of centimetres such as 0-20, got {text!r}")
    return float(found[1]), float(found[2])


def area_asked(text: str | None) -> tuple[Path | None, str | None]:
    """A file, or a layer by its name: nobody calls a layer as files are called, with a dot or a slash."""
    if text is None:
        return None, None
    if Path(text).exists() or "/" in text or "." in text.partition(":")[0]:
        return Path(text).resolve(), None
    return None, text


def map_of(settings: Settings, connection: Connection, contaminant: str, identifier: str | None) -> PublishedMap:
    """The map of that id, or the newest of the contaminant."""
    query = select(surface.c.id).where(surface.c.contaminant_id == contaminant, surface.c.quantity == "concentration")
    if identifier is not None:
        query = query.where(surface.c.id == identifier)
    found = connection.execute(query.order_by(surface.c.created_at.desc()).limit(1)).scalar()
    made = known_map(settings, connection, found) if found else None
    if made is None:
        which = f"map {identifier!r}" if identifier else "map"
        raise ValueError(f"there is no {which} of {contaminant}: make one with `edaphos map {contaminant}`")
    return made
