"""Questions as the text and values that asyncpg takes; a question of a known shape is not compiled again."""

from collections import OrderedDict
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

MOST_KEPT = 500
_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_compiled: "OrderedDict[Any, SQLCompiler]" = OrderedDict()


def rendered(query: Select[Any]) -> tuple[str, list[Any]]:
    """SQL with `$1`, `$2`, …, and what they stand for."""
    shape = query._generate_cache_key()  # what SQLAlchemy's own engine knows statements by
    known = _compiled.get(shape.key) if shape else None
    if known is None:
        known = query.compile(dialect=_DIALECT, cache_key=shape, compile_kwargs={"render_postcompile": True})
        if shape is not None and not known.post_compile_params:
            _keep(shape.key, known)
    values = known.construct_params(extracted_parameters=shape.bindparams if shape else None)
    return str(known), [values[name] for name in known.positiontup or ()]


def _keep(key: Any, compiled: SQLCompiler) -> None:
    _compiled[key] = compiled
    if len(_compiled) > MOST_KEPT:
        _compiled.popitem(last=False)


def estimate(query: Select[Any]) -> tuple[str, list[Any]]:
    """SQL that asks the planner how many rows it expects, for nothing: a JSON text with `Plan`, `Plan Rows`."""
    text, values = rendered(query)
    return f"EXPLAIN (FORMAT JSON) {text}", values
