"""Plain HTML for people who click through the API: any document as a page, features as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.http.answers import ASK_AGAIN

FOLDER = Path(__file__).resolve().parents[1] / "templates"

_environment = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, title: str, **values: Any) -> Response:
    """A template as an answer."""
    root = request.scope.get("root_path", "") + "/"
    content = _environment.get_template(template).render(title=title, root=root, trail=_trail(request), **values)
    return HTMLResponse(content, headers={"Cache-Control": ASK_AGAIN, "Vary": "Accept, Accept-Encoding"})


def document_page(request: Request, title: str, document: Mapping[str, Any]) -> Response:
    """A JSON document as nested lists, its links apart."""
    members = {name: value for name, value in document.items() if name != "links"}
    return page(request, "document.html", title, document=members, links=document.get("links", []))


def features_page(
    request: Request,
    title: str,
    features: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
) -> Response:
    """A page of features as a table, one column per property."""
    columns = list(dict.fromkeys(name for feature in features for name in feature["properties"]))
    return page(request, "features.html", title, features=features, columns=columns, links=links, counts=counts)


def _trail(request: Request) -> list[tuple[str, str]]:
    """Where the page lies: names and addresses from the root on."""
    parts = [part for part in request.url.path.split("/") if part]
    root = request.scope.get("root_path", "")
    return [(part, "/".join((root, *parts[: turn + 1])) + "?f=html") for turn, part in enumerate(parts)]
