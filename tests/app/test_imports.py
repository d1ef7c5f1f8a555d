"""Loading by HTTP: a form becomes a job, a job becomes a report, and nothing that is sent costs more than it may."""

import asyncio
import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Engine, func, select, text, update

from app.factory import create_app
from app.http import upload
from app.keys import Scope, create_key, revoke_key
from app.settings import Settings
from app.worker import queue_of, tidy, work, work_for_ever
from db import migrate
from db.engine import Database
from db.tables import dataset, job, specimen
from ingest import datasets
from ingest.vocabulary import load_vocabularies

PROFILE = """
[dataset]
name = "{name}"
title = "A field"
licence = "CC0-1.0"
provider = "us"

[position]
crs = "EPSG:25832"
x = {{ column = "x" }}
y = {{ column = "y" }}

[specimen]
code = {{ column = "code" }}
medium = "mineral-horizon"

[measurements]
unit = "mg/kg"
digestion = "aqua-regia"
basis = "dry"

[measurements.columns]
lead = "lead"
"""


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

    def held(self, name: str) -> int:
        """How many specimens a dataset has."""
        query = select(func.count()).select_from(specimen.join(dataset, dataset.c.id == specimen.c.dataset_id))
        with self.engine.connect() as connection:
            return int(connection.execute(query.where(dataset.c.name == name)).scalar_one())

    def traces(self) -> tuple[int, int]:
        """How many jobs there are, and how many folders of jobs."""
        with self.engine.connect() as connection:
            jobs = connection.execute(select(func.count()).select_from(job)).scalar_one()
        folders = list(self.settings.uploads.iterdir()) if self.settings.uploads.is_dir() else []
        return int(jobs), len(folders)

    async def work(self) -> None:
        await asyncio.to_thread(work, self.settings, self.database, until_empty=True)


@pytest_asyncio.fixture(scope="module")
async def house(server: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Shared by the module: every test has datasets and keys of its own."""
    administration = server.engine().execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("CREATE DATABASE edaphos_imports"))
    database = Database(server.url.set(database="edaphos_imports"))
    settings = Settings(home=tmp_path_factory.mktemp("imports"), most_upload_bytes=300_000)
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
        connection.execute(text("DROP DATABASE edaphos_imports WITH (FORCE)"))
    administration.dispose()


def survey(rows: int, *, bad: int = 0, lead: float = 10.0) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["code", "x", "y", "lead"])
    for turn in range(rows):
        value = "=1+1" if turn < bad else f"{lead + turn / 7:.2f}"
        writer.writerow([f"s{turn}", 500_000 + turn, 5_700_000 + 3 * turn, value])
    return written.getvalue().encode()


def form(content: bytes, name: str = "field.csv", dataset: str = "field") -> dict[str, Any]:
    profile = PROFILE.format(name=dataset).encode()
    return {
        "files": {"file": (name, content), "profile": ("p.toml", profile)},
        "data": {"kind": "samples"},
    }


async def test_a_file_is_loaded_reported_and_taken_out_again(house: House) -> None:
    key = house.key("load:field", "unload:field")
    sent = await house.client.post("/imports", headers=key, **form(survey(50, bad=2)))
    assert sent.status_code == 202, sent.text
    assert sent.json()["status"] == "accepted"
    assert "worker" in sent.json()["message"]
    address = sent.headers["location"]
    assert (await house.client.get(f"{address}/report", headers=key)).status_code == 404
    again = await house.client.post("/imports", headers=key, **form(survey(50, bad=2)))
    other = await house.client.post("/imports", headers=key, **form(survey(30, lead=5.0)))
    gone = await house.client.delete("/datasets/field", headers=key)
    assert gone.status_code == 404, "it is not there before it is loaded"
    await house.work()
    status = (await house.client.get(address, headers=key)).json()
    assert (status["status"], status["progress"]) == ("successful", 100), status
    assert status["files_kept_until"] > status["finished"]
    assert house.held("field") == 30
    await report_is_complete(house, address, key)
    reports = [
        (await house.client.get(f"{at.headers['location']}/report", headers=key)).json() for at in (again, other)
    ]
    assert [(report["unchanged"], report["rows_in"]) for report in reports] == [(True, 50), (False, 30)]
    gone = await house.client.delete("/datasets/field", headers=key)
    assert gone.status_code == 202, gone.text
    await house.work()
    assert (await house.client.get(f"{gone.headers['location']}/report", headers=key)).json()["removed"] == 30
    assert house.held("field") == 0
    assert (await house.client.delete("/datasets/field", headers=key)).status_code == 404
    listed = (await house.client.get("/jobs", headers=key)).json()["jobs"]
    assert [entry["action"] for entry in listed] == ["unload", "load", "load", "load"]


async def report_is_complete(house: House, address: str, key: dict[str, str]) -> None:
    report = (await house.client.get(f"{address}/report", headers=key)).json()
    assert (report["rows_in"], report["loaded"], report["rejected"]) == (50, 48, 2)
    page = await house.client.get(f"{address}/report?f=html", headers=key)
    assert page.headers["content-type"].startswith("text/html")
    assert "A field" in page.text
    rejected = await house.client.get(f"{address}/rejected", headers=key)
    assert rejected.headers["content-type"].startswith("text/csv")
    assert rejected.headers["content-disposition"].startswith("attachment")
    assert len(rejected.text.splitlines()) == 3


async def test_what_cannot_be_loaded_says_why_and_a_draft_says_what_it_may_mean(house: House) -> None:
    key = house.key("load")
    sent = await house.client.post("/imports", headers=key, **form(b"code,x,y\na,1,2\n", dataset="broken"))
    drafted = await house.client.post(
        "/imports", headers=key, data={"kind": "draft"}, files={"file": ("field.csv", survey(40))}
    )
    await house.work()
    status = (await house.client.get(sent.headers["location"], headers=key)).json()
    assert status["status"] == "failed"
    assert "lead" in status["message"]
    refusal = await house.client.get(sent.headers["location"] + "/report?f=html", headers=key)
    assert "lead" in refusal.text
    assert "unsafe" not in refusal.headers["content-security-policy"]
    assert house.held("broken") == 0
    address = drafted.headers["location"] + "/report"
    profile = await house.client.get(f"{address}?f=toml", headers=key)
    assert profile.headers["content-type"] == "application/toml"
    assert "[dataset]" in profile.text
    assert (await house.client.get(address, headers=key)).json()["profile"] == profile.text


async def test_jobs_are_seen_by_who_asked_or_may_load_the_dataset(house: House) -> None:
    mine, stranger, colleague = house.key("load:seen"), house.key("load:other"), house.key("load:seen")
    address = (await house.client.post("/imports", headers=mine, **form(survey(5), dataset="seen"))).headers["location"]
    for path in ("", "/report", "/rejected"):
        assert (await house.client.get(address + path)).status_code == 404
        assert (await house.client.get(address + path, headers=stranger)).status_code == 404
    assert (await house.client.delete(address, headers=stranger)).status_code == 404
    assert (await house.client.get("/jobs", headers=stranger)).json()["jobs"] == []
    assert len((await house.client.get("/jobs", headers=colleague)).json()["jobs"]) == 1
    assert (await house.client.get(address, headers=colleague)).status_code == 200
    assert (await house.client.delete(address, headers=colleague)).json()["status"] == "dismissed"


async def test_a_key_for_one_dataset_loads_no_other(house: House) -> None:
    key, before = house.key("load:other"), house.traces()
    answer = await house.client.post("/imports", headers=key, **form(survey(5)))
    assert answer.status_code == 403
    assert "load:field" in answer.json()["detail"]
    assert house.traces() == before


BAD_FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "no file": ({"data": {"kind": "samples", "profile": "meuse"}, "files": {"x": None}}, "body"),
    "no kind": ({"files": {"file": ("a.csv", b"a")}, "data": {"profile": "meuse"}}, "kind"),
    "odd kind": ({"files": {"file": ("a.csv", b"a")}, "data": {"profile": "meuse", "kind": "rocks"}}, "kind"),
    "no profile": ({"files": {"file": ("a.csv", b"a")}, "data": {"kind": "samples"}}, "profile"),
    "unknown profile": ({"files": {"file": ("a.csv", b"a")}, "data": {"kind": "samples", "profile": "x"}}, "profile"),
    "profile elsewhere": (
        {"files": {"file": ("a.csv", b"a")}, "data": {"kind": "samples", "profile": "../../../etc/passwd"}},
        "profile",
    ),
    "broken profile": ({"files": {"file": ("a.csv", b"a")}, "data": {"kind": "samples", "profile": "[x"}}, "profile"),
    "binary profile": (
        {"files": {"file": ("a.csv", b"a"), "profile": ("p.toml", b"\xff\xfe\x00")}, "data": {"kind": "samples"}},
        "profile",
    ),
    "empty file": ({"files": {"file": ("a.csv", b"")}, "data": {"kind": "samples", "profile": "meuse"}}, "file"),
    "no name": ({"files": {"file": ("", b"a")}, "data": {"kind": "samples", "profile": "meuse"}}, "file"),
    "unknown part": (
        {"files": {"file": ("a.csv", b"a")}, "data": {"kind": "samples", "profile": "meuse", "sudo": "yes"}},
        "sudo",
    ),
    **{
        f"name {name!r}": (
            {"files": {"file": (name, b"a")}, "data": {"kind": "samples", "profile": "meuse"}},
            "file",
        )
        for name in (
            "../a.csv",
            "/etc/passwd",
            "..",
            "a/b.csv",
            "c:/a.csv",
            "a\x1b[31m.csv",
            "a\u202evsc.exe",
            "x" * 999,
        )
    },
}


@pytest.mark.parametrize("case", BAD_FORMS)
async def test_a_bad_form_is_refused_with_the_name_of_the_part(house: House, case: str) -> None:
    sent, parameter = BAD_FORMS[case]
    if case == "no file":
        sent = {"content": b"--b--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
        parameter = "file"
    headers, before = house.key("load") | sent.get("headers", {}), house.traces()
    sent = {name: value for name, value in sent.items() if name != "headers"}
    answer = await house.client.post("/imports", headers=headers, **sent)
    assert (answer.status_code, answer.json().get("parameter")) == (400, parameter), answer.text
    assert str(house.settings.home) not in answer.text
    assert house.traces() == before


async def test_other_bodies_are_no_forms(house: House) -> None:
    key, before = house.key("load"), house.traces()
    for kind in ("application/json", "multipart/form-data", "multipart/mixed; boundary=b", ""):
        answer = await house.client.post("/imports", headers=key | {"Content-Type": kind}, content=b"{}")
        assert answer.status_code == 415, kind
    cut = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc'
    for content in (cut, b"nonsense", b"--b\r\nno header\r\n\r\n", b""):
        headers = key | {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await house.client.post("/imports", headers=headers, content=content)
        assert answer.status_code == 400, content
    many = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{turn}.csv"\r\n\r\na\r\n'.encode()
        for turn in range(100)
    )
    assert (await house.client.post("/imports", headers=headers, content=many)).status_code == 400
    assert house.traces() == before


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    """By the length that is stated, and by what comes where none or a wrong one is."""
    before = house.traces()
    key, head = house.key("load"), b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    pulled = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pulled
        yield head
        while True:
            pulled += 10_000
            yield b"x" * 10_000

    headers = key | {"Content-Type": "multipart/form-data; boundary=b"}
    for stated in ({}, {"Content-Length": "100"}, {"Content-Length": str(10**12)}):
        pulled = 0
        answer = await house.client.post("/imports", headers=headers | stated, content=endless())
        assert answer.status_code == 413, stated
        assert "300,000" in answer.json()["detail"]
        assert pulled <= (0 if len(stated.get("Content-Length", "")) > 6 else 330_000)
    assert house.traces() == before


async def test_a_silent_client_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SILENCE_SECONDS", 0.1)

    async def silent() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        await asyncio.sleep(30)

    headers = house.key("load") | {"Content-Type": "multipart/form-data; boundary=b"}
    began = time.monotonic()
    answer = await house.client.post("/imports", headers=headers, content=silent())
    assert (answer.status_code, time.monotonic() - began < 10) == (400, True)


async def test_a_long_profile_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_TEXT", 1_000)
    sent = {"data": {"kind": "samples", "profile": "x" * 1_001}, "files": {"file": ("a.csv", b"a")}}
    answer = await house.client.post("/imports", headers=house.key("load"), **sent)  # type: ignore[arg-type]
    assert answer.status_code == 413


async def test_a_job_that_waits_can_be_dismissed_and_then_forgotten(house: House) -> None:
    key, before = house.key("load"), house.traces()
    address = (await house.client.post("/imports", headers=key, **form(survey(5), dataset="late"))).headers["location"]
    assert (await house.client.delete(address, headers=key)).json()["status"] == "dismissed"
    await house.work()
    assert (await house.client.get(address, headers=key)).json()["status"] == "dismissed"
    assert house.held("late") == 0
    assert (await house.client.delete(address, headers=key)).status_code == 200
    assert (await house.client.get(address, headers=key)).status_code == 404
    assert house.traces() == before


@contextmanager
def held_up(house: House, name: str) -> Iterator[None]:
    """The load of a dataset waits while the block runs, as if somebody else loaded it."""
    with house.engine.begin() as connection:
        datasets.lock(connection, name)
        yield


async def until(house: House, address: str, key: dict[str, str], *states: str) -> dict[str, Any]:
    for _ in range(600):
        status: dict[str, Any] = (await house.client.get(address, headers=key)).json()
        if status["status"] in states:
            return status
        await asyncio.sleep(0.1)
    raise AssertionError(f"the job is {status['status']}, never {states}")


async def test_a_job_that_runs_can_be_dismissed(house: House) -> None:
    key = house.key("load")
    address = (await house.client.post("/imports", headers=key, **form(survey(5), dataset="ended"))).headers["location"]
    with held_up(house, "ended"):
        working = asyncio.create_task(house.work())
        await until(house, address, key, "running")
        assert (await house.client.delete(address, headers=key)).status_code == 200
        await until(house, address, key, "dismissed")
        await working
    assert house.held("ended") == 0


async def test_what_a_killed_worker_left_is_done_by_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    key = house.key("load")
    address = (await house.client.post("/imports", headers=key, **form(survey(5), dataset="saved"))).headers["location"]
    environment = {"EDAPHOS_HOME": str(house.settings.home), "EDAPHOS_DATABASE_URL": house.database.libpq}
    with held_up(house, "saved"):
        worker = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "worker"],
            env={**os.environ, **environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            await until(house, address, key, "running")
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    await asyncio.sleep(1.0)
    assert house.held("saved") == 0, "the child of a killed worker must not go on"
    monkeypatch.setattr("app.worker.SILENT_SECONDS", 3)
    await house.work()
    assert (await until(house, address, key, "successful"))["progress"] == 100
    assert house.held("saved") == 5


async def test_a_worker_that_is_stopped_leaves_its_job_to_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.SHUTDOWN_SECONDS", 0.1)
    key = house.key("load")
    address = (await house.client.post("/imports", headers=key, **form(survey(5), dataset="left"))).headers["location"]
    with held_up(house, "left"):
        working = asyncio.create_task(work_for_ever(queue_of(house.settings, house.database)))
        await until(house, address, key, "running")
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    assert (await house.client.get(address, headers=key)).json()["status"] == "accepted"
    await house.work()
    assert (await until(house, address, key, "successful"))["progress"] == 100


async def test_files_go_when_their_time_is_over_and_the_report_stays(house: House) -> None:
    key = house.key("load")
    address = (await house.client.post("/imports", headers=key, **form(survey(9, bad=1), dataset="old"))).headers[
        "location"
    ]
    await house.work()
    folder = house.settings.uploads / address.rsplit("/", 1)[1]
    assert (folder / "rejected.csv").is_file()
    assert folder.stat().st_mode & 0o077 == 0, "what is sent may be private"
    stray = house.settings.uploads / "f00"
    stray.mkdir()
    tidy(house.settings, house.engine)
    assert folder.is_dir()
    assert stray.is_dir()
    os.utime(stray, (0, 0))
    with house.engine.begin() as connection:
        long_ago = text("finished_at - interval '8 days'")
        connection.execute(update(job).where(job.c.id == folder.name).values(finished_at=long_ago))
    tidy(house.settings, house.engine)
    assert not folder.exists()
    assert not stray.exists()
    assert (await house.client.get(f"{address}/report", headers=key)).json()["rejected"] == 1
    missing = await house.client.get(f"{address}/rejected", headers=key)
    assert (missing.status_code, "removed" in missing.text) == (404, True)


async def test_several_files_of_one_kind_are_one_dataset(house: House) -> None:
    key, profile = house.key("load"), PROFILE.format(name="many").encode()
    first, second = survey(3), survey(6).replace(b"s0,", b"t0,").replace(b"s1,", b"t1,").replace(b"s2,", b"t2,")
    files = [("file", ("a.csv", first)), ("file", ("b.csv", second.replace(b"s", b"u"))), ("profile", ("p", profile))]
    sent = await house.client.post("/imports", headers=key, data={"kind": "samples"}, files=files)
    await house.work()
    status = await until(house, sent.headers["location"], key, "successful", "failed")
    assert status["status"] == "successful", status
    assert house.held("many") == 9
    twice = [("file", ("a.csv", first)), ("file", ("a.csv", first)), ("profile", ("p", profile))]
    answer = await house.client.post("/imports", headers=key, data={"kind": "samples"}, files=twice)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "file")


async def test_a_key_that_is_revoked_takes_its_waiting_jobs_along(house: House) -> None:
    key, other = house.key("load:leaked"), house.key("load:leaked")
    sent = await house.client.post("/imports", headers=key, **form(survey(5), dataset="leaked"))
    with house.engine.begin() as connection:
        revoke_key(connection, key["Authorization"].split("_")[1])
    await house.work()
    status = (await house.client.get(sent.headers["location"], headers=other)).json()
    assert (status["status"], "revoked" in status["message"]) == ("failed", True)
    assert house.held("leaked") == 0


async def test_one_key_does_not_fill_the_disk_with_what_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.imports.MOST_WAITING", 1)
    key = house.key("load")
    sent = await house.client.post("/imports", headers=key, **form(survey(5), dataset="first"))
    refused = await house.client.post("/imports", headers=key, **form(survey(5), dataset="second"))
    assert (sent.status_code, refused.status_code) == (202, 429)
    assert (await house.client.delete(sent.headers["location"], headers=key)).status_code == 200
