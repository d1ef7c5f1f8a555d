"""Processes: laws over the table of all of them, and executions at once and as jobs, with keys and without."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Engine, text

from app.factory import create_app
from app.keys import Scope, create_key
from app.ogc import executing
from app.processes import PROCESSES, Process, all_processes, process_called
from app.processes.echo import EchoInputs
from app.processes.inputs import InputError, checked_inputs, inputs_of
from app.settings import Settings
from app.worker import tidy, work
from db import migrate
from db.engine import Database
from ingest.vocabulary import load_vocabularies

LATER = {"Prefer": "respond-async"}
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"


@dataclass(frozen=True)
class House:
    """A service with an empty database, and what a worker of it needs."""

    client: httpx.AsyncClient
    settings: Settings
    database: Database
    engine: Engine

    def key(self, *scopes: str) -> dict[str, str]:
        with self.engine.begin() as connection:
            name = f"key {time.monotonic_ns()}"
            made = create_key(connection, name, [Scope.parse(scope) for scope in scopes], None)
        return {"Authorization": f"Bearer {made.written()}"}

    async def work(self) -> None:
        await asyncio.to_thread(work, self.settings, self.database, until_empty=True)

    async def echo(self, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return await self.client.post("/processes/echo/execution", json=body, headers=headers)

    def folders(self) -> int:
        return len(list(self.settings.uploads.iterdir())) if self.settings.uploads.is_dir() else 0


@pytest_asyncio.fixture(scope="module")
async def house(server: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("CREATE DATABASE edaphos_processes"))
    database = Database(server.url.set(database="edaphos_processes"))
    settings = Settings(home=tmp_path_factory.mktemp("processes"))
    engine = database.engine()
    migrate.upgrade(engine)
    with engine.begin() as connection:
        load_vocabularies(connection)
    app = create_app(settings, database)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield House(client, settings, database, engine)
    engine.dispose()
    with administration.connect() as connection:
        connection.execute(text("DROP DATABASE edaphos_processes WITH (FORCE)"))
    administration.dispose()


# laws over the table


@pytest.mark.parametrize("process", all_processes(), ids=list(PROCESSES))
def test_a_process_says_what_every_input_and_output_is(process: Process[Any]) -> None:
    assert process.title
    assert process.description.endswith(".")
    for name, described in process.described_inputs.items():
        assert described.description, f"{process.id} does not say what {name} is"
        assert "$ref" not in str(described.schema)
        assert {"type", "oneOf", "enum", "const"} & set(described.schema), (name, described.schema)
    assert all(output.title for output in process.outputs.values())


@pytest.mark.parametrize("process", all_processes(), ids=list(PROCESSES))
def test_inputs_that_are_missing_or_unknown_are_named(process: Process[Any]) -> None:
    with pytest.raises(InputError, match="nonsense"):
        checked_inputs(process.inputs, {"nonsense": 1})
    missing = next((name for name, each in process.described_inputs.items() if each.required), None)
    if missing:
        with pytest.raises(InputError, match=missing):
            checked_inputs(process.inputs, {})


@pytest.mark.parametrize("process", all_processes(), ids=list(PROCESSES))
async def test_a_description_links_to_the_execution(client: httpx.AsyncClient, process: Process[Any]) -> None:
    listed = (await client.get("/processes")).json()["processes"]
    assert [each["id"] for each in listed] == list(PROCESSES)
    described = (await client.get(f"/processes/{process.id}")).json()
    assert described["id"] == process.id
    assert set(described["inputs"]) == set(inputs_of(process.inputs))
    assert any(link["rel"].endswith("/execute") and link["href"].endswith("/execution") for link in described["links"])
    assert {link["rel"] for link in described["links"]} >= {"self", "alternate"}
    page = await client.get(f"/processes/{process.id}?f=html")
    assert process.title in page.text


async def test_what_changes_anything_needs_a_key_of_its_scope(house: House) -> None:
    for identifier in (name for name in PROCESSES if process_called(name).scope):
        await _needs_a_key(house, identifier)


async def _needs_a_key(house: House, identifier: str) -> None:
    address = f"/processes/{identifier}/execution"
    assert (await house.client.post(address, json={"inputs": {}})).status_code == 401
    refused = await house.client.post(address, json={"inputs": {}}, headers=house.key("read-private"))
    assert refused.status_code == 403
    scope = process_called(identifier).scope
    assert scope
    assert (await house.client.post(address, json={"inputs": {"x": 1}}, headers=house.key(scope))).status_code == 400


# at once


async def test_what_was_sent_comes_back_in_each_form(house: House) -> None:
    picture = base64.b64encode(b"\x89PNG").decode()
    sent = {
        "message": "soil",
        "number": 3,
        "choice": "two",
        "moment": "2024-02-29T12:00:00Z",
        "numbers": [1, 2.5],
        "document": {"value": {"a": [1, {"b": None}]}, "mediaType": "application/json"},
        "mixed": {"value": "x"},
        "area": {"bbox": [170, -10, -170, 10], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
        "place": {"value": {"type": "Point", "coordinates": [5, 51]}},
        "picture": {"value": picture, "encoding": "base64", "mediaType": "image/png"},
    }
    answer = await house.echo(inputs=sent, response="document")
    assert answer.status_code == 200, answer.text
    back = answer.json()
    assert back["message"] == "soil"
    assert back["numbers"] == [1, 2.5]
    assert back["document"] == {"value": {"a": [1, {"b": None}]}, "mediaType": "application/json"}
    assert back["area"]["value"]["bbox"] == [170, -10, -170, 10]
    assert back["picture"] == picture
    raw = await house.echo(inputs=sent, outputs={"numbers": {}}, response="raw")
    assert raw.json() == [1, 2.5]
    parts = await house.echo(inputs=sent, outputs={"numbers": {}, "message": {}}, response="raw")
    head = f"Content-Type: {parts.headers['content-type']}\r\n\r\n".encode()
    read = [part.get_payload(decode=True) for part in list(message_from_bytes(head + parts.content).walk())[1:]]
    assert read == [b'"soil"', b"[1.0,2.5]"]
    assert house.folders() == 0


async def test_a_file_is_told_what_it_holds(house: House) -> None:
    table = base64.b64encode(b"id;lon;lat;Zn mg/kg\n1;5.1;50.2;33\n2;5.2;50.3;<4\n").decode()
    address = "/processes/profile/execution"
    drafted = await house.client.post(address, json={"inputs": {"name": "field.csv", "content": table}})
    assert drafted.status_code == 200, drafted.text
    assert '"Zn mg/kg"' in drafted.json()["profile"]
    for name, content in (("../a.csv", table), ("a.csv", "?"), ("a.xlsx", table)):
        refused = await house.client.post(address, json={"inputs": {"name": name, "content": content}})
        assert refused.status_code == 400
    assert house.folders() == 0


@pytest.mark.parametrize(
    ("address", "value"),
    [("data:,soil%20", "soil "), ("data:text/plain;base64,c29pbA==", "soil"), ('data:application/json,"soil"', "soil")],
)
async def test_inputs_may_be_referred_to_where_nothing_is_fetched(house: House, address: str, value: str) -> None:
    answer = await house.echo(inputs={"message": {"href": address}}, outputs={"message": {}})
    assert answer.json() == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "object"),
        (b'{"inputs": []}', "inputs"),
        (b'{"inputs": {}}', "message"),
        (b'{"inputs": {"message": 7}}', "message"),
        (b'{"inputs": {"message": "a", "number": "7"}}', "number"),
        (b'{"inputs": {"message": "a", "number": true}}', "number"),
        (b'{"inputs": {"message": "a", "numbers": [1, "x"]}}', "numbers"),
        (b'{"inputs": {"message": "a", "area": {"bbox": [0, 9, 1, 2]}}}', "area"),
        (b'{"inputs": {"message": "a", "area": {"bbox": [0, 0, 1]}}}', "area"),
        (b'{"inputs": {"message": "a", "choice": "four"}}', "choice"),
        (b'{"inputs": {"message": {"href": "http://127.0.0.1/secret"}}}', "message"),
        (b'{"inputs": {"message": {"href": "file:///etc/passwd"}}}', "message"),
        (b'{"inputs": {"message": "a"}, "outputs": {"nothing": {}}}', "nothing"),
        (b'{"inputs": {"message": "a"}, "outputs": {"message": {"transmissionMode": "pigeon"}}}', "message"),
        (b'{"inputs": {"message": "a"}, "outputs": {"message": {"format": {"mediaType": "image/tiff"}}}}', "message"),
        (b'{"inputs": {"message": "a"}, "response": "cooked"}', "response"),
        (b'{"inputs": {"message": "a"}, "subscriber": {"successUri": "http://x"}}', "subscriber"),
        (b"[" * 100_000, "not JSON"),
    ],
)
async def test_what_is_wrong_is_named(house: House, body: bytes, said: str) -> None:
    for headers in ({}, LATER):
        answer = await house.client.post("/processes/echo/execution", content=body, headers=headers)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert said in answer.json()["detail"]
    assert house.folders() == 0


async def test_bodies_of_another_kind_or_size_are_refused(house: House) -> None:
    address = "/processes/echo/execution"
    form = await house.client.post(address, data={"inputs": "{}"})
    assert form.status_code == 415
    large = await house.client.post(address, content=b'{"inputs": {"message": "' + b"x" * 2_100_000 + b'"}}')
    assert large.status_code == 413


async def test_what_takes_too_long_is_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "SECONDS", 1.0)
    began = time.monotonic()
    answer = await house.echo(inputs={"message": "a", "pause": 9})
    assert answer.status_code == 503
    assert "respond-async" in answer.json()["detail"]
    assert time.monotonic() - began < 8
    assert house.folders() == 0


async def test_outputs_by_reference_can_be_fetched(house: House) -> None:
    how = {"message": {"transmissionMode": "reference"}}
    linked = await house.echo(inputs={"message": "there"}, outputs=how, response="raw")
    assert linked.status_code == 204
    address = linked.headers["link"].partition(">")[0].removeprefix("<")
    assert (await house.client.get(address)).json() == "there"
    document = await house.echo(inputs={"message": "there"}, outputs=how, response="document")
    assert (await house.client.get(document.json()["message"]["href"])).json() == "there"


async def test_unknown_processes_and_jobs_are_not_there(house: House) -> None:
    for answer in (
        await house.client.get("/processes/nothing"),
        await house.client.post("/processes/nothing/execution", json={"inputs": {}}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, f"{EXCEPTIONS}no-such-process")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/results"), ("GET", "/results/message")):
        answer = await house.client.request(method, f"/jobs/nothing{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, f"{EXCEPTIONS}no-such-job")


# as jobs


async def test_a_job_tells_how_it_stands_and_gives_its_outputs(house: House) -> None:
    before = house.folders()
    asked = await house.echo(LATER, inputs={"message": "later", "pause": 0.1}, outputs={"message": {}})
    assert asked.status_code == 201, asked.text
    assert asked.headers["preference-applied"] == "respond-async"
    job, address = asked.json(), asked.headers["location"]
    assert {"jobID", "type", "processID", "status", "created", "links"} <= set(job)
    assert (job["processID"], job["status"], job["type"]) == ("echo", "accepted", "process")
    waiting = await house.client.get(f"{address}/results")
    assert (waiting.status_code, waiting.json()["type"]) == (404, f"{EXCEPTIONS}result-not-ready")
    await house.work()
    ended = (await house.client.get(address)).json()
    assert (ended["status"], ended["progress"]) == ("successful", 100), ended
    link = next(link["href"] for link in ended["links"] if link["rel"].endswith("/results"))
    assert (await house.client.get(link)).json() == "later"
    assert (await house.client.get(f"{link}/message")).json() == "later"
    assert (await house.client.get(f"{link}/nothing")).status_code == 404
    assert (await house.client.delete(address)).json()["status"] == "dismissed"
    assert (await house.client.get(address)).status_code == 404
    assert house.folders() == before


async def test_a_job_that_waits_can_be_dismissed(house: House) -> None:
    address = (await house.echo(LATER, inputs={"message": "never"})).headers["location"]
    assert (await house.client.delete(address)).json()["status"] == "dismissed"
    await house.work()
    assert (await house.client.get(address)).json()["status"] == "dismissed"
    assert (await house.client.get(f"{address}/results")).status_code == 400


async def test_jobs_are_seen_by_who_asked_for_them(house: House) -> None:
    mine, other = house.key("read-private"), house.key("load", "unload", "publish")
    open_to_all = (await house.echo(LATER, inputs={"message": "a"})).headers["location"]
    closed = (await house.echo({**LATER, **mine}, inputs={"message": "b"})).headers["location"]
    listed = [job["jobID"] for job in (await house.client.get("/jobs")).json()["jobs"]]
    assert open_to_all.rpartition("/")[2] in listed
    assert closed.rpartition("/")[2] not in listed
    assert closed.rpartition("/")[2] in (await house.client.get("/jobs", headers=mine)).text
    assert closed.rpartition("/")[2] not in (await house.client.get("/jobs", headers=other)).text
    for method, path in (("GET", ""), ("GET", "/results"), ("DELETE", "")):
        for headers in ({}, other):
            assert (await house.client.request(method, closed + path, headers=headers)).status_code == 404
    assert (await house.client.get(closed, headers=mine)).status_code == 200
    for address, headers in ((open_to_all, {}), (closed, mine)):
        await house.client.delete(address, headers=headers)


async def test_jobs_are_listed_page_by_page_and_by_what_they_are(house: House) -> None:
    addresses = [(await house.echo(LATER, inputs={"message": str(turn)})).headers["location"] for turn in range(5)]
    expected = [address.rpartition("/")[2] for address in reversed(addresses)]
    seen, address = [], "/jobs?limit=2&status=accepted&processID=echo"
    while address:
        page = (await house.client.get(address)).json()
        seen += [job["jobID"] for job in page["jobs"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert seen == expected
    for query in ("status=running", "processID=other", "datetime=2001-01-01", "minDuration=5"):
        assert (await house.client.get(f"/jobs?{query}")).json()["jobs"] == [], query
    for query in ("status=asleep", "type=other", "cursor=nonsense", "limit=0", "minDuration=x", "owner=me"):
        assert (await house.client.get(f"/jobs?{query}")).status_code == 400, query
    for address in addresses:
        await house.client.delete(address)


async def test_strangers_cannot_fill_the_queue(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "MOST_JOBS", 2)
    addresses = [(await house.echo(LATER, inputs={"message": "a"})).headers["location"] for _ in range(2)]
    refused = await house.echo(LATER, inputs={"message": "a"})
    assert refused.status_code == 429
    keyed = await house.echo({**LATER, **house.key("publish")}, inputs={"message": "a"})
    assert keyed.status_code == 201
    for address in addresses:
        await house.client.delete(address)


async def test_what_strangers_left_is_forgotten_in_time(house: House) -> None:
    address = (await house.echo(LATER, inputs={"message": "old"})).headers["location"]
    await house.work()
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE job SET finished_at = now() - interval '30 days' WHERE open_to_all"))
    tidy(house.settings, house.engine)
    assert (await house.client.get(address)).status_code == 404
    assert not (house.settings.uploads / address.rpartition("/")[2]).exists()


def test_the_defaults_of_the_echo_are_no_outputs() -> None:
    assert checked_inputs(EchoInputs, {"message": "a"}) == EchoInputs(message="a")
