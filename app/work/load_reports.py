"""Reports on loads as files: where they lie, in which form."""

from pathlib import Path

import orjson

from app.settings import Settings
from ingest.report import Report
from ingest.report_page import render

FORMS = (".html", ".json")


def checked_target(target: Path | None) -> Path | None:
    """The path, if its ending names a form that a report can have; raises `ValueError` otherwise."""
    if target is not None and target.suffix.lower() not in FORMS:
        raise ValueError(f"--report: a report is a file named *{' or *'.join(FORMS)}, got {target.name!r}")
    return target


def default_target(settings: Settings, report: Report) -> Path:
    """Where the report lies when nobody says where: each state of a dataset has its own, a refused file one besides."""
    state = "refused" if report.refused is not None else report.checksum[:8]
    return settings.reports / f"{report.dataset}-{state}.html"


def write_report(report: Report, target: Path) -> None:
    """Write a report as HTML or, by the ending, as JSON."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix.lower() == ".json":
        target.write_bytes(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
    else:
        target.write_text(render(report), encoding="utf-8")
