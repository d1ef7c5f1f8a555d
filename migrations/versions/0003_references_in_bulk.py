"""The references of sites, specimens and measurements, checked once per statement.

A foreign key runs a query for each new row and each key, which made up four fifths of the time of a load. The triggers
below give the same guarantee for all rows of a statement together: referenced rows are locked FOR KEY SHARE, as foreign
keys lock them, so that nobody can take them away until the new rows are committed.
"""

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

# table: {what it refers to: {column of the table: column of what it refers to}}
_PARENTS = {
    "site": {"dataset": {"dataset_id": "id"}},
    "specimen": {"site": {"site_id": "id", "dataset_id": "dataset_id"}},
    "measurement": {
        "specimen": {"specimen_id": "id", "dataset_id": "dataset_id"},
        "contaminant": {"contaminant_id": "id"},
        "procedure": {"procedure_id": "id"},
    },
}
# parent: the rows that go with it
_OWNED = {
    "dataset": ("site", "dataset_id"),
    "site": ("specimen", "site_id"),
    "specimen": ("measurement", "specimen_id"),
}

_PARENTS_EXIST = """
CREATE FUNCTION {table}_parents_exist() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {checks}
    RETURN NULL;
END $$
"""
_CHECK = """
    IF (
        WITH wanted AS MATERIALIZED (SELECT DISTINCT {columns} FROM added),
        found AS MATERIALIZED (SELECT FROM {parent} p JOIN wanted a ON {condition} FOR KEY SHARE OF p)
        SELECT (SELECT count(*) FROM found) < (SELECT count(*) FROM wanted)
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'a {table} refers to a {parent} that does not exist or is of another dataset';
    END IF;
"""
_CHILDREN_GO = """
CREATE FUNCTION {parent}_children_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM {child} WHERE {column} IN (SELECT id FROM removed);
    RETURN NULL;
END $$
"""
_PARENT_STAYS = """
CREATE FUNCTION parent_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    referred boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I c WHERE NOT EXISTS (SELECT FROM %I p WHERE p.id = c.%I))',
        TG_ARGV[0], TG_TABLE_NAME, TG_ARGV[1]
    ) INTO referred;
    IF referred THEN
        RAISE foreign_key_violation USING MESSAGE = format('a %s that a %s refers to stays', TG_TABLE_NAME, TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGER = "CREATE TRIGGER {name} AFTER {when} ON {table} {rows} FOR EACH STATEMENT EXECUTE FUNCTION {function}"


def _functions() -> list[str]:
    exist = [
        _PARENTS_EXIST.format(
            table=table, checks="".join(_check(table, parent, columns) for parent, columns in parents.items())
        )
        for table, parents in _PARENTS.items()
    ]
    go = [_CHILDREN_GO.format(parent=parent, child=child, column=column) for parent, (child, column) in _OWNED.items()]
    return [*exist, *go, _PARENT_STAYS]


def _check(table: str, parent: str, columns: dict[str, str]) -> str:
    condition = " AND ".join(f"a.{own} = p.{other}" for own, other in columns.items())
    return _CHECK.format(table=table, parent=parent, columns=", ".join(columns), condition=condition)


def _triggers() -> list[str]:
    made = []

    def make(table: str, name: str, when: str, rows: str, function: str) -> None:
        made.append(_TRIGGER.format(table=table, name=f"{table}_{name}", when=when, rows=rows, function=function))

    for table, parents in _PARENTS.items():
        for name, when in (("added", "INSERT"), ("changed", "UPDATE")):
            make(table, name, when, "REFERENCING NEW TABLE AS added", f"{table}_parents_exist()")
        for parent, columns in parents.items():
            # where the children go with their parent, only a way that takes none of them along is left to refuse
            ways = "TRUNCATE OR UPDATE OF id" if parent in _OWNED else "DELETE OR TRUNCATE OR UPDATE OF id"
            make(parent, "stays", ways, "", f"parent_stays('{table}', '{next(iter(columns))}')")
    for parent in _OWNED:
        make(parent, "removed", "DELETE", "REFERENCING OLD TABLE AS removed", f"{parent}_children_go()")
    return made


def upgrade() -> None:
    """Apply the change."""
    for statement in (*_functions(), *_triggers()):
        op.execute(statement)


def downgrade() -> None:
    """Take the change back."""
    functions = [*(f"{table}_parents_exist" for table in _PARENTS), *(f"{parent}_children_go" for parent in _OWNED)]
    for function in (*functions, "parent_stays"):
        op.execute(f"DROP FUNCTION {function}() CASCADE")
