"""Whom the data of a collection come from, and under which licences: what the datasets in it say."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from app.http.service import Service
from app.ogc.collection import Collection, SurfaceCollection
from db.questions.datasets import datasets

_KINDS = {"samples": "samples", "sites": "samples", "sources": "sources"}
VARIOUS = "various"
"""What the licence is called where there are several; each is listed with its provider."""


async def credit_of(service: Service, found: Collection) -> dict[str, Any]:
    """`attribution`, `license` and `providers` of a collection; nothing where no dataset is behind it."""
    rows = [row for row in await _datasets(service) if _is_behind(found, row)]
    if not rows:
        return {}
    licences = _once(row.licence for row in rows)
    return {
        "attribution": "; ".join(_once(row.provider for row in rows)),
        "license": licences[0] if len(licences) == 1 else VARIOUS,
        "providers": [
            {"name": row.provider, "roles": ["producer"], "dataset": row.name, "license": row.licence} for row in rows
        ],
    }


async def _datasets(service: Service) -> Sequence[Row[Any]]:
    key = (credit_of, service.visible)
    known: Sequence[Row[Any]] | None = service.memory.get(key)
    if known is None:
        known = await service.rows(datasets(service.visible))
        service.memory.put(key, known)
    return known


def _is_behind(found: Collection, row: Row[Any]) -> bool:
    if isinstance(found, SurfaceCollection):
        return row.name in found.row["parameters"].get("datasets", [])
    return bool(row.kind == _KINDS.get(found.id))


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
