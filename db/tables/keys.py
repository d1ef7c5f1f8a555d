"""Keys that open what is closed to strangers, and the jobs that their holders ask for."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.tables.columns import created, key, metadata, one_of

JOB_ACTIONS = ("load", "unload", "draft", "execute")
JOB_STATES = ("accepted", "running", "successful", "failed", "dismissed")
"""The words of OGC API Processes (18-062r2, table 8) for how a job stands."""

access_key = Table(
    "access_key",
    metadata,
    key(),
    Column("name", Text, nullable=False, comment="who or what holds it"),
    Column("handle", Text, nullable=False, unique=True, comment="the part of the key that is no secret"),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 of the secret part, which is random"),
    Column("scopes", ARRAY(Text), nullable=False, comment="load, load:<dataset>, unload, …, read-private"),
    created(),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True), comment="to the minute"),
    CheckConstraint("length(hash) = 32", name="hash"),
    Index("uq_access_key_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
)

job = Table(
    "job",
    metadata,
    Column("id", Text, primary_key=True, comment="random, so that it cannot be guessed"),
    Column("action", Text, nullable=False),
    Column("kind", Text, comment="of what is loaded: samples or sources"),
    Column("dataset", Text, index=True),
    Column("key_id", BigInteger, ForeignKey("access_key.id", ondelete="SET NULL"), comment="whose holder asked"),
    Column("profile", Text, comment="name of a shipped one; empty where it came with the file"),
    Column("process", Text, comment="of a job that executes one"),
    Column("request", JSONB, comment="its inputs, and which outputs were asked for and how"),
    Column("open_to_all", Boolean, nullable=False, server_default=text("false"), comment="asked for without a key"),
    Column("file_name", Text),
    Column("file_bytes", BigInteger),
    Column("file_sha256", Text),
    Column("status", Text, nullable=False, server_default="accepted"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("message", Text, comment="why it failed"),
    Column("result", JSONB, comment="the report of a load, what was taken out, a draft, the outputs of a process"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("dismissal_asked", Boolean, nullable=False, server_default=text("false")),
    Column("files_kept", Boolean, nullable=False, server_default=text("false")),
    created(),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    one_of("action", JOB_ACTIONS),
    one_of("kind", ("samples", "sources")),
    one_of("status", JOB_STATES),
    CheckConstraint("(action = 'execute') = (process IS NOT NULL)", name="process"),
    CheckConstraint("NOT open_to_all OR key_id IS NULL", name="open"),
    Index("ix_job_created_at", "created_at"),
)
