"""Alembic's entry: migrations run on the connection that the caller hands over."""

from alembic import context
from sqlalchemy import Connection

from db.migrate import is_ours
from db.tables import metadata


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
