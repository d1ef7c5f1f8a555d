"""The queue of long work: jobs wait in PostgreSQL, and a worker process apart from the service carries them out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from app.settings import Settings
from app.work.maps import MapRequest, make_map
from db.engine import Database
from db.selection import Bounds, Period, Selection

MAP = "map"


def defer_map(database: Database, request: MapRequest) -> int:
    """Put a map into the queue and return the number of its job."""
    queue = App(connector=SyncPsycopgConnector(conninfo=database.libpq))
    with queue.open():
        return queue.configure_task(MAP).defer(request=_as_json(request))


def work(settings: Settings, database: Database, *, until_empty: bool) -> None:
    """Carry out jobs one after the other, until stopped or, on wish, until none is left."""
    queue = App(connector=PsycopgConnector(conninfo=database.libpq))

    @queue.task(name=MAP)
    def make(request: dict[str, Any]) -> None:
        engine = database.engine()
        try:
            with engine.begin() as connection:
                made = make_map(settings, connection, _from_json(request))
        finally:
            engine.dispose()
        structlog.get_logger().info("map made", surface=made.id, created=made.created)

    with queue.open():
        queue.run_worker(wait=not until_empty, install_signal_handlers=not until_empty)


def _as_json(request: MapRequest) -> dict[str, Any]:
    return {**asdict(request), "area": str(request.area) if request.area else None}


def _from_json(stored: dict[str, Any]) -> MapRequest:
    chosen = dict(stored["selection"])
    chosen["bounds"] = Bounds(**chosen["bounds"]) if chosen["bounds"] else None
    chosen["period"] = Period(**chosen["period"]) if chosen["period"] else None
    chosen["depth"] = tuple(chosen["depth"]) if chosen["depth"] else None
    chosen["visibilities"] = tuple(chosen["visibilities"])
    area = Path(stored["area"]) if stored["area"] else None
    return MapRequest(**{**stored, "selection": Selection(**chosen), "area": area})
