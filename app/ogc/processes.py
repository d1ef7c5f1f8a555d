"""OGC API Processes, part 1: the processes, their descriptions, and executing them."""

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Security
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import HTML, JSON, json_answer
from app.http.asked import asked
from app.http.execute_request import RESPONSES, TRANSMISSIONS, read_execute_request
from app.http.holder import KEY
from app.http.pages import document_page
from app.ogc.executing import carry_out, who_may
from app.ogc.link import Link, documents, self_links
from app.ogc.standard import Standard, path_parameters, route
from app.problems import MEDIA_TYPE, NoSuchProcessError
from app.processes import PROCESSES, Process, all_processes, process_called
from app.query import PARAMETERS, Given, parse_limit
from app.work.at_once import make_ready

router = APIRouter()
FORMATS: Mapping[str, str] = {"json": JSON, "html": HTML}
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
VERSION = "1.0.0"
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON: {
            "schema": {
                "type": "object",
                "properties": {
                    "inputs": {"type": "object", "description": "By name, as the process describes them."},
                    "outputs": {"type": "object", "description": "Which are wanted, and how; else all."},
                    "response": {"type": "string", "enum": list(RESPONSES)},
                },
            }
        }
    },
}


@route(router, "/processes", "What can be asked for as a process", media=[JSON, HTML], parameters=[PARAMETERS["limit"]])
async def processes(request: Request) -> Response:
    """Each in short, with the link to its description."""
    given, wanted = asked(request, FORMATS, PARAMETERS["limit"])
    size = given.parsed("limit", parse_limit) or len(PROCESSES)
    base, found = str(request.base_url), await anyio.to_thread.run_sync(all_processes)
    make_ready()  # who reads descriptions will soon execute
    listed = [_summary(process, base) for process in found[:size]]
    document = {"processes": listed, "links": self_links(request)}
    return document_page(request, "Processes", document) if wanted == "html" else json_answer(request, document)


@route(router, "/processes/{process}", "What a process takes and gives", media=[JSON, HTML])
async def process(request: Request) -> Response:
    """Its inputs and outputs, each with a JSON schema."""
    found = await _process(request)
    wanted = asked(request, FORMATS)[1]
    document = _description(found, str(request.base_url)) | {
        "links": [*self_links(request), *documents(_links(found)[1:], str(request.base_url))]
    }
    return document_page(request, found.title, document) if wanted == "html" else json_answer(request, document)


async def execute(request: Request) -> Response:
    """At once, or with `Prefer: respond-async` as a job; inputs are checked before anything happens."""
    found = await _process(request)
    Given.read(request.query_params, (PARAMETERS["f"],))
    who_may(request, found)
    return await carry_out(request, found, await read_execute_request(request, found))


router.add_api_route(
    "/processes/{process}/execution",
    execute,
    methods=["POST"],
    summary="Execute a process",
    operation_id="execute",
    response_model=None,
    response_class=Response,
    dependencies=[Security(KEY)],
    responses={
        200: {"description": "The outputs", "content": {JSON: {}, "multipart/related": {}}},
        201: {"description": "A job that does it", "content": {JSON: {}}},
        204: {"description": "Links to the outputs"},
        "default": {"description": "A problem", "content": {MEDIA_TYPE: {}}},
    },
    openapi_extra={"parameters": path_parameters("{process}"), "requestBody": _BODY},
)


async def _process(request: Request) -> Process[Any]:
    """The process that the address names, imported in a thread; raises `NoSuchProcessError`."""
    key = request.path_params["process"]
    if key not in PROCESSES:
        raise NoSuchProcessError(f"there is no process {key[:60]!r}; there are {', '.join(PROCESSES)}")
    return await anyio.to_thread.run_sync(process_called, key)


def _summary(process: Process[Any], base: str) -> dict[str, Any]:
    members = {
        "id": process.id,
        "version": VERSION,
        "title": process.title,
        "description": process.description,
        "keywords": list(process.keywords),
        "jobControlOptions": process.control,
        "outputTransmission": list(TRANSMISSIONS),
        "links": documents(_links(process), base),
    }
    needs = {} if process.scope is None else {"metadata": [{"title": f"needs a key of the scope {process.scope}"}]}
    return members | needs


def _links(process: Process[Any]) -> list[Link]:
    here = f"processes/{process.id}"
    return [
        Link("self", here, "The description of this process"),
        Link(f"{REL}execute", f"{here}/execution", "Execute it, by POST"),
        Link(f"{REL}processes", "processes", "All processes"),
    ]


def _description(process: Process[Any], base: str) -> dict[str, Any]:
    return _summary(process, base) | {
        "inputs": {
            name: {
                "title": described.title,
                "description": described.description,
                "schema": dict(described.schema),
                "minOccurs": int(described.required),
                "maxOccurs": 1,
            }
            for name, described in process.described_inputs.items()
        },
        "outputs": {
            name: {
                "title": output.title,
                "description": output.description,
                "schema": {"contentMediaType": output.media_type, **output.schema},
            }
            for name, output in process.outputs.items()
        },
    }


_CLASS = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{}"

STANDARD = Standard(
    title="OGC API Processes",
    router=router,
    conformance=tuple(
        _CLASS.format(name)
        for name in ("core", "ogc-process-description", "json", "html", "oas30", "job-list", "dismiss")
    ),
    landing_links=(
        Link(f"{REL}processes", "processes", "What can be asked for as a process"),
        Link(f"{REL}job-list", "jobs", "Jobs"),
    ),
)
