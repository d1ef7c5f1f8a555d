"""A review as one HTML file: no script, no request to anywhere, pictures within."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.work.review.document import Figure, Review
from ingest.report_page import STYLE as COMMON

FOLDER = Path(__file__).parent
STYLE = COMMON + (FOLDER / "page.css").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
_pages = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)


def _source(figure: Figure) -> str:
    return f"data:image/png;base64,{base64.b64encode(figure.png).decode()}"


_pages.filters["source"] = _source


def render(review: Review) -> str:
    """The whole document."""
    return _pages.get_template("page.html").render(review=review, style=STYLE, policy=POLICY)
