"""Jobs: how they stand, what they came to, and their end on wish."""

import shutil
from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from app.http.answers import HTML, JSON, json_answer
from app.http.asked import asked
from app.http.holder import holder_of
from app.http.job_filter import FILTERS, cursor_of, filter_of
from app.http.outputs import Outputs
from app.http.pages import document_page
from app.http.service import service_of
from app.http.write_route import key_route
from app.ogc.job_status import CSV, status_of, workers
from app.ogc.link import self_links
from app.ogc.standard import route
from app.problems import BadParameterError, NoSuchJobError, NotFoundError, ResultNotReadyError
from app.query import DEFAULT_LIMIT, PARAMETERS, Given, parse_limit
from app.work import job_book
from app.work.execution import from_stored
from app.work.orders import JobFolder
from ingest.report import Report
from ingest.report_page import POLICY, render

router = APIRouter()
TOML = "application/toml"
FORMATS: Mapping[str, str] = {"json": JSON, "html": HTML}


@route(
    router,
    "/jobs",
    "The newest jobs that may be seen",
    media=[JSON, HTML],
    parameters=FILTERS,
)
async def jobs(request: Request) -> Response:
    """Those of the key, and those on datasets that it opens; without a key those that were asked for without one."""
    service = service_of(request)
    given, wanted = asked(request, FORMATS, *FILTERS)
    size = given.parsed("limit", parse_limit) or DEFAULT_LIMIT
    rows = await service.rows(job_book.jobs_of(holder_of(request), filter_of(given), size + 1))
    alive = await workers(service)
    links = self_links(request)
    if len(rows) > size:
        address = str(request.url.include_query_params(cursor=cursor_of(rows[size - 1])))
        links.append({"rel": "next", "type": JSON, "title": "Older jobs", "href": address})
    document = {"jobs": [status_of(request, row, workers=alive) for row in rows[:size]], "links": links}
    return document_page(request, "Jobs", document) if wanted == "html" else json_answer(request, document)


@route(router, "/jobs/{job}", "How a job stands", media=[JSON, HTML])
async def job(request: Request) -> Response:
    """Its status in the words of OGC API Processes."""
    row = await _job(request)
    wanted = asked(request, FORMATS)[1]
    document = status_of(request, row, workers=await workers(service_of(request)))
    return document_page(request, f"Job {row.id}", document) if wanted == "html" else json_answer(request, document)


@key_route(router, "DELETE", "/jobs/{job}", "End a job, or forget one that has ended")
async def dismiss_job(request: Request) -> Response:
    """A job that waits or runs is dismissed; of one that has ended the record and the files go."""
    row, service = await _job(request), service_of(request)
    if row.status in job_book.UNFINISHED:
        async with service.engine.begin() as connection:
            await connection.execute(job_book.dismissal(row.id))
        return json_answer(request, status_of(request, await _job(request), workers=1))
    folder = JobFolder.of(service.settings, row.id).root
    await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))
    async with service.engine.begin() as connection:
        await connection.execute(job_book.forgotten(row.id))
    members = status_of(request, row, workers=1) | {"status": "dismissed", "message": "it and its files are gone"}
    return json_answer(request, members | {"links": []})


@route(router, "/jobs/{job}/results", "The outputs of a process", media=[JSON, "multipart/related"])
async def results(request: Request) -> Response:
    """In the form in which they were asked for."""
    row = await _job(request)
    Given.read(request.query_params, (PARAMETERS["f"],))
    return (await _outputs(request, row)).answer()


@route(router, "/jobs/{job}/results/{output}", "One output of a process", media=[JSON, "application/octet-stream"])
async def result(request: Request) -> Response:
    """As it is."""
    row, name = await _job(request), request.path_params["output"]
    Given.read(request.query_params, (PARAMETERS["f"],))
    found = await _outputs(request, row)
    if name not in found.outputs:
        raise NotFoundError(f"the job {row.id} has no output {name[:60]!r}; it has {', '.join(found.outputs)}")
    return found.one(name)


async def _outputs(request: Request, row: Row[Any]) -> Outputs:
    """What a process gave; raises `ResultNotReadyError`, and the reason why it failed."""
    if row.process is None:
        raise NotFoundError(f"the job {row.id} is no process: what it came to is at /jobs/{row.id}/report")
    if row.status in job_book.UNFINISHED:
        raise ResultNotReadyError(f"the job {row.id} has not ended: it is {row.status}")
    service = service_of(request)
    stored = (await service.rows(job_book.result_of(row.id)))[0].result or {}
    if row.status != "successful":
        why = f"the job {row.id} is {row.status}: {row.message}"
        raise BadParameterError("inputs", why) if stored or row.status == "dismissed" else RuntimeError(why)
    wanted, address = row.request, f"{request.base_url}jobs/{row.id}/results"
    folder = JobFolder.of(service.settings, row.id).made
    if any(made.file and not (folder / made.file).is_file() for made in from_stored(stored).values()):
        raise NotFoundError(f"the files of the job {row.id} have been removed")
    return Outputs(from_stored(stored), wanted["outputs"], wanted["response"], folder, address)


@key_route(router, "GET", "/jobs/{job}/report", "What a job came to", media=[JSON, HTML, TOML])
async def report(request: Request) -> Response:
    """The report of a load, what was taken out, or a drafted profile, which can be had as TOML too."""
    row = await _job(request)
    formats = {**FORMATS, "toml": TOML} if row.action == "draft" else FORMATS
    wanted = asked(request, formats)[1]
    found = await service_of(request).row(job_book.result_of(row.id))
    if row.process is not None or found is None or found.result is None:
        raise NotFoundError(f"the job {row.id} has no report: it is {row.status}")
    if wanted == "toml":
        return Response(found.result["profile"], media_type=TOML, headers={"Cache-Control": "no-cache"})
    return json_answer(request, found.result) if wanted == "json" else _page(request, row, found.result)


@key_route(router, "GET", "/jobs/{job}/rejected", "The rows that a load rejected", media=[CSV])
async def rejected(request: Request) -> Response:
    """Each with its place and the reasons, to be corrected and loaded."""
    row = await _job(request)
    asked(request, {"csv": CSV})
    file = JobFolder.of(service_of(request).settings, row.id).rejected
    if not file.is_file():
        why = "no row was rejected" if row.files_kept else "its files have been removed"
        raise NotFoundError(f"the job {row.id} has no rejected rows here: {why}")
    return FileResponse(file, media_type=CSV, filename="rejected.csv", headers={"Cache-Control": "no-cache"})


def _page(request: Request, row: Row[Any], result: Mapping[str, Any]) -> Response:
    if row.action != "load":
        return document_page(request, f"Job {row.id}", result)
    headers = {"Content-Security-Policy": f"{POLICY}; sandbox", "Cache-Control": "no-cache"}
    return HTMLResponse(render(Report.from_dict(result)), headers=headers)


async def _job(request: Request) -> Row[Any]:
    """The job that the address names; one that the key may not see is not there."""
    holder, key = holder_of(request), request.path_params["job"]
    row = await service_of(request).row(job_book.job_called(key))
    if row is None or not job_book.may_see(holder, row):
        whom = "who shows no key" if holder is None else "this key"
        raise NoSuchJobError(f"there is no job {key[:60]!r} for {whom}")
    return row
