"""`exceedance`: how many samples and how much of a map lie above guideline values, or above a limit of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection

from app.limits import Limit, resolve_limit
from app.processes.kinds import Contaminant, MapId, check_layers, contaminant_of, map_of, samples_under
from app.processes.process import Output, Process
from app.work.assumed import at_samples, for_all_places, layers_named_in
from app.work.exceedance import AreaAbove, areas_above, areas_of, guideline_rows, judge_samples, limits_for
from app.work.material import gather
from app.work.orders import Bench
from app.work.published import PublishedMap
from app.work.supports import POINT, SUPPORTS, ZONE, Support, means_over
from db.samples import SampleRows

Assumptions = Annotated[
    tuple[str, ...],
    Field(description="What the data do not say, such as clay:10.", max_length=20, examples=[["clay:10"]]),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceedanceInputs:
    """A map, and what to compare it with: every guideline value that is comparable where nothing is named."""

    contaminant: Contaminant
    map: MapId = None
    limit: Annotated[float | None, Field(description="A limit of your own, in mg/kg.", gt=0)] = None
    guideline: Annotated[str | None, Field(description="jurisdiction:act:land-use:kind", max_length=200)] = None
    assume: Assumptions = ()
    support: Annotated[str, Field(description=f"What is held against limits: {SUPPORTS}.", max_length=200)] = POINT


def _run(bench: Bench, inputs: ExceedanceInputs) -> Mapping[str, Any]:
    # nothing is kept of what strangers ask: the connection is never committed
    with bench.engine.connect() as connection:
        contaminant = contaminant_of(connection, inputs.contaminant)
        made = map_of(bench.settings, connection, bench.visible, contaminant, inputs.map)
        check_layers(bench, connection, layers_named_in(inputs.assume))
        rows = gather(connection, samples_under(bench, made)).rows
        verdicts = judge_samples(connection, rows, at_samples(connection, made.home, inputs.assume, rows))
        areas, zones = _on_the_map(bench, connection, made, inputs)
    wanted = [verdict for verdict in verdicts if inputs.guideline in (None, verdict.rule)]
    return {
        "map": {"id": made.id, "title": made.title, "scores": dict(made.scores)},
        "samples": [verdict.to_dict() for verdict in wanted] if inputs.limit is None else _above(rows, inputs.limit),
        "areas": [area.to_dict() for area in areas],
        "zones": zones,
    }


def _on_the_map(
    bench: Bench, connection: Connection, made: PublishedMap, inputs: ExceedanceInputs
) -> tuple[list[AreaAbove], list[dict[str, Any]]]:
    """Areas above each limit and, where zones are asked for, the mean of each."""
    support, limits = Support.parse(inputs.support), _limits(connection, made, inputs)
    if support.kind == POINT:
        return areas_above(connection, made, limits), []
    check_layers(bench, connection, [support.zones.partition(":")[0]] if support.zones else [])
    means = means_over(connection, made, support)
    return areas_of(means, limits), means.zones(limits) if support.kind == ZONE else []


def _limits(connection: Connection, made: PublishedMap, inputs: ExceedanceInputs) -> list[Limit]:
    everywhere = for_all_places(inputs.assume)
    if inputs.limit is None and inputs.guideline is None:
        return limits_for(connection, made, everywhere)
    rows = guideline_rows(connection, made.parameters["selection"]["contaminant"])
    context = made.parameters["context"]
    return [resolve_limit(rows, context, limit=inputs.limit, guideline=inputs.guideline, assume=everywhere)]


def _above(rows: SampleRows, limit: float) -> list[dict[str, Any]]:
    """The samples against a number: a bound on both sides of it decides nothing."""
    exceeding, below = int((rows.lower > limit).sum()), int((rows.upper <= limit).sum())
    counts = {"exceeding": exceeding, "not_exceeding": below, "undecidable": len(rows) - exceeding - below}
    return [{"rule": None, "title": f"{limit:g} mg/kg", "counts": counts}]


PROCESS = Process(
    id="exceedance",
    title="Exceedance of guideline values",
    description=(
        "How many samples exceed guideline values or a limit, and how much of a map does, with a 90 % interval from "
        "joint simulation. What cannot be compared says what is missing."
    ),
    inputs=ExceedanceInputs,
    outputs={
        "map": Output("The map that was compared"),
        "samples": Output("Counts of samples", {"type": "array", "items": {"type": "object"}}),
        "areas": Output("Areas above each limit, in square metres", {"type": "array", "items": {"type": "object"}}),
        "zones": Output(
            "With support zone-mean, the mean of each zone and its probabilities of exceeding the limits",
            {"type": "array", "items": {"type": "object"}},
        ),
    },
    run=_run,
    keywords=("guideline values", "exceedance"),
)
