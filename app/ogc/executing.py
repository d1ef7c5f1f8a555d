"""Carrying out an execute request: at once, in a process of its own that may not take long, or as a job."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import anyio.to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from app.http.execute_request import ExecuteRequest
from app.http.holder import holder_of, must_hold
from app.http.outputs import Outputs
from app.http.service import Service, service_of
from app.jobs import defer_order
from app.keys import Holder
from app.ogc.job_status import accepted, database_of
from app.problems import BadParameterError, TooManyError, UnavailableError
from app.processes import Process
from app.processes.inputs import InputError, checked_inputs
from app.work import job_book
from app.work.at_once import Asked, TooSlowError, WorkFailedError, do_at_once
from app.work.execution import Made, stored
from app.work.job_book import Order
from app.work.orders import JobFolder
from db.engine import Database

SECONDS = 20.0
"""How long an execution may take that somebody waits for."""
MOST_WAITING = 8
MOST_JOBS = 50
"""Jobs of one key, or of all who have none, that have not ended."""


def who_may(request: Request, process: Process[Any]) -> Holder | None:
    """The holder of the key that a request shows; raises where the process needs one that it does not show."""
    return holder_of(request) if process.scope is None else must_hold(request, process.scope)


async def carry_out(request: Request, process: Process[Any], asked: ExecuteRequest) -> Response:
    """The outputs, or 201 and the job; raises `BadParameterError` for inputs that do not fit."""
    with _named():
        checked_inputs(process.inputs, asked.inputs)
    return await (_later if asked.later else _now)(request, process, asked)


async def _later(request: Request, process: Process[Any], asked: ExecuteRequest) -> Response:
    holder = holder_of(request)
    row = await service_of(request).row(job_book.waiting_of(holder))
    if row is not None and row[0] >= MOST_JOBS:
        whose = f"of the key {holder.name!r}" if holder else "that were asked for without a key"
        raise TooManyError(f"{row[0]} jobs {whose} have not ended; try again when some have")
    order = _order(Order.new_id(), holder, process, asked)
    await anyio.to_thread.run_sync(defer_order, database_of(request), order)
    response = await accepted(request, order.id)
    response.status_code = HTTPStatus.CREATED
    response.headers["Preference-Applied"] = "respond-async"
    return response


async def _now(request: Request, process: Process[Any], asked: ExecuteRequest) -> Response:
    service, order = service_of(request), _order(Order.new_id(), holder_of(request), process, asked)
    if service.executing.statistics().tasks_waiting >= MOST_WAITING:
        raise TooManyError("too many executions are waited for: try again, or with `Prefer: respond-async`")
    folder = JobFolder.of(service.settings, order.id)
    await anyio.to_thread.run_sync(partial(folder.made.mkdir, mode=0o700, parents=True))
    forget = BackgroundTask(shutil.rmtree, folder.root, ignore_errors=True)
    try:
        outputs = await _outputs(service, database_of(request), order, folder)
        kept = "reference" in asked.outputs.values()
        if kept:
            await _keep(service, order, outputs)
        address = f"{request.base_url}jobs/{order.id}/results" if kept else None
        response = Outputs(outputs, asked.outputs, asked.response, folder.made, address).answer()
    except BaseException:
        await forget()
        raise
    response.background = None if kept else forget
    return response


async def _outputs(service: Service, database: Database, order: Order, folder: JobFolder) -> dict[str, Made]:
    request, process = order.request or {}, order.process or ""
    asked = Asked(process, request["inputs"], service.visible, folder.made)
    work = partial(do_at_once, service.settings, database, asked, SECONDS)
    try:
        with _named():
            return await anyio.to_thread.run_sync(work, limiter=service.executing)
    except TooSlowError as error:
        raise UnavailableError(str(error)) from None
    except WorkFailedError:
        raise RuntimeError(f"the process {process} failed; the reason stands in the log above") from None


async def _keep(service: Service, order: Order, outputs: dict[str, Made]) -> None:
    async with service.engine.begin() as connection:
        await connection.run_sync(job_book.write_down, order)
        await connection.execute(job_book.succeeded(order.id, stored(outputs)))


def _order(identifier: str, holder: Holder | None, process: Process[Any], asked: ExecuteRequest) -> Order:
    key = None if holder is None else holder.id
    request = asked.stored()
    return Order(identifier, "execute", key, process=process.id, request=request, open_to_all=holder is None)


@contextmanager
def _named() -> Iterator[None]:
    """What is wrong with an input, as what is wrong with the request."""
    try:
        yield
    except InputError as error:
        raise BadParameterError(f"inputs.{error.name}", str(error)) from None
    except ValueError as error:
        raise BadParameterError("inputs", str(error)) from None
