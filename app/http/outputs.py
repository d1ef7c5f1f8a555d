"""What a process gave, as an answer: one output as it is, several as a document or in parts, or where they are."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import FileResponse, Response

from app.work.execution import Made

NO_STORE = {"Cache-Control": "no-store"}
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of an execution that were asked for, and how; `address` is where each can be had, if it is kept."""

    outputs: Mapping[str, Made]
    how: Mapping[str, str]
    response: str | None
    folder: Path
    address: str | None = None

    def __post_init__(self) -> None:
        chosen = {name: made for name, made in self.outputs.items() if name in self.how}
        object.__setattr__(self, "outputs", chosen)

    def answer(self) -> Response:
        """The answer in the form that was asked for; without a word several outputs are a document."""
        if self.response == "document" or (self.response is None and len(self.outputs) != 1):
            return _json({name: self._in_document(name, made) for name, made in self.outputs.items()})
        referred = [name for name in self.outputs if self.how[name] == "reference"]
        if len(referred) == len(self.outputs):
            return self._links(referred)
        if len(self.outputs) == 1:
            return self.one(next(iter(self.outputs)))
        return self._parts()

    def one(self, name: str) -> Response:
        """An output as it is."""
        made = self.outputs[name]
        if made.file is None:
            return Response(orjson.dumps(made.value), headers=NO_STORE, media_type=made.media_type)
        return FileResponse(self.folder / made.file, media_type=made.media_type, filename=made.file, headers=NO_STORE)

    def _in_document(self, name: str, made: Made) -> Any:
        """Numbers, texts and lists are themselves, objects and files say what they are (1.0, schema results)."""
        if self.how[name] == "reference":
            return {"href": f"{self.address}/{name}", "type": made.media_type, "title": name}
        if made.file is not None:
            content = base64.b64encode((self.folder / made.file).read_bytes()).decode()
            return {"value": content, "mediaType": made.media_type, "encoding": "base64"}
        return {"value": made.value, "mediaType": made.media_type} if isinstance(made.value, dict) else made.value

    def _links(self, names: list[str]) -> Response:
        links = [f'<{self.address}/{name}>; rel="item"; type="{self.outputs[name].media_type}"' for name in names]
        return Response(status_code=204, headers={**NO_STORE, "Link": ", ".join(links)})

    def _parts(self) -> Response:
        """Each output a part of a multipart/related body (RFC 2387)."""
        boundary = secrets.token_hex(16)
        parts = b"".join(self._part(boundary, name, made) for name, made in self.outputs.items())
        kind = f'multipart/related; boundary={boundary}; type="{next(iter(self.outputs.values())).media_type}"'
        return Response(parts + f"--{boundary}--\r\n".encode(), headers={**NO_STORE, "Content-Type": kind})

    def _part(self, boundary: str, name: str, made: Made) -> bytes:
        head = f"--{boundary}\r\nContent-ID: <{name}>\r\nContent-Type: {made.media_type}\r\n"
        if self.how[name] == "reference":
            return f"{head}Content-Location: {self.address}/{name}\r\n\r\n\r\n".encode()
        plain = orjson.dumps(made.value) if made.file is None else (self.folder / made.file).read_bytes()
        return f"{head}\r\n".encode() + plain + b"\r\n"


def _json(document: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(document), headers=NO_STORE, media_type=JSON)
