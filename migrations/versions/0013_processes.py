"""Jobs that execute processes, some of them asked for without a key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None

BEFORE = "the report of a load, what was taken out, or the draft of a profile"
AFTER = "the report of a load, what was taken out, a draft, the outputs of a process"


def upgrade() -> None:
    """Apply the change."""
    op.add_column("job", sa.Column("process", sa.Text(), comment="of a job that executes one"))
    asked = "its inputs, and which outputs were asked for and how"
    op.add_column("job", sa.Column("request", postgresql.JSONB(), comment=asked))
    no = sa.text("false")
    strangers: sa.Column[bool] = sa.Column(
        "open_to_all", sa.Boolean(), server_default=no, nullable=False, comment="asked for without a key"
    )
    op.add_column("job", strangers)
    op.alter_column("job", "result", comment=AFTER, existing_comment=BEFORE, existing_type=postgresql.JSONB())
    op.drop_constraint(op.f("ck_job_action"), "job")
    op.create_check_constraint(op.f("ck_job_action"), "job", "action IN ('load', 'unload', 'draft', 'execute')")
    op.create_check_constraint(op.f("ck_job_process"), "job", "(action = 'execute') = (process IS NOT NULL)")
    op.create_check_constraint(op.f("ck_job_open"), "job", "NOT open_to_all OR key_id IS NULL")
    op.create_index("ix_job_created_at", "job", ["created_at"])


def downgrade() -> None:
    """Take the change back, and the jobs that only exist with it."""
    op.execute("DELETE FROM job WHERE action = 'execute'")
    op.drop_index("ix_job_created_at", "job")
    for name in ("process", "open", "action"):
        op.drop_constraint(op.f(f"ck_job_{name}"), "job")
    op.create_check_constraint(op.f("ck_job_action"), "job", "action IN ('load', 'unload', 'draft')")
    op.alter_column("job", "result", comment=BEFORE, existing_comment=AFTER, existing_type=postgresql.JSONB())
    for name in ("open_to_all", "request", "process"):
        op.drop_column("job", name)
