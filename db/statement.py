"""Questions as the text and values that asyncpg takes."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


def rendered(query: Select[Any]) -> tuple[str, list[Any]]:
    """SQL with `$1`, `$2`, …, and what they stand for."""
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    values = compiled.construct_params()
    return str(compiled), [values[name] for name in compiled.positiontup or ()]


def estimate(query: Select[Any]) -> tuple[str, list[Any]]:
    """SQL that asks the planner how many rows it expects, for nothing: a JSON text with `Plan`, `Plan Rows`."""
    text, values = rendered(query)
    return f"EXPLAIN (FORMAT JSON) {text}", values
