"""Inputs of processes: JSON schemas from a dataclass with annotations, and values that are checked against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class InputError(ValueError):
    """An input is missing, unknown or wrong; the message names it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Input:
    """One input as a process describes it."""

    title: str
    schema: Mapping[str, Any]
    required: bool
    description: str = ""

    @property
    def takes_list(self) -> bool:
        """Whether the value is an array."""
        return self.schema.get("type") == "array"


def inputs_of(inputs: type[Any]) -> Mapping[str, Input]:
    """The inputs that the fields of a dataclass describe, by name."""
    kind: Any = inputs  # mypy takes no class for hashable
    return _inputs_of(kind)


@cache
def _inputs_of(inputs: Any) -> Mapping[str, Input]:
    whole = _adapter(inputs).json_schema()
    kinds, required = whole.get("$defs", {}), set(whole.get("required", ()))
    return MappingProxyType(
        {
            name: _input(name, _spelled_out(schema, kinds), required=name in required)
            for name, schema in whole.get("properties", {}).items()
        }
    )


def checked_inputs(inputs: type[T], given: Mapping[str, Any]) -> T:
    """The dataclass of these values (JSON); raises `InputError` for what is missing, unknown or does not fit."""
    known = inputs_of(inputs)
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise InputError(name[:60], f"there is no input {name[:60]!r}; inputs are {listed}")
    kind: Any = inputs
    try:
        made: T = _adapter(kind).validate_json(orjson.dumps(dict(given)), strict=True)
    except ValidationError as error:
        raise _complaint(error) from None
    return made


@cache
def _adapter(inputs: Any) -> TypeAdapter[Any]:
    return TypeAdapter(inputs)


def _input(name: str, schema: dict[str, Any], *, required: bool) -> Input:
    description = schema.pop("description", "")
    if schema.get("default", ...) is None:
        del schema["default"]
    return Input(name.replace("_", " ").capitalize(), MappingProxyType(_without_null(schema)), required, description)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """An input that may be left out is described by what it is when it is there."""
    if "anyOf" not in schema:
        return schema
    some = [each for each in schema["anyOf"] if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**(some[0] if len(some) == 1 else {"oneOf": some}), **rest}


def _spelled_out(schema: Any, kinds: Mapping[str, Any]) -> Any:
    """A schema with its references replaced by what they refer to."""
    if isinstance(schema, list):
        return [_spelled_out(each, kinds) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_spelled_out(kinds[schema["$ref"].rsplit("/", 1)[1]], kinds), **_spelled_out(rest, kinds)}
    # the names of classes are ours and say nothing to a client; a property may be called title all the same
    said = {key: value for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    return {key: _spelled_out(value, kinds) for key, value in said.items()}


def _complaint(error: ValidationError) -> InputError:
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    name = place[0] if place else "inputs"
    if first["type"] == "missing" and len(place) == 1:
        return InputError(name, f"the input {name} is missing")
    said = first["msg"].removeprefix("Value error, ")
    said = f"{said[0].lower()}{said[1:]}"
    if not place:
        return InputError(name, said)
    where = f"the input {name}" + (f" ({'.'.join(place[1:])})" if len(place) > 1 else "")
    return InputError(name, f"{where}: {said}, got {_shown(first['input'])}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
