"""What can be asked for as a process: one file each, one line here, under the name by which it is asked for."""

from functools import cache
from importlib import import_module
from typing import Any

from app.processes.process import FileMade, Output, Process

__all__ = ["PROCESSES", "FileMade", "Output", "Process", "all_processes", "process_called"]

PROCESSES = {
    "echo": "echo",
    "exceedance": "exceedance",
    "zonal": "zonal",
    "hotspots": "hotspots",
    "report": "report",
    "compare-methods": "comparison",
    "data-gaps": "gaps",
    "plan-samples": "sampling",
    "sources": "attribution",
    "map": "mapping",
    "profile": "profile",
    "coexistence": "coexistence",
    "indices": "indices",
    "index-map": "index_map",
    "summary": "summary",
    "trends": "trends",
}
"""Its id, and the module of this folder whose `PROCESS` it is; imported when somebody asks."""


@cache
def process_called(identifier: str) -> Process[Any]:
    """The process of that id; raises `KeyError` where there is none."""
    found: Process[Any] = import_module(f"app.processes.{PROCESSES[identifier]}").PROCESS
    if found.id != identifier:
        raise ValueError(f"the process {found.id} stands in the table as {identifier}")
    return found


def all_processes() -> list[Process[Any]]:
    """All of them, in the order of the table."""
    return [process_called(identifier) for identifier in PROCESSES]
