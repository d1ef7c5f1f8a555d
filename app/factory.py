"""The application, put together; nothing happens before `create_app` is called, and no connection before it serves."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from app import problems
from app.http import datasets, health, imports, jobs, static
from app.http.front import HEADERS, METHODS, Front, Origins
from app.http.holder import Gate
from app.http.hot import Hot
from app.http.middleware import EXPOSED, Guard
from app.http.service import lifespan
from app.ogc import STANDARDS
from app.ogc.core import DESCRIPTION, TITLE
from app.ogc.edr.quick import QuickPosition
from app.settings import Settings
from db.engine import Database


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The service for these settings on this database."""
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=version("edaphos"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings, app.state.database, app.state.standards = settings, database, STANDARDS
    problems.install(app)
    for standard in STANDARDS:
        app.include_router(standard.router, tags=[standard.title])
    app.include_router(health.router, tags=["Health"])
    app.include_router(datasets.router, tags=["Datasets"])
    for closed in (imports, jobs):
        app.include_router(closed.router, tags=["Loading"])
    app.include_router(static.router)
    app.mount("/static", static.client_files())
    app.add_middleware(
        GZipMiddleware,
        minimum_size=1_000,
        compresslevel=5,
        # A GeoTIFF is compressed within, and read by ranges of its own bytes.
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/tiff"),
    )
    app.add_middleware(Gate, routes=app.routes)
    app.add_middleware(Front, routes=app.routes)
    app.add_middleware(
        Origins,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=HEADERS,
        expose_headers=EXPOSED,
    )
    app.add_middleware(Guard)
    app.add_middleware(QuickPosition)
    app.add_middleware(Hot)
    return app
