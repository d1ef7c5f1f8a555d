"""What a catalogue tells: of every dataset, map and layer whose it is, and where and when it lies."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all

from db.tables import contaminant, dataset, layer, site, source, specimen, surface


def datasets_told(visibilities: tuple[str, ...]) -> Select[Any]:
    """Datasets, with what they say of themselves."""
    names = ("id", "name", "kind", "title", "licence", "provider", "contact", "citation", "version", "sampling_design")
    told = [dataset.c[name] for name in (*names, "file_name", "checksum", "loaded_at")]
    return select(*told).where(dataset.c.visibility.in_(visibilities))


def dataset_places(visibilities: tuple[str, ...]) -> Select[Any]:
    """The box of each dataset, in degrees."""
    seen = select(dataset.c.id).where(dataset.c.visibility.in_(visibilities))
    parts = [
        select(table.c.dataset_id, func.ST_Extent(table.c.geom).label("box"))
        .where(table.c.dataset_id.in_(seen))
        .group_by(table.c.dataset_id)
        for table in (site, source)
    ]
    boxes = union_all(*parts).subquery()
    return select(boxes.c.dataset_id, *_edges(boxes.c.box))


def dataset_times(visibilities: tuple[str, ...]) -> Select[Any]:
    """The first and last day of sampling of each dataset."""
    seen = select(dataset.c.id).where(dataset.c.visibility.in_(visibilities))
    last = func.max(func.coalesce(specimen.c.sampled_to, specimen.c.sampled_from)).label("last")
    found = select(specimen.c.dataset_id, func.min(specimen.c.sampled_from).label("first"), last)
    return found.where(specimen.c.dataset_id.in_(seen)).group_by(specimen.c.dataset_id)


def surfaces_told(visibilities: tuple[str, ...]) -> Select[Any]:
    """Maps with their boxes and contaminants."""
    told = [surface.c[name] for name in ("id", "title", "method", "parameters", "scores", "version", "cell_m", "crs")]
    named = [surface.c.quantity, surface.c.created_at, contaminant.c.name.label("contaminant"), contaminant.c.cas]
    joined = surface.outerjoin(contaminant, contaminant.c.id == surface.c.contaminant_id)
    query = select(*told, *named, *_edges(surface.c.geom)).select_from(joined)
    return query.where(surface.c.visibility.in_(visibilities))


def layers_told(visibilities: tuple[str, ...]) -> Select[Any]:
    """Registered layers with their boxes."""
    told = [
        layer.c[name] for name in ("name", "kind", "title", "licence", "provider", "version", "checksum", "loaded_at")
    ]
    return select(*told, *_edges(layer.c.geom)).where(layer.c.visibility.in_(visibilities))


def _edges(box: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    edges = (("west", func.ST_XMin), ("south", func.ST_YMin), ("east", func.ST_XMax), ("north", func.ST_YMax))
    return [edge(box).label(name) for name, edge in edges]
