"""Files for browsers: the map client, and the style of the plain pages."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.http.answers import ASK_AGAIN, FOR_EVER
from app.http.pages import FOLDER

CLIENT = Path(__file__).resolve().parents[1] / "client"

router = APIRouter()


class ClientFiles(StaticFiles):
    """Files with entity tags; one that was asked for by version may be kept for ever."""

    def file_response(self, *arguments: Any, **keywords: Any) -> Response:
        """Add how long it may be kept."""
        response = super().file_response(*arguments, **keywords)
        response.headers.setdefault("Cache-Control", ASK_AGAIN)
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file; a version in the address makes the answer immutable."""
        response = await super().get_response(path, scope)
        if "v" in Request(scope).query_params and response.status_code in (200, 304):
            response.headers["Cache-Control"] = FOR_EVER
        return response


@router.get("/pages.css", include_in_schema=False)
async def style() -> Response:
    """The style of the plain pages."""
    return FileResponse(FOLDER / "pages.css", headers={"Cache-Control": ASK_AGAIN})


def client_files() -> ClientFiles:
    """The client's folder; it is looked at when a file is asked for."""
    return ClientFiles(directory=CLIENT, check_dir=False)
