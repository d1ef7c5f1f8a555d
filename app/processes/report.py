"""`report`: how much of each municipality or soil district exceeds a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from app.processes.exceedance import Assumptions
from app.processes.kinds import MapId, Samples, check_layers, map_of, samples_under
from app.processes.process import FileMade, Output, Process
from app.work.assumed import layers_named_in
from app.work.material import gather
from app.work.orders import Bench
from app.work.unit_report import ReportRequest, report_units
from app.work.unit_tables import MEDIA_TYPES, write_report
from app.work.units import LAYER, units_of

TABLE, PAGE = ".xlsx", ".html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs(Samples):
    """Samples or a map, units, and a limit."""

    layer: Annotated[str, Field(description="Name of a registered layer of polygons.", max_length=63)]
    map: MapId = None
    limit: Annotated[float | None, Field(description="A limit of your own, in mg/kg.", gt=0)] = None
    guideline: Annotated[str | None, Field(description="jurisdiction:act:land-use:kind", max_length=200)] = None
    assume: Assumptions = ()


def _run(bench: Bench, inputs: ReportInputs) -> Mapping[str, Any]:
    request = ReportRequest(inputs.limit, inputs.guideline, inputs.assume)
    # nothing is kept: the connection is never committed
    with bench.engine.connect() as connection:
        check_layers(bench, connection, [inputs.layer, *layers_named_in(inputs.assume)])
        selection = inputs.selection(bench, connection)
        try:
            made = map_of(bench.settings, connection, bench.visible, str(selection.contaminant), inputs.map)
        except ValueError:
            if inputs.map is not None:
                raise
            made = None
        material = gather(connection, selection if made is None else samples_under(bench, made))
        units = units_of(connection, LAYER + inputs.layer, bench.visible)
        report = report_units(connection, material, made, units, request)
    folder = bench.folder or Path()
    for ending in (TABLE, PAGE):
        write_report(report, folder / f"report{ending}")
    return {
        "report": report.to_dict(),
        "table": FileMade(folder / f"report{TABLE}", MEDIA_TYPES[TABLE]),
        "page": FileMade(folder / f"report{PAGE}", MEDIA_TYPES[PAGE]),
    }


_FILE = {"type": "string", "contentEncoding": "binary"}

PROCESS = Process(
    id="report",
    title="Report on units",
    description=(
        "Of each area of a layer the share that exceeds a limit, with its interval: from samples whose places chance "
        "chose, else from joint simulation of a map; or why it cannot be assessed."
    ),
    inputs=ReportInputs,
    outputs={
        "report": Output("A row for each unit"),
        "table": Output("The same as a workbook", _FILE, MEDIA_TYPES[TABLE]),
        "page": Output("The same as a page that prints", _FILE, MEDIA_TYPES[PAGE]),
    },
    run=_run,
    keywords=("report", "exceedance"),
)
