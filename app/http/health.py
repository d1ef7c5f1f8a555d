"""Whether the process lives, and whether it can work."""

from functools import lru_cache
from pathlib import Path

from alembic.script import ScriptDirectory
from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import JSON, json_answer
from app.http.asked import JSON_ONLY, asked
from app.http.service import service_of
from app.ogc.standard import route
from app.problems import UnavailableError

router = APIRouter()
_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@route(router, "/healthz", "Whether the process lives", media=[JSON])
async def health(request: Request) -> Response:
    """Always, when it can be asked."""
    asked(request, JSON_ONLY)
    return json_answer(request, {"status": "ok"})


@route(router, "/readyz", "Whether the database answers and has the schema of this version", media=[JSON])
async def readiness(request: Request) -> Response:
    """503 with the reason if not."""
    asked(request, JSON_ONLY)
    async with service_of(request).engine.connect() as connection:
        known = (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar()
        found = known and (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    if found != _newest():
        raise UnavailableError("the database has not the schema of this version: run edaphos db upgrade")
    return json_answer(request, {"status": "ready", "schema": found})


@lru_cache(maxsize=1)
def _newest() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()
