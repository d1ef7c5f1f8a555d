"""`echo`: what was sent comes back; for trying a client, one input of each kind."""

import datetime as dt
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from app.processes.inputs import inputs_of
from app.processes.kinds import Box, Geometry, Picture
from app.processes.process import Output, Process
from app.work.orders import Bench

STEP_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoInputs:
    """A word, and whatever else."""

    message: Annotated[str, Field(description="Any text.", max_length=10_000, examples=["hello"])]
    pause: Annotated[float, Field(description="Seconds to wait before answering.", ge=0, le=10)] = 0.0
    choice: Annotated[Literal["one", "two", "three"] | None, Field(description="One of three words.")] = None
    number: Annotated[float | None, Field(description="Any number.")] = None
    moment: Annotated[dt.datetime | None, Field(description="A date and time.")] = None
    numbers: Annotated[tuple[float, ...] | None, Field(description="Up to ten numbers.", max_length=10)] = None
    document: Annotated[dict[str, Any] | None, Field(description="Any object.")] = None
    mixed: Annotated[float | str | dict[str, Any] | None, Field(description="A number, a text or an object.")] = None
    area: Annotated[Box | None, Field(description="A bounding box.")] = None
    place: Annotated[Geometry | None, Field(description="A geometry of GeoJSON.")] = None
    picture: Annotated[Picture | None, Field(description="A picture, as base64.")] = None


def wait(bench: Bench, seconds: float) -> None:
    """Pass the time, and say how much of it has passed."""
    steps = math.ceil(seconds / STEP_SECONDS)
    for step in range(steps):
        bench.progress(step, steps)
        time.sleep(STEP_SECONDS)


def _run(bench: Bench, inputs: EchoInputs) -> Mapping[str, Any]:
    wait(bench, inputs.pause)
    return {name: given for name in inputs_of(EchoInputs) if (given := getattr(inputs, name)) is not None}


PROCESS = Process(
    id="echo",
    title="Echo",
    description="Sends back what was sent, each input under its own name: for trying a client.",
    inputs=EchoInputs,
    outputs={
        name: Output(f"{described.title}, as it was given", described.schema)
        for name, described in inputs_of(EchoInputs).items()
    },
    run=_run,
    keywords=("test",),
)
