"""OGC API Processes 1.0, part 1: each requirement that OGC's test suite exercises."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from app.factory import create_app
from app.settings import Settings
from app.worker import work
from db import migrate
from db.engine import Database
from tests.conformance.served import document, is_problem, links, operation, parameter

ECHO = "/processes/echo/execution"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
CLASSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
LATER = {"Prefer": "respond-async"}
STATES = {"accepted", "running", "successful", "failed", "dismissed"}
GIVEN: dict[str, Any] = {
    "message": "soil",
    "numbers": [1.0, 2.0],
    "document": {"value": {"depth": 20}},
    "mixed": 7.0,
    "area": {"bbox": [5.0, 50.0, 6.0, 51.0]},
    "picture": {"value": base64.b64encode(b"picture").decode(), "mediaType": "image/png", "encoding": "base64"},
}


@dataclass(frozen=True)
class Service:
    """A service with an empty database, and its worker."""

    client: httpx.AsyncClient
    settings: Settings
    database: Database

    async def echo(self, later: bool = False, **body: Any) -> httpx.Response:
        return await self.client.post(ECHO, json=body, headers=LATER if later else {})

    async def ended(self, **body: Any) -> str:
        """The address of a job that has been worked off."""
        asked = await self.echo(later=True, **body)
        assert asked.status_code == 201, asked.text
        await asyncio.to_thread(work, self.settings, self.database, until_empty=True)
        return str(asked.headers["location"])


@pytest_asyncio.fixture(scope="module")
async def service(server: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("CREATE DATABASE edaphos_conforming"))
    database = Database(server.url.set(database="edaphos_conforming"))
    settings = Settings(home=tmp_path_factory.mktemp("conforming"))
    engine = database.engine()
    migrate.upgrade(engine)
    engine.dispose()
    app = create_app(settings, database)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield Service(client, settings, database)
    with administration.connect() as connection:
        connection.execute(text("DROP DATABASE edaphos_conforming WITH (FORCE)"))
    administration.dispose()


@pytest_asyncio.fixture(scope="module")
async def job(service: Service) -> str:
    """A job that succeeded, with one output asked for as it is."""
    return await service.ended(inputs=GIVEN, outputs={"message": {}}, response="raw")


@pytest.fixture
def client(service: Service) -> httpx.AsyncClient:
    return service.client


async def test_conf_core_conformance_success(client: httpx.AsyncClient) -> None:
    declared = set((await document(client, "/conformance"))["conformsTo"])
    needed = {"core", "ogc-process-description", "json", "html", "job-list", "dismiss"}
    assert {f"{CLASSES}{name}" for name in needed} <= declared


async def test_req_core_http(client: httpx.AsyncClient) -> None:
    assert is_problem(await client.put("/processes"), 405)
    assert (await client.head("/processes")).status_code == 200


async def test_conf_core_landingpage_op(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 200


async def test_conf_core_landingpage_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/")
    for relation in ("service-desc", "conformance", f"{RELATION}processes", f"{RELATION}job-list"):
        rels = links(found, relation) or links(found, f"{RELATION}{relation}")
        assert rels, relation
        assert (await client.get(rels[0]["href"])).status_code == 200


async def test_req_core_process_list(client: httpx.AsyncClient) -> None:
    assert (await client.get("/processes")).status_code == 200


async def test_req_core_process_list_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/processes")
    assert found["processes"]
    for each in found["processes"]:
        assert {"id", "version", "title", "jobControlOptions", "outputTransmission", "links"} <= set(each)
        assert set(each["jobControlOptions"]) <= {"sync-execute", "async-execute", "dismiss"}
        assert links(each, "self")


async def test_req_core_pl_limit_definition(client: httpx.AsyncClient) -> None:
    found = parameter(await operation(client, "/processes"), "limit")
    assert (found["in"], found["schema"]["type"], found["schema"]["minimum"]) == ("query", "integer", 1)


async def test_req_core_pl_limit_response(client: httpx.AsyncClient) -> None:
    assert len((await document(client, "/processes", limit=1))["processes"]) == 1
    assert is_problem(await client.get("/processes?limit=0"), 400)
    assert len((await document(client, "/processes", limit=10**9))["processes"]) > 1


async def test_req_core_pl_links(client: httpx.AsyncClient) -> None:
    found = await document(client, "/processes")
    for relation in ("self", "alternate"):
        for link in links(found, relation):
            assert (await client.get(link["href"])).status_code == 200


async def test_req_core_process(client: httpx.AsyncClient) -> None:
    for each in (await document(client, "/processes"))["processes"]:
        assert (await client.get(f"/processes/{each['id']}")).status_code == 200


async def test_req_core_process_success(client: httpx.AsyncClient) -> None:
    found = await document(client, "/processes/echo")
    assert {"id", "version", "inputs", "outputs", "links"} <= set(found)
    assert links(found, f"{RELATION}execute")[0]["href"].endswith(ECHO)


async def test_req_core_process_exception_no_such_process(client: httpx.AsyncClient) -> None:
    answer = await client.get("/processes/nothing")
    assert is_problem(answer, 404)
    assert answer.json()["type"] == f"{EXCEPTION}no-such-process"


async def every_description(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    listed = (await document(client, "/processes"))["processes"]
    return [await document(client, f"/processes/{each['id']}") for each in listed]


async def test_req_ogc_process_description_json_encoding(client: httpx.AsyncClient) -> None:
    for each in await every_description(client):
        assert isinstance(each["id"], str)
        assert re.fullmatch(r"\d+\.\d+\.\d+", each["version"])


async def test_req_ogc_process_description_inputs_def(client: httpx.AsyncClient) -> None:
    for each in await every_description(client):
        assert isinstance(each["inputs"], dict)


async def test_req_ogc_process_description_input_def(client: httpx.AsyncClient) -> None:
    for each in await every_description(client):
        for described in each["inputs"].values():
            assert described["title"]
            assert {"type", "oneOf", "enum", "const"} & set(described["schema"])
            assert described["minOccurs"] <= described["maxOccurs"]


async def test_req_ogc_process_description_input_mixed_type(client: httpx.AsyncClient) -> None:
    mixed = (await document(client, "/processes/echo"))["inputs"]["mixed"]["schema"]
    assert {each["type"] for each in mixed["oneOf"]} == {"number", "string", "object"}


async def test_req_ogc_process_description_outputs_def(client: httpx.AsyncClient) -> None:
    for each in await every_description(client):
        assert each["outputs"]


async def test_req_ogc_process_description_output_def(client: httpx.AsyncClient) -> None:
    for each in await every_description(client):
        for described in each["outputs"].values():
            assert described["title"]
            assert described["schema"]


async def test_req_ogc_process_description_output_mixed_type(client: httpx.AsyncClient) -> None:
    assert (await document(client, "/processes/echo"))["outputs"]["mixed"]["schema"]["oneOf"]


async def test_req_core_job_creation_op(service: Service) -> None:
    assert (await service.echo(inputs=GIVEN)).status_code == 200


async def test_req_core_job_creation_request(service: Service) -> None:
    assert is_problem(await service.client.post(ECHO, content=b"no JSON"), 400)


async def test_req_core_job_creation_inputs(service: Service) -> None:
    assert is_problem(await service.echo(inputs=[]), 400)
    assert is_problem(await service.echo(inputs={}), 400)


async def echoed(service: Service, name: str, given: Any) -> Any:
    answer = await service.echo(inputs={"message": "x", name: given}, outputs={name: {}}, response="raw")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_req_core_job_creation_input_array(service: Service) -> None:
    assert await echoed(service, "numbers", [1.5, 2.5]) == [1.5, 2.5]


async def test_req_core_job_creation_input_binary(service: Service) -> None:
    content = base64.b64encode(b"\x00\xff").decode()
    assert await echoed(service, "picture", {"value": content, "encoding": "base64"}) == content


async def test_req_core_job_creation_input_inline(service: Service) -> None:
    assert await echoed(service, "message", "soil") == "soil"
    assert await echoed(service, "number", 3) == 3


async def test_req_core_job_creation_input_inline_bbox(service: Service) -> None:
    assert (await echoed(service, "area", GIVEN["area"]))["bbox"] == [5.0, 50.0, 6.0, 51.0]


async def test_req_core_job_creation_input_inline_mixed(service: Service) -> None:
    for given in (7.0, "seven"):
        assert await echoed(service, "mixed", given) == given
    assert await echoed(service, "mixed", {"value": {"seven": 7}}) == {"seven": 7}


async def test_req_core_job_creation_input_inline_object(service: Service) -> None:
    assert await echoed(service, "document", {"value": {"a": 1}}) == {"a": 1}


async def test_req_core_job_creation_input_ref(service: Service) -> None:
    assert await echoed(service, "message", {"href": "data:,soil"}) == "soil"


async def test_req_core_job_creation_input_validation(service: Service) -> None:
    for name, wrong in (("number", "three"), ("choice", "four"), ("numbers", 1), ("area", {"bbox": [1]})):
        answer = await service.echo(inputs={"message": "x", name: wrong})
        assert is_problem(answer, 400)
        assert name in answer.json()["detail"]


async def test_req_core_job_creation_sync_document(service: Service) -> None:
    answer = await service.echo(inputs=GIVEN, response="document")
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert (found["message"], found["numbers"]) == ("soil", [1.0, 2.0])
    assert found["document"]["value"] == {"depth": 20}


async def test_req_core_job_creation_sync_raw_value_one(service: Service) -> None:
    answer = await service.echo(inputs=GIVEN, outputs={"numbers": {"transmissionMode": "value"}}, response="raw")
    assert (answer.status_code, answer.json()) == (200, [1.0, 2.0])


def in_parts(answer: httpx.Response) -> list[Any]:
    assert answer.headers["content-type"].startswith("multipart/related")
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    return list(message_from_bytes(head + answer.content).walk())[1:]


TWO = {"message": {"transmissionMode": "value"}, "numbers": {"transmissionMode": "value"}}
BOTH_WAYS = {"message": {"transmissionMode": "value"}, "numbers": {"transmissionMode": "reference"}}
REFERENCE = {"message": {"transmissionMode": "reference"}}


async def test_req_core_job_creation_sync_raw_value_multi(service: Service) -> None:
    parts = in_parts(await service.echo(inputs=GIVEN, outputs=TWO, response="raw"))
    assert [part["Content-ID"] for part in parts] == ["<message>", "<numbers>"]


async def test_req_core_job_creation_sync_raw_ref(service: Service) -> None:
    answer = await service.echo(inputs=GIVEN, outputs=REFERENCE, response="raw")
    assert answer.status_code == 204
    assert re.match(r"<http://test/jobs/\w+/results/message>; rel=", answer.headers["link"])


async def test_req_core_job_creation_sync_raw_mixed_multi(service: Service) -> None:
    parts = in_parts(await service.echo(inputs=GIVEN, outputs=BOTH_WAYS, response="raw"))
    address = parts[1]["Content-Location"]
    assert (await service.client.get(address)).json() == [1.0, 2.0]


async def test_req_core_job_creation_success_async(service: Service) -> None:
    answer = await service.echo(later=True, inputs=GIVEN)
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"/jobs/{answer.json()['jobID']}")
    assert answer.json()["status"] in STATES
    assert answer.headers["preference-applied"] == "respond-async"
    await service.client.delete(answer.headers["location"])


async def test_req_core_job(client: httpx.AsyncClient, job: str) -> None:
    assert (await client.get(job)).status_code == 200


async def test_req_core_job_success(client: httpx.AsyncClient, job: str) -> None:
    found = (await client.get(job)).json()
    assert {"jobID", "status", "type", "processID", "created", "started", "finished", "updated"} <= set(found)
    assert (found["status"], found["type"], found["progress"]) == ("successful", "process", 100)
    assert links(found, f"{RELATION}results")


async def test_req_core_job_exception_no_such_job(client: httpx.AsyncClient) -> None:
    answer = await client.get("/jobs/nothing")
    assert is_problem(answer, 404)
    assert answer.json()["type"] == f"{EXCEPTION}no-such-job"


async def test_req_core_job_results(client: httpx.AsyncClient, job: str) -> None:
    assert (await client.get(f"{job}/results")).status_code == 200


async def test_req_core_job_results_sync(service: Service) -> None:
    assert (await service.echo(inputs=GIVEN)).status_code == 200


async def test_req_core_job_results_async_raw_value_one(client: httpx.AsyncClient, job: str) -> None:
    assert (await client.get(f"{job}/results")).json() == "soil"


async def test_req_core_job_results_async_document(service: Service) -> None:
    address = await service.ended(inputs=GIVEN, response="document")
    found = (await service.client.get(f"{address}/results")).json()
    assert (found["message"], found["document"]["value"]) == ("soil", {"depth": 20})


async def test_req_core_job_results_async_raw_value_multi(service: Service) -> None:
    address = await service.ended(inputs=GIVEN, outputs=TWO, response="raw")
    assert len(in_parts(await service.client.get(f"{address}/results"))) == 2


async def test_req_core_job_results_async_raw_ref(service: Service) -> None:
    address = await service.ended(inputs=GIVEN, outputs=REFERENCE, response="raw")
    answer = await service.client.get(f"{address}/results")
    assert answer.status_code == 204
    assert f"{address}/results/message" in answer.headers["link"]


async def test_req_core_job_results_async_raw_mixed_multi(service: Service) -> None:
    address = await service.ended(inputs=GIVEN, outputs=BOTH_WAYS, response="raw")
    parts = in_parts(await service.client.get(f"{address}/results"))
    assert (await service.client.get(parts[1]["Content-Location"])).json() == [1.0, 2.0]


async def test_req_core_job_results_exception_no_such_job(client: httpx.AsyncClient) -> None:
    answer = await client.get("/jobs/nothing/results")
    assert is_problem(answer, 404)
    assert answer.json()["type"] == f"{EXCEPTION}no-such-job"


async def test_req_core_job_results_exception_results_not_ready(service: Service) -> None:
    address = (await service.echo(later=True, inputs=GIVEN)).headers["location"]
    answer = await service.client.get(f"{address}/results")
    assert is_problem(answer, 404)
    assert answer.json()["type"] == f"{EXCEPTION}result-not-ready"
    await service.client.delete(address)


async def test_req_core_job_results_failed(service: Service) -> None:
    asked = {"inputs": {"contaminant": "zinc"}}
    answer = await service.client.post("/processes/exceedance/execution", json=asked, headers=LATER)
    await asyncio.to_thread(work, service.settings, service.database, until_empty=True)
    found = (await service.client.get(answer.headers["location"])).json()
    assert found["status"] == "failed"
    assert "zinc" in found["message"]
    assert is_problem(await service.client.get(f"{answer.headers['location']}/results"), 400)


async def test_req_job_list_job_list_op(client: httpx.AsyncClient) -> None:
    assert (await client.get("/jobs")).status_code == 200


async def test_req_job_list_job_list_success(client: httpx.AsyncClient, job: str) -> None:
    found = await document(client, "/jobs")
    assert links(found, "self")
    assert job.rpartition("/")[2] in {each["jobID"] for each in found["jobs"]}
    for each in found["jobs"]:
        assert {"jobID", "status", "type", "links"} <= set(each)
        assert each["status"] in STATES
