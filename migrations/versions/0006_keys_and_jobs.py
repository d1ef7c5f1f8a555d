"""Keys, and the jobs that their holders ask for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None


def _moment(name: str, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **more)  # type: ignore[arg-type]


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "access_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="who or what holds it"),
        sa.Column("handle", sa.Text(), nullable=False, comment="the part of the key that is no secret"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the secret part, which is random"),
        sa.Column(
            "scopes",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="load, load:<dataset>, unload, …, read-private",
        ),
        _moment("created_at", server_default=sa.func.now(), nullable=False),
        _moment("expires_at"),
        _moment("revoked_at"),
        _moment("last_used_at", comment="to the minute"),
        sa.PrimaryKeyConstraint("id", name="pk_access_key"),
        sa.UniqueConstraint("handle", name="uq_access_key_handle"),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_access_key_hash")),
    )
    valid = sa.text("revoked_at IS NULL")
    op.create_index("uq_access_key_name", "access_key", ["name"], unique=True, postgresql_where=valid)
    op.create_table(
        "job",
        sa.Column("id", sa.Text(), nullable=False, comment="random, so that it cannot be guessed"),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), comment="of what is loaded: samples or sources"),
        sa.Column("dataset", sa.Text()),
        sa.Column("key_id", sa.BigInteger(), comment="whose holder asked"),
        sa.Column("profile", sa.Text(), comment="name of a shipped one; empty where it came with the file"),
        sa.Column("file_name", sa.Text()),
        sa.Column("file_bytes", sa.BigInteger()),
        sa.Column("file_sha256", sa.Text()),
        sa.Column("status", sa.Text(), server_default="accepted", nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("done", "total")),
        sa.Column("message", sa.Text(), comment="why it failed"),
        sa.Column(
            "result", postgresql.JSONB(), comment="the report of a load, what was taken out, or the draft of a profile"
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        *(
            sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
            for name in ("dismissal_asked", "files_kept")
        ),
        _moment("created_at", server_default=sa.func.now(), nullable=False),
        _moment("started_at"),
        _moment("finished_at"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.ForeignKeyConstraint(["key_id"], ["access_key.id"], name="fk_job_key_id", ondelete="SET NULL"),
        sa.CheckConstraint("action IN ('load', 'unload', 'draft')", name=op.f("ck_job_action")),
        sa.CheckConstraint("kind IN ('samples', 'sources')", name=op.f("ck_job_kind")),
        sa.CheckConstraint(
            "status IN ('accepted', 'running', 'successful', 'failed', 'dismissed')", name=op.f("ck_job_status")
        ),
    )
    op.create_index("ix_job_dataset", "job", ["dataset"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("job")
    op.drop_table("access_key")
