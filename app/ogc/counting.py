"""How many features match: exactly where that is cheap, else as the database estimates, and said so."""

import orjson

from app.http.service import Service
from app.ogc.asking import Asked
from db.pyramid.counting import UNBUILT, Counting, Inner
from db.questions import layer
from db.statement import estimate, rendered

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
    counting = Counting.of(asked.layer, asked.selection)
    exact = await _from_cells(service, counting) if counting is not None else None
    if exact is not None:
        return {"numberMatched": exact}
    (row,) = await service.records(layer.count(asked.layer, asked.selection, up_to=MOST_COUNTED + 1))
    counted = int(row[0])
    if counted <= MOST_COUNTED:
        return {"numberMatched": counted}
    text, values = estimate(layer.keys(asked.layer, asked.selection))
    async with service.pool.acquire() as connection:
        plan = orjson.loads(await connection.fetchval(text, *values))
    return {"numberEstimated": max(counted, int(plan[0]["Plan"]["Plan Rows"]))}


async def _from_cells(service: Service, counting: Counting) -> int | None:
    """How many rows there are, from the pyramid and along the edges of the box; None while a pyramid is missing."""
    total = 0
    async with (
        service.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if await connection.fetchval(UNBUILT, list(counting.selection.visibilities)):
            return None
        for box in counting.boxes:
            inner = Inner.of(box)
            if inner is not None:
                statement, values = counting.statement(inner)
                total += inner.count(await connection.fetch(statement, *values))
            text, values = rendered(counting.rest(box, inner))
            total += int(await connection.fetchval(text, *values))
    return total
