"""Who may see what was made from a dataset or a layer: nobody else than who may see these."""

from sqlalchemy import Connection, select, update

from db.tables import hot_spot_run, surface
from db.versions import raise_version

SURFACES = "surfaces"
"""Maps never change; the version of all of them is raised when one can be seen by fewer."""


def hide_what_rests_on(connection: Connection, dataset: str) -> None:
    """Make the surfaces and hot spots private that were made from samples of a dataset which became private."""
    for table in (surface, hot_spot_run):
        rests_on_it = table.c.parameters.contains({"datasets": [dataset]})
        connection.execute(update(table).where(rests_on_it).values(visibility="private"))
    raise_version(connection, "hotspots", SURFACES)


def hide_what_rests_on_layer(connection: Connection, layer: str) -> None:
    """Make the surfaces private whose drift or area is a layer which became private, and the hot spots on them."""
    rests_on_it = surface.c.parameters.contains({"layers": [layer]})
    connection.execute(update(surface).where(rests_on_it).values(visibility="private"))
    on_these = hot_spot_run.c.surface_id.in_(select(surface.c.id).where(rests_on_it))
    connection.execute(update(hot_spot_run).where(on_these).values(visibility="private"))
    raise_version(connection, "hotspots", SURFACES)
