"""How a job stands, in the words of OGC API Processes, and the answer that names a new one."""

import datetime as dt
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import HTML, json_answer
from app.http.service import Service, service_of
from app.jobs import workers_alive
from app.ogc.link import Link, documents
from app.problems import NotFoundError
from app.work import job_book
from db.engine import Database

CSV = "text/csv"
RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
NO_WORKER = "waits for a worker, but none is running: start `edaphos worker`"


def status_of(request: Request, row: Row[Any], *, workers: int) -> dict[str, Any]:
    """The document on a job."""
    members = {
        "jobID": row.id,
        "type": "process",
        "processID": row.process,
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
    ended = row.status == "successful" or (row.action == "load" and row.status == "failed")
    links = [Link("self", root, "This job")]
    if row.process is not None:
        return [*links, Link(RESULTS, f"{root}/results", "The outputs")] if row.status == "successful" else links
    if ended:
        links.append(Link(RESULTS, f"{root}/report", "The report"))
        links.append(Link("alternate", f"{root}/report?f=html", "The report, to be read and printed", HTML))
    if row.status == "successful" and row.action == "load" and row.files_kept:
        links.append(Link("related", f"{root}/rejected", "The rejected rows, if there are any", CSV))
    return links


async def workers(service: Service) -> int:
    """How many workers there are."""
    row = await service.row(workers_alive())
    return int(row[0]) if row else 0


async def accepted(request: Request, identifier: str) -> Response:
    """202, with the address of the job."""
    row = await service_of(request).row(job_book.job_called(identifier))
    if row is None:
        raise NotFoundError(f"the job {identifier} is gone already")
    response = json_answer(request, status_of(request, row, workers=await workers(service_of(request))))
    response.status_code = 202
    response.headers["Location"] = f"{request.base_url}jobs/{identifier}"
    response.headers["Cache-Control"] = "no-store"
    return response


def database_of(request: Request) -> Database:
    """The database of the application, for work in threads."""
    database: Database = request.app.state.database
    return database
