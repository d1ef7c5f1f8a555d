"""One address, three ways in: SQLAlchemy on psycopg for commands, on asyncpg for requests, and plain libpq."""

from dataclasses import dataclass

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@dataclass(frozen=True, slots=True)
class Database:
    """The address of a PostGIS database."""

    url: URL

    @classmethod
    def at(cls, address: str) -> "Database":
        """Read an address such as `postgresql://user:password@host/name`; raises `ValueError` for another kind."""
        try:
            url = make_url(address)
        except ArgumentError:
            raise ValueError("the database address must look like postgresql://user@host/name") from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise ValueError(f"only PostgreSQL with PostGIS is supported, got {url.get_backend_name()}://")
        return cls(url.set(drivername="postgresql"))

    @property
    def libpq(self) -> str:
        """The address for psycopg, asyncpg and procrastinate."""
        # SQLAlchemy leaves spaces as they are, which RFC 3986 and newer versions of libpq do not allow.
        return self.url.render_as_string(hide_password=False).replace(" ", "%20")

    def engine(self) -> Engine:
        """An engine for commands and bulk work."""
        return create_engine(self.url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)

    def async_engine(self, *, size: int = 8) -> AsyncEngine:
        """An engine for requests, with at most `size` connections."""
        return create_async_engine(
            self.url.set(drivername="postgresql+asyncpg"), pool_size=size, max_overflow=0, pool_pre_ping=True
        )
