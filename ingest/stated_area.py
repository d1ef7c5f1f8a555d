"""Where a profile says that its survey was made: a box, or areas that are registered as a layer."""

from sqlalchemy import Connection

from db.layers import layer_named
from ingest.errors import IngestError
from ingest.layers.places import inside
from ingest.profile import Position, RegisteredArea
from ingest.whereabouts import Inside, box


def stated_area(connection: Connection, position: Position) -> Inside | None:
    """What tells which places lie there; None where nothing is stated, `IngestError` for no such layer or code."""
    if not isinstance(position.within, RegisteredArea):
        return None if position.within is None else box(*position.within)
    stated = position.within
    try:
        return inside(connection, layer_named(connection, stated.layer), stated.code, stated.tolerance_m)
    except ValueError as error:
        raise IngestError(f"position.within: {error}") from None
