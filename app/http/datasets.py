"""Datasets: what is loaded, from whom, under which licence; and a dataset taken out."""

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import HTML, JSON, json_answer
from app.http.asked import asked
from app.http.holder import must_hold
from app.http.pages import document_page
from app.http.service import service_of
from app.http.write_route import key_route
from app.jobs import defer_order
from app.ogc.job_status import accepted, database_of
from app.ogc.link import Link, documents
from app.ogc.standard import route
from app.problems import NotFoundError
from app.work.job_book import Order
from db.questions.datasets import dataset_called
from db.questions.datasets import datasets as all_datasets
from db.tables import VISIBILITIES

router = APIRouter()
FORMATS: Mapping[str, str] = {"json": JSON, "html": HTML}


def _answer(request: Request, title: str, document: Mapping[str, Any]) -> Response:
    if asked(request, FORMATS)[1] == "html":
        return document_page(request, title, document)
    return json_answer(request, document)


@route(router, "/datasets", "The datasets", media=[JSON, HTML])
async def datasets(request: Request) -> Response:
    """All that may be seen."""
    service = service_of(request)
    rows = await service.rows(all_datasets(service.visible))
    return _answer(request, "Datasets", {"datasets": [_described(request, row._asdict()) for row in rows]})


@route(router, "/datasets/{dataset}", "One dataset", media=[JSON, HTML])
async def dataset(request: Request) -> Response:
    """Title, provider, licence, version."""
    service, name = service_of(request), request.path_params["dataset"]
    row = await service.row(dataset_called(name, service.visible))
    if row is None:
        raise NotFoundError(f"there is no dataset {name[:80]!r}")
    return _answer(request, row.title, _described(request, row._asdict()))


@key_route(router, "DELETE", "/datasets/{dataset}", "Take a dataset out, as a job", status=202)
async def unload_dataset(request: Request) -> Response:
    """It waits for the loads of the same dataset that were asked for before."""
    name, service = request.path_params["dataset"], service_of(request)
    holder = must_hold(request, "unload", name)
    if await service.row(dataset_called(name, VISIBILITIES)) is None:
        raise NotFoundError(f"there is no dataset {name[:80]!r}")
    order = Order(Order.new_id(), "unload", holder.id, dataset=name)
    await anyio.to_thread.run_sync(defer_order, database_of(request), order)
    return await accepted(request, order.id)


def _described(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    told = {str(name): value for name, value in row.items() if value is not None}
    collection = "samples" if row["kind"] == "samples" else "sources"
    links = [
        Link("self", f"datasets/{row['name']}", row["title"]),
        Link("items", f"collections/{collection}/items?dataset={row['name']}", "Its features", "application/geo+json"),
    ]
    return told | {"links": documents(links, str(request.base_url))}
