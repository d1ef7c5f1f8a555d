"""What is wrong with a profile, in sentences that name the key and, for a slip of the pen, the key that was meant."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# tags of the two ways to give a field; they are no part of a key
ALTERNATIVES = ("<constant>", "<column>")


def complaints(error: ValidationError, whole: type[BaseModel]) -> Iterator[str]:
    """One clause for each thing that is wrong; `whole` is the model that was validated."""
    for detail in error.errors(include_url=False):
        yield _complaint(detail, whole)


def _complaint(detail: ErrorDetails, whole: type[BaseModel]) -> str:
    location = [part for part in detail["loc"] if part not in ALTERNATIVES]
    key = ".".join(str(part) for part in location)
    match detail["type"]:
        case "missing":
            return f"{key} is missing"
        case "extra_forbidden":
            return f"{key} is not a key of a profile{_did_you_mean(location, whole)}"
        case "value_error":
            return f"{key}: {detail['ctx']['error']}" if key else str(detail["ctx"]["error"])
        case "model_type":
            return f'{key}: write {{ column = "…" }}, got {detail["input"]!r}'
        case _:
            return f"{key}: {detail['msg']}, got {detail['input']!r}"


def _did_you_mean(location: list[int | str], whole: type[BaseModel]) -> str:
    keys = _keys(whole, location[:-1])
    given = str(location[-1])
    close = get_close_matches(given, keys, n=1) or [key for key in keys if key.startswith(given)]
    return f"; did you mean {close[0]}?" if close else f" (known here: {', '.join(sorted(keys))})"


def _keys(model: type[BaseModel], path: list[int | str]) -> list[str]:
    for part in path:
        inner = _model_of(model, str(part))
        model = inner or model
    return list(model.model_fields)


def _model_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = model.model_fields.get(key)
    return _first_model(field.annotation) if field else None


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _first_model(inner):
            return found
    return None
