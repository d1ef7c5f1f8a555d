"""Keys: nobody writes without one, each opens what its scopes say, and none outlives its end."""

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, select, update

from app.cli import main
from app.factory import create_app
from app.keys import Holder, KeyRefusedError, Scope, Secret, create_key, listed_keys, revoke_key
from app.settings import Settings
from db.engine import Database
from db.tables import access_key
from tests.app.conftest import World

WRITING = ("POST", "PUT", "PATCH", "DELETE")
DATASET = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)


@pytest.fixture(scope="module")
def engine(world: World) -> Iterator[Engine]:
    engine = world.database.engine()
    yield engine
    with engine.begin() as connection:
        connection.execute(delete(access_key))
    engine.dispose()


_turn = itertools.count()


def new_key(engine: Engine, *scopes: str, expires: dt.datetime | None = None) -> str:
    with engine.begin() as connection:
        made = create_key(connection, f"test {next(_turn)}", [Scope.parse(scope) for scope in scopes], expires)
    return made.written()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


PATHS = create_app(Settings(), Database.at("postgresql://nobody@nowhere/none")).openapi()["paths"]
WRITTEN = [(method.upper(), path) for path, methods in PATHS.items() for method in methods if method.upper() in WRITING]

OPEN = {("POST", "/processes/{process}/execution"), ("DELETE", "/jobs/{job}")}
"""What strangers may ask for, if it is there: test_processes holds what they may then do."""


def filled(path: str) -> str:
    """A path with something in its braces."""
    return path.replace("{collection}", "samples").replace("{", "").replace("}", "")


def is_problem(response: httpx.Response, status: int) -> bool:
    document = response.json()
    return (
        response.status_code == status
        and response.headers["content-type"] == "application/problem+json"
        and document["status"] == status
        and bool(document["detail"])
    )


def test_there_are_routes_that_write() -> None:
    assert {("POST", "/imports"), ("DELETE", "/datasets/{dataset}"), ("DELETE", "/jobs/{job}")} <= set(WRITTEN)


@pytest.mark.parametrize("path", [*PATHS, "/pages.css", "/nowhere"])
async def test_nobody_writes_anywhere_without_a_key(client: httpx.AsyncClient, path: str) -> None:
    for method in WRITING:
        response = await client.request(method, filled(path))
        closed = 404 if (method, path) in OPEN else 401
        expected = closed if (method, path) in WRITTEN else 405 if path != "/nowhere" else 404
        assert is_problem(response, expected), (method, path, response.text)
        if expected == 401:
            assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), WRITTEN)
async def test_a_key_of_another_scope_does_not_write(
    client: httpx.AsyncClient, engine: Engine, method: str, path: str
) -> None:
    response = await client.request(method, filled(path), headers=bearer(new_key(engine, "read-private")))
    # a job of somebody else is not there at all, whatever the scope
    assert is_problem(response, 404 if (method, path) in OPEN else 403), response.text


@pytest.mark.parametrize(("method", "path"), [*WRITTEN, ("GET", "/jobs"), ("GET", "/collections")])
async def test_a_bad_key_is_refused_everywhere(
    client: httpx.AsyncClient, engine: Engine, method: str, path: str
) -> None:
    good = new_key(engine, "load", "unload")
    other = Secret.new().written()
    bad = {
        "nonsense": "Bearer nonsense",
        "unknown": f"Bearer {other}",
        "handle of another": f"Bearer {good[:25]}{other[25:]}",
        "basic": "Basic dXNlcjpwYXNz",
        "empty": "Bearer ",
        "cut off": f"Bearer {good[:-1]}",
    }
    for name, header in bad.items():
        response = await client.request(method, filled(path), headers={"Authorization": header})
        assert is_problem(response, 401), (name, response.text)
        assert good not in response.text


async def test_a_revoked_key_opens_nothing_from_then_on(client: httpx.AsyncClient, engine: Engine) -> None:
    key = new_key(engine, "load")
    assert (await client.get("/jobs", headers=bearer(key))).status_code == 200
    with engine.begin() as connection:
        revoke_key(connection, key.split("_")[1])
    assert is_problem(await client.get("/jobs", headers=bearer(key)), 401)
    with engine.begin() as connection, pytest.raises(ValueError, match="no key"):
        revoke_key(connection, key.split("_")[1])


async def test_an_expired_key_opens_nothing(client: httpx.AsyncClient, engine: Engine) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    key = new_key(engine, "load", expires=soon)
    assert (await client.get("/jobs", headers=bearer(key))).status_code == 200
    with engine.begin() as connection:
        mine = access_key.c.handle == key.split("_")[1]
        connection.execute(update(access_key).where(mine).values(expires_at=soon - dt.timedelta(hours=2)))
    response = await client.get("/jobs", headers=bearer(key))
    assert is_problem(response, 401)
    assert "expired" in response.json()["detail"]


async def test_the_last_use_is_noted(client: httpx.AsyncClient, engine: Engine) -> None:
    key = new_key(engine, "read-private")
    mine = select(access_key.c.last_used_at).where(access_key.c.handle == key.split("_")[1])
    with engine.connect() as connection:
        assert connection.execute(mine).scalar() is None
    await client.get("/collections", headers=bearer(key))
    with engine.connect() as connection:
        assert connection.execute(mine).scalar() is not None


async def test_keys_stay_out_of_logs_and_addresses(client: httpx.AsyncClient, engine: Engine) -> None:
    key = new_key(engine, "load")
    with structlog.testing.capture_logs() as logs:
        await client.get("/jobs", headers=bearer(key))
        await client.get(f"/jobs?key={key}")
        await client.get("/collections", params={"access_token": key})
    secret = key.split("_")[2]
    assert secret not in json.dumps(logs, default=str)
    refused = await client.get("/collections", params={"access_token": key})
    assert (refused.status_code, secret in refused.text) == (400, False)


def test_only_hashes_are_stored(connection: Connection) -> None:
    made = create_key(connection, "a program", [Scope("load")], None)
    (row,) = connection.execute(select(access_key)).all()
    assert row.hash == made.hash
    assert made.secret not in str(row)
    assert made.secret not in repr(made)
    assert "hash" not in listed_keys(connection)[0]._fields


def test_mistakes_in_making_keys_are_named(connection: Connection) -> None:
    create_key(connection, "a program", [Scope("load")], None)
    for name, scopes, end, said in (
        ("a program", [Scope("load")], None, "already"),
        ("other", [], None, "--scope"),
        ("other", [Scope("load")], dt.datetime(2001, 1, 1, tzinfo=dt.UTC), "expired already"),
        (" ", [Scope("load")], None, "name"),
        ("a\x1b[31m", [Scope("load")], None, "name"),
    ):
        with pytest.raises(ValueError, match=said):
            create_key(connection, name, scopes, end)
    revoke_key(connection, "a program")
    create_key(connection, "a program", [Scope("load")], None)


def test_the_commands_make_list_and_revoke(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDAPHOS_HOME", str(world.settings.home))
    monkeypatch.setenv("EDAPHOS_DATABASE_URL", world.database.libpq)

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["edaphos", "key", *words])
        with contextlib.suppress(SystemExit):
            main()
        told = capsys.readouterr()
        return told.out or told.err

    made = json.loads(run("create", "a tractor", "--scope", "load:field", "--expires", "30d", "--json"))
    assert Secret.parse(made["key"]).written() == made["key"]
    listed = run("list", "--json")
    assert made["key"].split("_")[2] not in listed
    (mine,) = [entry for entry in json.loads(listed)["keys"] if entry["name"] == "a tractor"]
    assert (mine["scopes"], mine["revoked_at"], mine["last_used_at"]) == (["load:field"], None, None)
    assert "a tractor" in run("list")
    assert json.loads(run("revoke", "a tractor", "--json")) == {"name": "a tractor", "revoked": True}
    for words, said in (
        (("revoke", "a tractor"), "no key"),
        (("create", "x"), "--scope"),
        (("create", "x", "--scope", "fly"), "no scope 'fly'"),
        (("create", "x", "--scope", "read-private:meuse"), "all datasets"),
        (("create", "x", "--scope", "load", "--expires", "soon"), "--expires"),
        (("create", "x", "--scope", "load", "--expires", "2001-01-01"), "expired already"),
    ):
        assert said in run(*words)


@given(st.sampled_from(["load", "unload"]), DATASET, DATASET)
def test_a_scope_for_a_dataset_opens_that_one_alone(action: str, dataset: str, other: str) -> None:
    holder = Holder(1, "x", (Scope(action, dataset),))
    assert Scope.parse(str(Scope(action, dataset))) == Scope(action, dataset)
    assert holder.may(action)
    assert holder.may(action, dataset)
    assert holder.may(action, other) == (dataset == other)
    assert Holder(1, "x", (Scope(action),)).may(action, other)
    assert not holder.may("unload" if action == "load" else "load", dataset)
    assert holder.visibilities == ("public",)


@given(st.text(max_size=80))
def test_no_text_is_a_key_or_a_scope_by_accident(text: str) -> None:
    with pytest.raises(KeyRefusedError):
        Secret.parse(text)
    if text.strip() not in ("load", "unload", "read-private"):
        with pytest.raises(ValueError, match="scope"):
            Scope.parse(text + " ")


@pytest.mark.parametrize(
    "path",
    [
        "/collections/samples/items?limit=1000",
        "/collections/sites/items",
        "/collections/sources/items",
        "/collections/hotspots/items",
        "/collections/samples/queryables",
        "/collections",
        "/datasets",
        "/collections/samples/tiles/WebMercatorQuad/0/0/0",
    ],
)
async def test_who_may_read_private_rows_sees_more(client: httpx.AsyncClient, engine: Engine, path: str) -> None:
    key = new_key(engine, "read-private")
    public = await client.get(path)
    mine = await client.get(path, headers=bearer(key))
    again = await client.get(path)
    without = await client.get(path, headers=bearer(new_key(engine, "load", "unload")))
    assert mine.status_code == public.status_code == without.status_code == 200
    assert told(mine) != told(public)
    assert told(again) == told(public) == told(without), "what one key saw is told to nobody else"
    for response in (mine, without):
        assert "private" in response.headers["cache-control"]
        assert "public" not in response.headers["cache-control"]
    assert all("authorization" in response.headers["vary"].lower() for response in (public, mine))


def told(response: httpx.Response) -> object:
    """What an answer says, but for the moment at which it says it."""
    if "json" not in response.headers["content-type"]:
        return response.content
    return {name: value for name, value in response.json().items() if name != "timeStamp"}


async def test_private_maps_are_there_for_who_may_read_them(client: httpx.AsyncClient, engine: Engine) -> None:
    headers = bearer(new_key(engine, "read-private"))
    root = "/collections/surface-zinc-5ec3e700"
    for path in (root, f"{root}/tilejson.json", f"{root}/limits", f"{root}/position?coords=POINT(5.75 50.98)"):
        assert (await client.get(path)).status_code == 404
        assert (await client.get(path, headers=headers)).status_code == 200
        assert (await client.get(path)).status_code == 404
    template = (await client.get(f"{root}/tilejson.json", headers=headers)).json()["tiles"][0]
    tile = template.removeprefix("http://test").format(z=0, y=0, x=0)
    answer = await client.get(tile, headers=headers)
    assert answer.status_code in (200, 204)
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (await client.get(tile)).status_code == 404
