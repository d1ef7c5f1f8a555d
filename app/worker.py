"""The worker: carries out what waits in the queue, takes up what a dead worker left, and tidies up behind itself."""

import asyncio
import contextlib
import multiprocessing
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job, Status
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.jobs import HEARTBEAT_SECONDS, MAP, ORDER, SILENT_SECONDS, from_json
from app.settings import Settings
from app.work import job_book
from app.work.child import Interrupted, do_apart, end_with_parent, engine_of
from app.work.maps import make_map
from app.work.orders import JobFolder
from db.engine import Database

log = structlog.get_logger()
RESCUE_SECONDS = 10.0
TIDY_SECONDS = 600.0
STRAY_SECONDS = 86_400.0
SHUTDOWN_SECONDS = 10.0
"""A worker that is asked to stop ends what is nearly done; the rest goes back into the queue."""


class _AgainAfterShutdown(BaseRetryStrategy):
    """What a stopping worker broke off waits for the next one; what failed has failed."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        return RetryDecision(retry_in={"seconds": 0}) if isinstance(exception, JobAborted) else None


def work(settings: Settings, database: Database, *, until_empty: bool) -> None:
    """Carry out jobs one after the other, until stopped or, on wish, until none is left."""
    queue = queue_of(settings, database)
    with _housekeeping(settings, database):
        asyncio.run(_work_until_empty(queue) if until_empty else work_for_ever(queue))


def queue_of(settings: Settings, database: Database) -> App:
    """The queue with the tasks that its jobs ask for."""
    queue = App(connector=PsycopgConnector(conninfo=database.libpq))

    @queue.task(name=MAP)
    def make(request: dict[str, Any]) -> None:
        with engine_of(database) as engine, engine.begin() as connection:
            made = make_map(settings, connection, from_json(request))
        log.info("map made", surface=made.id, created=made.created)

    @queue.task(name=ORDER, pass_context=True, retry=_AgainAfterShutdown())
    def carry_out(context: JobContext, identifier: str) -> None:
        try:
            status = do_apart(settings, database, identifier, context.should_abort)
        except Interrupted:
            log.info("job goes back into the queue", job=identifier)
            raise JobAborted from None
        log.info("job ended", job=identifier, status=status)

    return queue


async def work_for_ever(queue: App) -> None:
    """Until the process is asked to stop."""
    async with queue.open_async():
        await queue.run_worker_async(
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=SILENT_SECONDS,
            shutdown_graceful_timeout=SHUTDOWN_SECONDS,
        )


async def _work_until_empty(queue: App) -> None:
    """Until nothing waits; what is with another worker is waited for as long as that one may prove to be dead."""
    async with queue.open_async():
        for _ in range(int(SILENT_SECONDS) + 1):
            await rescue(queue)
            await queue.run_worker_async(
                wait=False, install_signal_handlers=False, update_heartbeat_interval=HEARTBEAT_SECONDS
            )
            if not list(await queue.job_manager.list_jobs_async(status=Status.DOING.value)):
                return
            await asyncio.sleep(1.0)


async def rescue(queue: App) -> None:
    """Put jobs back whose worker died; one that has seen several workers die is given up."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        if job.attempts < job_book.MOST_ATTEMPTS:
            log.warning("a worker died: its job goes back into the queue", task=job.task_name, number=job.id)
            with contextlib.suppress(ConnectorException):  # another worker was quicker
                await queue.job_manager.retry_job(job)
        else:
            log.error("several workers died of a job: it is given up", task=job.task_name, number=job.id)
            await queue.job_manager.finish_job(job, Status.FAILED, delete_job=False)


def tidy(settings: Settings, engine: Engine) -> None:
    """Remove the files of jobs that ended long enough ago, and folders that no job knows."""
    with engine.begin() as connection:
        for identifier in connection.execute(job_book.with_files_to_remove(settings.keep_uploads_days)).scalars().all():
            shutil.rmtree(JobFolder.of(settings, identifier).root, ignore_errors=True)
            connection.execute(job_book.without_files(identifier))
        connection.execute(job_book.strangers_to_forget(settings.keep_uploads_days))
        for folder in _strays(settings):
            if not connection.execute(job_book.job_called(folder.name)).first():
                shutil.rmtree(folder, ignore_errors=True)


def _strays(settings: Settings) -> list[Path]:
    """Folders so old that no upload is still filling them: perhaps of a service that was killed."""
    long_ago = time.time() - STRAY_SECONDS
    there = settings.uploads.iterdir() if settings.uploads.is_dir() else ()
    return [folder for folder in there if folder.stat().st_mtime < long_ago]


@contextmanager
def _housekeeping(settings: Settings, database: Database) -> Iterator[None]:
    """What a worker does beside its jobs, in a thread, for as long as the block runs."""
    ended = threading.Event()
    thread = threading.Thread(target=_keep_house, args=(settings, database, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _keep_house(settings: Settings, database: Database, ended: threading.Event) -> None:
    due = 0.0
    while True:
        try:
            if time.monotonic() >= due:
                with engine_of(database) as engine:
                    tidy(settings, engine)
                due = time.monotonic() + TIDY_SECONDS
            asyncio.run(_rescue_once(database))
        except (DBAPIError, ConnectorException, OSError) as error:
            log.warning("the worker could not tidy up", reason=f"{type(error).__name__}: {error}")
        if ended.wait(RESCUE_SECONDS):
            return


async def _rescue_once(database: Database) -> None:
    queue = App(connector=PsycopgConnector(conninfo=database.libpq, min_size=1, max_size=1))
    async with queue.open_async():
        await rescue(queue)


@contextmanager
def worker_beside(settings: Settings, database: Database) -> Iterator[None]:
    """A worker in a process of its own, for as long as the block runs."""
    worker = multiprocessing.get_context("spawn").Process(target=_work_beside, args=(settings, database))
    worker.start()
    try:
        yield
    finally:
        worker.terminate()
        worker.join(2 * SHUTDOWN_SECONDS)
        worker.kill()


def _work_beside(settings: Settings, database: Database) -> None:
    end_with_parent()
    work(settings, database, until_empty=False)
