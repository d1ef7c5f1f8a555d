"""The schema of the job queue, which belongs to procrastinate."""

from alembic import op
from procrastinate.schema import SchemaManager

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

_REMOVE = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT relname FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%' AND pg_table_is_visible(oid)
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.relname);
    END LOOP;
    FOR found IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pg_function_is_visible(oid)
    LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', found.name);
    END LOOP;
    FOR found IN SELECT typname FROM pg_type
        WHERE typtype IN ('e', 'c') AND typname LIKE 'procrastinate\\_%' AND pg_type_is_visible(oid)
    LOOP
        EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', found.typname);
    END LOOP;
END
$$
"""


def _run(script: str) -> None:
    """Many statements in one text: only the driver's own cursor takes them."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None  # noqa: S101
    driver.cursor().execute(script)


def upgrade() -> None:
    """Create what the queue needs."""
    _run(SchemaManager.get_schema())


def downgrade() -> None:
    """Remove everything that carries the queue's name."""
    _run(_REMOVE)
