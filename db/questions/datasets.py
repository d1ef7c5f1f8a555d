"""Datasets: what is loaded, from whom, under which licence."""

from typing import Any

from sqlalchemy import Select, select

from db.tables import dataset

_TOLD = (
    *("name", "kind", "title", "licence", "provider", "contact", "citation", "version", "visibility"),
    *("sampling_design", "file_name", "loaded_at"),
)


def datasets(visibilities: tuple[str, ...]) -> Select[Any]:
    """All that may be seen, by name."""
    columns = (dataset.c[name] for name in _TOLD)
    return select(*columns).where(dataset.c.visibility.in_(visibilities)).order_by(dataset.c.name)


def dataset_called(name: str, visibilities: tuple[str, ...]) -> Select[Any]:
    """The dataset of that name, if it may be seen."""
    return datasets(visibilities).where(dataset.c.name == name)
