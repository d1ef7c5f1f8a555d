"""Who may see what was made from a dataset: nobody else than who may see the dataset."""

from sqlalchemy import Connection, update

from db.tables import hot_spot_run, surface
from db.versions import raise_version


def hide_what_rests_on(connection: Connection, dataset: str) -> None:
    """Make the surfaces and hot spots private that were made from samples of a dataset which became private."""
    for table in (surface, hot_spot_run):
        rests_on_it = table.c.parameters.contains({"datasets": [dataset]})
        connection.execute(update(table).where(rests_on_it).values(visibility="private"))
    raise_version(connection, "hotspots")
