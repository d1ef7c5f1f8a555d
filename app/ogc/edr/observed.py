"""What was measured, as the collection of measurements tells it."""

from collections.abc import Mapping
from typing import Any

from app.http.service import Service
from app.ogc.collection import Collection
from app.ogc.edr.routes import MEASUREMENTS
from app.ogc.edr.samples import parameters_of
from db.questions.vocabulary import measured_contaminants
from db.selection import Selection


async def observed(service: Service, collection: Collection) -> Mapping[str, Any]:
    """`parameter_names` of the measurements: the contaminants of which there are any that may be seen."""
    if collection.id != MEASUREMENTS:
        return {}
    key = (observed, service.visible)
    known: Mapping[str, Any] | None = service.memory.get(key)
    if known is None:
        rows = await service.rows(measured_contaminants(Selection(visibilities=service.visible)))
        known = {"parameter_names": parameters_of([row.id for row in rows])}
        service.memory.put(key, known)
    return known
