"""`profile`: what the columns of an unknown file mean, drafted as a profile with a reason for each guess."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from app.processes.process import Output, Process
from app.work.file_limits import limits_for
from app.work.orders import Bench
from ingest.contaminants import shipped_contaminants
from ingest.draft import draft_profile
from ingest.guards import limited_to
from ingest.profile import FileOptions

_NAME = re.compile(r"[\w][\w .()+-]{0,120}")
Content = Annotated[
    str,
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "contentMediaType": "application/octet-stream"}),
    Field(max_length=2_000_000),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileInputs:
    """A small file, or the beginning of a large one of delimited text."""

    name: Annotated[str, Field(description="Name of the file, whose ending says its format.", examples=["survey.csv"])]
    content: Annotated[Content, Field(description="The file, as base64; larger ones are sent to /imports as a draft.")]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("name must be that of a file, without folders")


def _run(bench: Bench, inputs: ProfileInputs) -> Mapping[str, Any]:
    try:
        content = base64.b64decode(inputs.content, validate=True)
    except binascii.Error:
        raise ValueError("content is not base64") from None
    with TemporaryDirectory(dir=bench.folder) as folder, limited_to(limits_for(bench.settings)):
        file = Path(folder, inputs.name)
        file.write_bytes(content)
        draft = draft_profile(file, shipped_contaminants(), FileOptions())
    return {"profile": draft.toml, "reasons": draft.reasons, "open": draft.open_questions}


_LINES = {"type": "array", "items": {"type": "string"}}

PROCESS = Process(
    id="profile",
    title="Draft of a profile",
    description=(
        "Says what the columns of a file mean, as the profile that `/imports` takes, with a reason for each guess and "
        "what only a person can say. The file is forgotten."
    ),
    inputs=ProfileInputs,
    outputs={
        "profile": Output("The profile, as TOML", {"type": "string"}),
        "reasons": Output("Why each column was taken for what", _LINES),
        "open": Output("What only a person can say", _LINES),
    },
    run=_run,
    keywords=("profile", "loading"),
)
