"""The queue of long work: jobs wait in PostgreSQL, and a worker process apart from the service carries them out."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import DateTime, Select, column, func, select, table

from app.work import job_book
from app.work.drift import DriftTerm
from app.work.job_book import Order
from app.work.map_request import MapRequest
from app.work.material import selection_from, stored_selection
from db.engine import Database
from mapping.neighbourhood import given_neighbours

MAP = "map"
ORDER = "order"
AFTER_OTHERS = -1
"""The priority of what strangers ask for: they never keep the holder of a key waiting."""
HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 20.0
"""A worker that has not been heard of for so long is dead: it would have spoken four times."""


def defer_map(database: Database, request: MapRequest) -> int:
    """Put a map into the queue and return the number of its job."""
    queue = App(connector=SyncPsycopgConnector(conninfo=database.libpq))
    with queue.open():
        return queue.configure_task(MAP).defer(request=as_json(request))


def defer_order(database: Database, order: Order) -> None:
    """Enter a job into the book and put it into the queue, both or neither; those on one dataset come in turn."""
    queue = App(connector=SyncPsycopgConnector(conninfo=database.libpq))
    engine = database.engine()
    try:
        with engine.begin() as connection:
            job_book.write_down(connection, order)
            same = None if order.dataset is None else f"dataset {order.dataset}"
            driver = connection.connection.driver_connection
            turn = AFTER_OTHERS if order.open_to_all else 0
            queue.configure_task(ORDER, lock=same, priority=turn, connection=driver).defer(identifier=order.id)
    finally:
        engine.dispose()


def workers_alive() -> Select[int]:
    """How many workers there are."""
    heard = column("last_heartbeat", DateTime(timezone=True))
    workers = table("procrastinate_workers", heard)
    return select(func.count()).select_from(workers).where(heard > func.now() - dt.timedelta(seconds=SILENT_SECONDS))


def as_json(request: MapRequest) -> dict[str, Any]:
    """A request as it waits in the queue."""
    area = str(request.area) if request.area else None
    return {**asdict(request), "area": area, "selection": stored_selection(request.selection)}


def from_json(stored: dict[str, Any]) -> MapRequest:
    """The request that `as_json` wrote."""
    area = Path(stored["area"]) if stored["area"] else None
    drift = tuple(DriftTerm(**term) for term in stored.get("drift", ()))
    near = given_neighbours(stored.get("neighbours"))
    chosen = {"selection": selection_from(stored), "area": area, "drift": drift, "neighbours": near}
    return MapRequest(**{**stored, **chosen})
