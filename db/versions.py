"""Versions of layers: whoever changes a layer's rows raises its version in the same transaction."""

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import layer_version


def raise_version(connection: Connection, *layers: str) -> None:
    """Give each layer (`samples`, `sites`, `sources`, `hotspots`, …) a version that no client has seen."""
    for layer in sorted(layers):
        statement = insert(layer_version).values(layer=layer)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[layer_version.c.layer],
                set_={"version": layer_version.c.version + 1, "changed_at": func.now()},
            )
        )


def versions() -> Select[tuple[str, int]]:
    """The layers that ever changed, with their versions; a layer that is not there has version 0."""
    return select(layer_version.c.layer, layer_version.c.version)
