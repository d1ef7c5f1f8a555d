"""`indices`: contamination indices and risk to people, sample by sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection

from app.processes.kinds import contaminant_of
from app.processes.process import Output, Process
from app.processes.together import Assumptions, Guideline, Limits, Several, limits_by_id
from app.work.indices import NAMES, IndexRequest, index_table
from app.work.orders import Bench
from app.work.references import FROM_DATA, shipped_names
from mapping.background import STATISTICS
from mapping.exposure import RECEPTORS

BACKGROUND = f"{', '.join(shipped_names())}; data (the samples themselves) or data:<dataset>."
Numbers = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInputs(Several):
    """Which index, and what it compares with."""

    index: Annotated[str, Field(description="Which one.", json_schema_extra={"enum": list(NAMES)})]
    background: Annotated[str | None, Field(description=BACKGROUND, max_length=200)] = None
    statistic: Annotated[
        str, Field(description="Of a background from data.", json_schema_extra={"enum": [*STATISTICS]})
    ] = "median"
    normaliser: Annotated[str | None, Field(description="Reference element of enrichment factors.")] = None
    limits: Limits = field(default_factory=dict)
    guideline: Guideline = None
    assume: Assumptions = ()
    receptor: Annotated[str, Field(description="Who is exposed.", json_schema_extra={"enum": [*RECEPTORS]})] = "child"
    exposure: Annotated[Numbers, Field(description="Parameters of exposure to replace, such as body_weight_kg.")] = (
        field(default_factory=dict)
    )
    toxicity: Annotated[
        Mapping[str, Numbers],
        Field(description="Values of contaminants to replace.", examples=[{"arsenic": {"slope": 32}}]),
    ] = field(default_factory=dict)


def request_of(bench: Bench, connection: Connection, inputs: IndexInputs) -> IndexRequest:
    """What is asked; `ValueError` for a background that is none of the shipped ones or of the data."""
    # a background from a file is for the command line: nobody reads files of the server from outside
    known = (None, FROM_DATA, *shipped_names())
    if inputs.background not in known and not (inputs.background or "").startswith(f"{FROM_DATA}:"):
        raise ValueError(f"there is no background {inputs.background!r}: it is one of {BACKGROUND}")
    return IndexRequest(
        selection=inputs.selection(bench),
        contaminants=inputs.names(connection),
        index=inputs.index,
        background=inputs.background,
        statistic=inputs.statistic,
        normaliser=None if inputs.normaliser is None else contaminant_of(connection, inputs.normaliser),
        limits=limits_by_id(connection, inputs.limits),
        guideline=inputs.guideline,
        assume=inputs.assume,
        receptor=inputs.receptor,
        exposure=tuple(inputs.exposure.items()),
        toxicity=_replaced(connection, inputs.toxicity),
    )


def _run(bench: Bench, inputs: IndexInputs) -> Mapping[str, Any]:
    with bench.engine.connect() as connection:
        return {"indices": index_table(connection, request_of(bench, connection, inputs)).to_dict()}


def _replaced(connection: Connection, toxicity: Mapping[str, Numbers]) -> tuple[tuple[str, str, float], ...]:
    return tuple(
        (contaminant_of(connection, name), parameter, value)
        for name, values in toxicity.items()
        for parameter, value in values.items()
    )


PROCESS = Process(
    id="indices",
    title="Contamination indices",
    description=(
        "A contamination index, hazard index or cancer risk of every sample, with the classes of its author. Values "
        "below detection limits give bounds; a background of another medium or procedure is refused."
    ),
    inputs=IndexInputs,
    outputs={"indices": Output("The index of each sample, counts of classes, and everything that it rests on")},
    run=_run,
    keywords=("index", "background", "risk"),
)
