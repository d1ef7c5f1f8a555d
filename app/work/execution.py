"""Executing a process: inputs checked, the work done, and its outputs as they can be stored and sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from app.processes import FileMade, process_called
from app.processes.inputs import checked_inputs
from app.work.orders import Bench

MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """One output: a JSON value, or the name of a file in the folder of the bench."""

    media_type: str
    value: Any = None
    file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it is stored with a job."""
        content = {"value": self.value} if self.file is None else {"file": self.file}
        return {"mediaType": self.media_type, **content}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Made":
        """What `to_dict` wrote."""
        return cls(stored["mediaType"], stored.get("value"), stored.get("file"))


def execute(bench: Bench, identifier: str, inputs: Mapping[str, Any]) -> Mapping[str, Made]:
    """The outputs of a process by name; `ValueError` with a sentence where it cannot be done."""
    process = process_called(identifier)
    given = process.run(bench, checked_inputs(process.inputs, inputs))
    unknown = set(given) - set(process.outputs)
    if unknown:
        raise RuntimeError(f"the process {identifier} gave outputs that it does not describe: {sorted(unknown)}")
    return MappingProxyType(
        {name: _made(bench, process.outputs[name].media_type, each) for name, each in given.items()}
    )


def stored(outputs: Mapping[str, Made]) -> dict[str, Any]:
    """Outputs as the result of a job."""
    return {"outputs": {name: made.to_dict() for name, made in outputs.items()}}


def from_stored(result: Mapping[str, Any]) -> dict[str, Made]:
    """The outputs that `stored` wrote."""
    return {name: Made.from_dict(each) for name, each in result["outputs"].items()}


def _made(bench: Bench, media_type: str, given: Any) -> Made:
    if isinstance(given, FileMade):
        return Made(given.media_type, file=_within(bench, given.path))
    written = orjson.dumps(given, option=orjson.OPT_SERIALIZE_NUMPY, default=_plain)
    if len(written) > MOST_BYTES:
        raise ValueError(f"the result is larger than {MOST_BYTES:,} bytes: ask for less")
    # what is not finite has become null, and every key a text, as JSON knows them
    return Made(media_type, orjson.loads(written))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _within(bench: Bench, path: Path) -> str:
    if bench.folder is None or path.parent != bench.folder:
        raise RuntimeError(f"{path.name} was not written into the folder of the bench")
    return path.name
