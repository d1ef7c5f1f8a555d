"""Loading by HTTP: a file comes in as a form, is written to disk, and waits as a job."""

import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import JSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.holder import must_hold
from app.http.service import service_of
from app.http.upload import Form, receive_form
from app.http.write_route import key_route
from app.jobs import defer_order
from app.keys import Holder
from app.ogc.job_status import accepted, database_of
from app.ogc.standard import route
from app.problems import BadParameterError, TooManyError
from app.work.job_book import Order, waiting_of
from app.work.orders import LOADERS, JobFolder, shipped_profiles
from ingest.profile import ProfileError

router = APIRouter()
MOST_WAITING = 100
"""Jobs of one key that have not ended, at most."""
DRAFT = "draft"
KINDS = (*LOADERS, DRAFT)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file", "kind"],
    "properties": {
        "file": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "The file; further parts of this name: files that its profile joins.",
        },
        "kind": {"type": "string", "enum": list(KINDS), "description": "What it holds; draft: tell me what it holds."},
        "profile": {"type": "string", "description": "Name of a shipped profile, or a profile as TOML."},
    },
}


@route(router, "/imports", "How files are sent", media=[JSON])
async def how_to_import(request: Request) -> Response:
    """What a form holds, which profiles there are, how large a file may be and how long it is kept."""
    asked(request, JSON_ONLY)
    settings = service_of(request).settings
    return json_answer(
        request,
        {
            "description": "POST a form (multipart/form-data) with a key of the scope load; the answer names the job.",
            "form": _FORM,
            "profiles": shipped_profiles(),
            "most_bytes": int(settings.most_upload_bytes),
            "files_kept_days": settings.keep_uploads_days,
        },
    )


@key_route(router, "POST", "/imports", "Load a file, as a job", status=202, form=_FORM)
async def import_file(request: Request) -> Response:
    """The file is on disk and its job in the queue when this answers."""
    holder, settings = must_hold(request, "load"), service_of(request).settings
    asked(request, JSON_ONLY)
    await _have_room(request, holder)
    identifier = Order.new_id()
    folder = JobFolder.of(settings, identifier)
    try:
        await anyio.to_thread.run_sync(_make, folder)
        most = int(settings.most_upload_bytes)
        form = await receive_form(request, folder.data, most=most, texts=("kind", "profile"))
        order = await anyio.to_thread.run_sync(_ordered, identifier, holder, folder, form)
        if order.action == "load":
            must_hold(request, "load", order.dataset)
        await anyio.to_thread.run_sync(defer_order, database_of(request), order)
    except BaseException:
        shutil.rmtree(folder.root, ignore_errors=True)
        raise
    return await accepted(request, identifier)


async def _have_room(request: Request, holder: Holder) -> None:
    """One key must not fill the disk with files that wait."""
    row = await service_of(request).row(waiting_of(holder))
    if row is not None and row[0] >= MOST_WAITING:
        raise TooManyError(f"{row[0]} jobs of the key {holder.name!r} have not ended; try again when some have")


def _make(folder: JobFolder) -> None:
    """Folders for the service alone: what is sent may be private."""
    folder.root.parent.mkdir(parents=True, exist_ok=True)
    for made in (folder.root, folder.data):
        made.mkdir(mode=0o700)


def _ordered(identifier: str, holder: Holder, folder: JobFolder, form: Form) -> Order:
    """What the form asks for; raises `BadParameterError` where it does not say."""
    kind, file = form.text("kind"), _main_file(form)
    if kind not in KINDS:
        said = "is missing" if kind is None else f"must be one of {', '.join(KINDS)}, got {kind[:60]!r}"
        raise BadParameterError("kind", f"kind {said}")
    order = partial(Order, identifier, key_id=holder.id, file_name=file, file_bytes=form.size, file_sha256=form.sha256)
    if kind == DRAFT:
        return order(action=DRAFT)
    shipped = _shipped(form, folder)
    try:
        profile = folder.described_by(shipped)
    except ProfileError as error:
        raise BadParameterError("profile", str(error)) from None
    return order(action="load", kind=kind, dataset=profile.dataset.name, profile=shipped)


def _main_file(form: Form) -> str:
    if not form.files:
        raise BadParameterError("file", "the form has no file: send it as the part 'file', with its name")
    if not form.size:
        raise BadParameterError("file", f"{form.files[0].name} is empty")
    return form.files[0].name


def _shipped(form: Form, folder: JobFolder) -> str | None:
    """The name of a shipped profile; none where one came with the file, which is then written down."""
    written = form.text("profile")
    if written is None or not written.strip():
        raise BadParameterError("profile", "profile is missing: name a shipped one or send a TOML file")
    if _NAME.fullmatch(written.strip()):
        return written.strip()
    Path(folder.profile).write_text(written, encoding="utf-8")
    return None
