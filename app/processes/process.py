"""A process is a value: what it takes, what it gives, who may ask for it, and the function that does the work."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from app.keys import Scope
from app.processes.inputs import Input, inputs_of
from app.work.orders import Bench

T = TypeVar("T")
JSON = "application/json"
_ID = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Output:
    """What a process gives under one name: a JSON value that fits `schema`, or a file of another media type."""

    title: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    media_type: str = JSON
    description: str = ""


@dataclass(frozen=True, slots=True)
class FileMade:
    """A file that a process wrote into the folder of its bench, as an output."""

    path: Path
    media_type: str

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise FileNotFoundError(f"the process wrote no {self.path.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Generic[T]):
    """One process of OGC API Processes; `inputs` is a frozen dataclass, of which `run` gets a checked instance.

    `run(bench, inputs)` returns a value for each output: JSON, or a `FileMade`. A `ValueError` is a sentence for the
    client. Without a `scope` anybody may ask, within the time that strangers are given; what changes anything that
    others see needs the scope of a key. `at_once` says whether it is ever quick enough to be waited for.
    """

    id: str
    title: str
    description: str
    inputs: type[T]
    outputs: Mapping[str, Output]
    run: Callable[[Bench, T], Mapping[str, Any]]
    scope: str | None = None
    at_once: bool = True
    keywords: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} cannot be the id of a process: small letters, digits and hyphens")
        if not (is_dataclass(self.inputs) and getattr(self.inputs, "__dataclass_params__").frozen):  # noqa: B009
            raise ValueError(f"the inputs of {self.id} must be a frozen dataclass")
        if not self.outputs:
            raise ValueError(f"the process {self.id} gives nothing")
        if self.scope is not None:
            Scope(self.scope)
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))

    @property
    def described_inputs(self) -> Mapping[str, Input]:
        """The inputs by name, with their JSON schemas."""
        return inputs_of(self.inputs)

    @property
    def control(self) -> list[str]:
        """How it can be executed, in the words of the standard."""
        return [*(["sync-execute"] if self.at_once else []), "async-execute", "dismiss"]
