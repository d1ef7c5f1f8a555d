"""The report on a load as one HTML file: no script, no request to anywhere, for screen and paper."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ingest.report import Report
from ingest.report_page import figures, view
from ingest.report_page.chart import chart
from ingest.report_page.histogram import TALL, WIDTH
from ingest.report_page.view import Room
from ingest.visible import unhidden

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "page.css").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""The content security policy that the page needs, and has within itself: its own style and nothing else."""
AMPLE, SPARE = Room(series=200, lines=150, messages=8), Room(series=40, lines=40, messages=2)
LARGEST_BYTES = 1_000_000

_pages = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    finalize=lambda shown: unhidden(shown) if type(shown) is str else shown,
)
_pages.filters |= {"number": figures.number, "count": figures.count}


def render(report: Report) -> str:
    """The report as a whole HTML document of no more than a megabyte, whatever came in."""
    page = _page(report, AMPLE)
    return page if len(page.encode()) <= LARGEST_BYTES else _page(report, SPARE)


def _page(report: Report, room: Room) -> str:
    content = report.content
    return _pages.get_template("page.html").render(
        report=report,
        style=STYLE,
        policy=POLICY,
        state=_state(report),
        groups=view.groups(report, room),
        columns=view.Part.of(report.origin.columns if report.origin else (), room.lines),
        chart=chart(content["places"]) if content else None,
        samples=content if content and content["kind"] == "samples" else None,
        tables=view.tables(content, room) if content and content["kind"] == "samples" else None,
        sources=content if content and content["kind"] == "sources" else None,
        released=view.released(content, room) if content and content["kind"] == "sources" else None,
        sectors=view.Part.of(content["sectors"], room.lines) if content and content["kind"] == "sources" else None,
        share=figures.share,
        bar={"width": WIDTH, "tall": TALL},
    )


def _state(report: Report) -> tuple[str, str]:
    if report.refused is not None:
        return "refused", "Refused: nothing was loaded"
    if report.unchanged:
        return "unchanged", "Loaded already: nothing changed"
    return ("doubted", "Loaded, with rows rejected") if report.rejected else ("loaded", "Loaded")
