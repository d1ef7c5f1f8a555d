"""Jobs of key holders: how they stand, what they came to, and their end on wish."""

import datetime as dt
import shutil
from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from app.http.answers import HTML, JSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.holder import must_be_known
from app.http.pages import document_page
from app.http.service import Service, service_of
from app.http.write_route import key_route
from app.jobs import workers_alive
from app.ogc.link import Link, documents
from app.problems import NotFoundError
from app.work import job_book
from app.work.orders import JobFolder
from db.engine import Database
from ingest.report import Report
from ingest.report_page import POLICY, render

router = APIRouter()
CSV = "text/csv"
TOML = "application/toml"
REPORT_FORMATS: Mapping[str, str] = {"json": JSON, "html": HTML}
NO_WORKER = "waits for a worker, but none is running: start `edaphos worker`"


@key_route(router, "GET", "/jobs", "The newest jobs that the key may see")
async def jobs(request: Request) -> Response:
    """Those of the key itself, and those on datasets that it opens."""
    service, holder = service_of(request), must_be_known(request)
    asked(request, JSON_ONLY)
    rows = await service.rows(job_book.jobs_of(holder))
    alive = await _workers(service)
    return json_answer(request, {"jobs": [status_of(request, row, workers=alive) for row in rows]})


@key_route(router, "GET", "/jobs/{job}", "How a job stands")
async def job(request: Request) -> Response:
    """Its status in the words of OGC API Processes."""
    row = await _job(request)
    asked(request, JSON_ONLY)
    return json_answer(request, status_of(request, row, workers=await _workers(service_of(request))))


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
    return Response(status_code=204)


@key_route(router, "GET", "/jobs/{job}/report", "What a job came to", media=[JSON, HTML, TOML])
async def report(request: Request) -> Response:
    """The report of a load, what was taken out, or a drafted profile, which can be had as TOML too."""
    row = await _job(request)
    formats = {**REPORT_FORMATS, "toml": TOML} if row.action == "draft" else REPORT_FORMATS
    wanted = asked(request, formats)[1]
    found = await service_of(request).row(job_book.result_of(row.id))
    if found is None or found.result is None:
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


def status_of(request: Request, row: Row[Any], *, workers: int) -> dict[str, Any]:
    """The document on a job."""
    members = {
        "jobID": row.id,
        "action": row.action,
        "status": row.status,
        "message": NO_WORKER if row.status == "accepted" and not workers else row.message,
        "progress": _percent(row),
        "dataset": row.dataset,
        "kind": row.kind,
        "profile": row.profile,
        "key": row.key_name,
        "file": None if row.file_name is None else _file(row),
        "created": row.created_at,
        "started": row.started_at,
        "finished": row.finished_at,
        "updated": row.updated_at,
        "files_kept_until": _kept_until(request, row),
        "links": documents(_links(row), str(request.base_url)),
    }
    return {name: value for name, value in members.items() if value is not None}


def _file(row: Row[Any]) -> dict[str, Any]:
    return {"name": row.file_name, "bytes": row.file_bytes, "sha256": row.file_sha256}


def _percent(row: Row[Any]) -> int:
    if row.status == "successful":
        return 100
    return min(99, 100 * row.done // row.total) if row.total else 0


def _kept_until(request: Request, row: Row[Any]) -> dt.datetime | None:
    if not row.files_kept or row.finished_at is None:
        return None
    days = service_of(request).settings.keep_uploads_days
    until: dt.datetime = row.finished_at + dt.timedelta(days=days)
    return until


def _links(row: Row[Any]) -> list[Link]:
    root = f"jobs/{row.id}"
    links = [Link("self", root, "This job")]
    if row.status == "successful" or (row.action == "load" and row.status == "failed"):
        links.append(Link("http://www.opengis.net/def/rel/ogc/1.0/results", f"{root}/report", "The report"))
        links.append(Link("alternate", f"{root}/report?f=html", "The report, to be read and printed", HTML))
    if row.status == "successful" and row.action == "load" and row.files_kept:
        links.append(Link("related", f"{root}/rejected", "The rejected rows, if there are any", CSV))
    return links


def _page(request: Request, row: Row[Any], result: Mapping[str, Any]) -> Response:
    if row.action != "load":
        return document_page(request, f"Job {row.id}", result)
    headers = {"Content-Security-Policy": f"{POLICY}; sandbox", "Cache-Control": "no-cache"}
    return HTMLResponse(render(Report.from_dict(result)), headers=headers)


async def _job(request: Request) -> Row[Any]:
    """The job that the address names; one that the key may not see is not there."""
    holder, key = must_be_known(request), request.path_params["job"]
    row = await service_of(request).row(job_book.job_called(key))
    if row is None or not job_book.may_see(holder, row):
        raise NotFoundError(f"there is no job {key[:60]!r} for this key")
    return row


async def _workers(service: Service) -> int:
    row = await service.row(workers_alive())
    return int(row[0]) if row else 0


async def accepted(request: Request, identifier: str) -> Response:
    """202, with the address of the job."""
    row = await service_of(request).row(job_book.job_called(identifier))
    if row is None:
        raise NotFoundError(f"the job {identifier} is gone already")
    workers = await _workers(service_of(request))
    response = json_answer(request, status_of(request, row, workers=workers))
    response.status_code = 202
    response.headers["Location"] = f"{request.base_url}jobs/{identifier}"
    response.headers["Cache-Control"] = "no-store"
    return response


def database_of(request: Request) -> Database:
    """The database of the application, for work in threads."""
    database: Database = request.app.state.database
    return database
