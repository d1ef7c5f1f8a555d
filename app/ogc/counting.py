"""How many features match: exactly where that is cheap, else as the database estimates, and said so."""

import orjson

from app.http.service import Service
from app.ogc.asking import Asked
from db.questions import layer
from db.statement import estimate

MOST_COUNTED = 10_000


async def counts_of(service: Service, collection: str, asked: Asked, found: int) -> dict[str, int]:
    """`numberMatched`, or `numberEstimated` where counting would mean reading everything; `found` rows were read."""
    if asked.page.place is None and found < asked.page.size:
        return {"numberMatched": found}
    version = service.versions.remembered(collection)
    key = (counts_of, collection, version, asked.selection, id(asked.layer))
    known: dict[str, int] | None = service.memory.get(key)
    if known is None:
        known = await _counted(service, asked)
        service.memory.put(key, known)
    return known


async def _counted(service: Service, asked: Asked) -> dict[str, int]:
    (row,) = await service.records(layer.count(asked.layer, asked.selection, up_to=MOST_COUNTED + 1))
    counted = int(row[0])
    if counted <= MOST_COUNTED:
        return {"numberMatched": counted}
    text, values = estimate(layer.keys(asked.layer, asked.selection))
    async with service.pool.acquire() as connection:
        plan = orjson.loads(await connection.fetchval(text, *values))
    return {"numberEstimated": max(counted, int(plan[0]["Plan"]["Plan Rows"]))}
