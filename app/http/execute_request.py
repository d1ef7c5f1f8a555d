"""The body of an execute request (OGC API Processes 1.0, 7.11): inputs inline, qualified or referred to; outputs."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from starlette.requests import Request

from app.problems import BadParameterError, TooLargeError, WrongContentError
from app.processes import Process
from app.processes.inputs import Input

MOST_BODY = 2_000_000
RESPONSES = ("raw", "document")
MODES = ("sync", "async", "auto")
TRANSMISSIONS = ("value", "reference")
_QUALIFIED = frozenset({"value", "mediaType", "encoding", "schema", "format"})


@dataclass(frozen=True, slots=True)
class ExecuteRequest:
    """What is asked of a process; `outputs` says how each wanted one is sent, `response` is None where nothing was."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, str]
    response: str | None
    later: bool

    def stored(self) -> dict[str, Any]:
        """As it waits with a job."""
        return {"inputs": dict(self.inputs), "outputs": dict(self.outputs), "response": self.response}


async def read_execute_request(request: Request, process: Process[Any]) -> ExecuteRequest:
    """Read and check the body; raises `BadParameterError`, `TooLargeError` and `WrongContentError`."""
    document = _document(await _body(request))
    if "subscriber" in document:
        raise BadParameterError("subscriber", "subscriber: nobody is called back from here; ask the job how it stands")
    inputs, described = _object(document, "inputs"), process.described_inputs
    return ExecuteRequest(
        inputs={name: _plain(name, described.get(name), value) for name, value in inputs.items()},
        outputs=_outputs(_object(document, "outputs"), process),
        response=_one_of(document, "response", RESPONSES),
        later=_later(request, process, _one_of(document, "mode", MODES)),
    )


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if not (kind == "application/json" or kind.endswith("+json")):
        raise WrongContentError(f"an execute request is application/json, got {kind[:60]!r}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise TooLargeError(f"an execute request has {MOST_BODY:,} bytes at most")
    return bytes(body)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadParameterError("body", f"the body is not JSON: {error.msg}, character {error.pos}") from None
    if not isinstance(document, dict):
        raise BadParameterError("body", "the body must be a JSON object with the member inputs")
    return document


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise BadParameterError(name, f"{name} must be an object")
    return found


def _one_of(document: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str | None:
    given = document.get(name)
    if given is not None and given not in words:
        raise BadParameterError(name, f"{name} must be one of {', '.join(words)}, got {str(given)[:60]!r}")
    return given


def _later(request: Request, process: Process[Any], mode: str | None) -> bool:
    """Whether it is done as a job: on wish (RFC 7240, or the `mode` of older clients), or as there is no other way."""
    preferred = {part.strip().lower() for part in request.headers.get("prefer", "").replace(";", ",").split(",")}
    return "respond-async" in preferred or mode == "async" or not process.at_once


def _outputs(given: Mapping[str, Any], process: Process[Any]) -> dict[str, str]:
    """How each output is sent; all of them as values where nothing is said."""
    for name in given:
        if name not in process.outputs:
            listed = ", ".join(process.outputs)
            raise BadParameterError("outputs", f"there is no output {name[:60]!r}; outputs are {listed}")
    wanted = {name: _transmission(name, each, process) for name, each in given.items()}
    return wanted or dict.fromkeys(process.outputs, "value")


def _transmission(name: str, given: Any, process: Process[Any]) -> str:
    asked = {} if given is None else given
    if not isinstance(asked, dict):
        raise BadParameterError("outputs", f"outputs: {name} must be an object")
    mode = asked.get("transmissionMode", "value")
    if mode not in TRANSMISSIONS:
        raise BadParameterError("outputs", f"outputs: the transmissionMode of {name} must be value or reference")
    kind, media_type = asked.get("format"), process.outputs[name].media_type
    if isinstance(kind, dict) and kind.get("mediaType", media_type) != media_type:
        raise BadParameterError("outputs", f"outputs: {name} is made as {media_type} only")
    return str(mode)


def _plain(name: str, described: Input | None, value: Any) -> Any:
    """The value of an input, however it was wrapped; what nobody described stays, to be complained of."""
    if described is None:
        return value
    if isinstance(value, list) and described.takes_list:
        return [_unwrapped(name, described, each) for each in value]
    return _unwrapped(name, described, value)


def _unwrapped(name: str, described: Input, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "href" in value:
        return _referred(name, described, value["href"])
    return value["value"] if "value" in value and value.keys() <= _QUALIFIED else value


def _referred(name: str, described: Input, address: Any) -> Any:
    """What a reference holds; the service fetches nothing from elsewhere, so that nobody can send it anywhere."""
    if not (isinstance(address, str) and address.startswith("data:") and "," in address):
        said = "is read from an address data:…,… only: send the value itself"
        raise BadParameterError(f"inputs.{name}", f"the input {name} {said}")
    kind, _, content = address.removeprefix("data:").partition(",")
    try:
        raw = base64.b64decode(content, validate=True) if kind.endswith(";base64") else unquote_to_bytes(content)
        if described.schema.get("contentEncoding") == "base64":
            return base64.b64encode(raw).decode()
        return orjson.loads(raw) if "json" in kind else raw.decode()
    except (binascii.Error, ValueError):
        said = f"the input {name}: what its data: address holds cannot be read"
        raise BadParameterError(f"inputs.{name}", said) from None
