"""`data-gaps`: where a map rests on too few samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.processes.kinds import Contaminant, MapId, contaminant_of, map_of
from app.processes.process import Output, Process
from app.work.gaps import GapRequest, look_for_gaps
from app.work.orders import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class GapInputs:
    """A map, and what counts as a gap."""

    contaminant: Contaminant
    map: MapId = None
    radius_m: Annotated[float | None, Field(description="Metres around a place; else two spacings.", gt=0)] = None
    fewest: Annotated[int, Field(description="With fewer samples within it a place is a gap.", ge=1, le=1000)] = 3


def _run(bench: Bench, inputs: GapInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        contaminant = contaminant_of(connection, inputs.contaminant)
        made = map_of(bench.settings, connection, bench.visible, contaminant, inputs.map)
        found = look_for_gaps(connection, made, GapRequest(inputs.radius_m, inputs.fewest)).to_dict()
    return {"map": made.id, **found}


PROCESS = Process(
    id="data-gaps",
    title="Gaps in the data",
    description="Where a map has fewer than a number of samples within a radius: areas as GeoJSON, and distances.",
    inputs=GapInputs,
    outputs={
        "map": Output("The id of the map", {"type": "string"}),
        "report": Output("What was looked for, the area of the gaps, distances to the nearest sample"),
        "gaps": Output("The gaps as GeoJSON, the largest first"),
    },
    run=_run,
    keywords=("data gaps", "sampling"),
)
