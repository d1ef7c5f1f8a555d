"""Keys: random, shown once, stored as a hash; each with a name, with scopes, and perhaps with an end."""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, Update, func, insert, or_, select, text, update
from sqlalchemy.engine import Connection

from db.tables import VISIBILITIES, access_key

PUBLIC = ("public",)
OF_A_DATASET = ("load", "unload")
READ_PRIVATE = "read-private"
PUBLISH = "publish"
_KEY = re.compile(r"edaphos_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_DATASET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_IN_USE = access_key.c.revoked_at.is_(None)


class KeyRefusedError(Exception):
    """The key is not one, or no longer; the message says which."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key opens: `load` or `unload`, of any dataset or one, `publish` (maps, hot spots), or `read-private`."""

    action: str
    dataset: str | None = None

    def __post_init__(self) -> None:
        if self.action not in (*OF_A_DATASET, PUBLISH, READ_PRIVATE):
            known = "load, load:<dataset>, unload, unload:<dataset>, publish and read-private"
            raise ValueError(f"there is no scope {self.action!r}; scopes are {known}")
        if self.dataset is None:
            return
        if self.action not in OF_A_DATASET:
            raise ValueError(f"the scope {self.action} is for all datasets: write it without :{self.dataset}")
        if not _DATASET.fullmatch(self.dataset):
            raise ValueError(f"{self.dataset!r} cannot be the name of a dataset (in the scope {self.action})")

    @classmethod
    def parse(cls, written: str) -> "Scope":
        """Read `load:meuse`; raises `ValueError`."""
        action, colon, dataset = written.strip().partition(":")
        return cls(action, dataset if colon else None)

    def __str__(self) -> str:
        return self.action if self.dataset is None else f"{self.action}:{self.dataset}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who showed a valid key, and what it opens."""

    id: int
    name: str
    scopes: tuple[Scope, ...]

    def may(self, action: str, dataset: str | None = None) -> bool:
        """Whether the key opens this action, for that dataset or, without one, for any dataset at all."""
        return any(
            scope.action == action and (dataset is None or scope.dataset in (None, dataset)) for scope in self.scopes
        )

    @property
    def visibilities(self) -> tuple[str, ...]:
        """Which rows, maps and hot spots the holder sees."""
        return VISIBILITIES if self.may(READ_PRIVATE) else PUBLIC


@dataclass(frozen=True, slots=True)
class Secret:
    """A key in the hand of its holder; the handle finds its row, the secret is compared with the hash there."""

    handle: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> "Secret":
        """A key of 256 random bits."""
        return cls(secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, written: str) -> "Secret":
        """Read a key; raises `KeyRefusedError`."""
        found = _KEY.fullmatch(written)
        if not found:
            raise KeyRefusedError("the key is not one that `edaphos key create` makes")
        return cls(found[1], found[2])

    def written(self) -> str:
        """The key as its holder keeps it."""
        return f"edaphos_{self.handle}_{self.secret}"

    @property
    def hash(self) -> bytes:
        """SHA-256 of the secret: 256 random bits need no salt and no slow hash, nobody can try them all."""
        return hashlib.sha256(self.secret.encode()).digest()


def create_key(connection: Connection, name: str, scopes: Sequence[Scope], expires: dt.datetime | None) -> Secret:
    """Make a key; what is returned is seen this once. Raises `ValueError` for a name in use or without scopes."""
    if not scopes:
        raise ValueError("a key without a scope opens nothing: give --scope")
    if not (name.strip() and name.isprintable()):
        raise ValueError("a key needs a name that can be printed, such as the person or program that will hold it")
    if expires is not None and expires <= dt.datetime.now(dt.UTC):
        raise ValueError(f"the key would have expired already, on {expires:%Y-%m-%d}")
    if connection.execute(select(access_key.c.id).where(access_key.c.name == name, _IN_USE)).first():
        raise ValueError(f"there is a key {name!r} already: choose another name, or revoke it first")
    made = Secret.new()
    row = {
        "name": name,
        "handle": made.handle,
        "hash": made.hash,
        "scopes": sorted({str(scope) for scope in scopes}),
        "expires_at": expires,
    }
    connection.execute(insert(access_key).values(row))
    return made


def listed_keys(connection: Connection) -> Sequence[Row[Any]]:
    """All keys that ever were, the newest first, without their hashes."""
    columns = [column for column in access_key.c if column.name != "hash"]
    return connection.execute(select(*columns).order_by(access_key.c.id.desc())).all()


def revoke_key(connection: Connection, name: str) -> None:
    """End a key by its name or handle; it opens nothing from the commit on. Raises `ValueError` where there is none."""
    called = or_(access_key.c.name == name, access_key.c.handle == name)
    ended = update(access_key).where(called, _IN_USE).values(revoked_at=func.now())
    if not connection.execute(ended).rowcount:
        names = connection.execute(select(access_key.c.name).where(_IN_USE).order_by(access_key.c.name)).scalars()
        raise ValueError(f"there is no key {name!r} in use; in use are {', '.join(names) or 'none'}")


def key_called(handle: str) -> Select[Any]:
    """The row of a key: its hash, and how it stands now."""
    return select(
        access_key.c.id,
        access_key.c.name,
        access_key.c.hash,
        access_key.c.scopes,
        access_key.c.revoked_at.is_not(None).label("revoked"),
        func.coalesce(access_key.c.expires_at <= func.now(), text("false")).label("expired"),
    ).where(access_key.c.handle == handle)


def used(key: int) -> Update:
    """Note that a key was used, at most once a minute: reading must not become writing."""
    long_ago = access_key.c.last_used_at < func.now() - text("interval '1 minute'")
    never = access_key.c.last_used_at.is_(None)
    return update(access_key).where(access_key.c.id == key, or_(never, long_ago)).values(last_used_at=func.now())


def holder_of_row(shown: Secret, row: Row[Any] | None) -> Holder:
    """The holder whose row `key_called` found; raises `KeyRefusedError`, for a wrong secret as for no such key."""
    if not hmac.compare_digest(shown.hash, bytes(row.hash) if row is not None else bytes(32)) or row is None:
        raise KeyRefusedError("the key is not known here")
    if row.revoked:
        raise KeyRefusedError("the key has been revoked")
    if row.expired:
        raise KeyRefusedError("the key has expired")
    return holder_in(row)


def holder_in(row: Row[Any]) -> Holder:
    """The holder that a row of the table of keys says, its secret unchecked."""
    return Holder(row.id, row.name, tuple(Scope.parse(written) for written in row.scopes))
