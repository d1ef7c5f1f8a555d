"""`make bench`: prints the table; `python -m benchmarks kriging` a part of it."""

import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

PARTS = ("kriging", "hotspots", "planning", "simulation", "ingest", "database", "rasters", "tiles")


def main(asked: list[str]) -> int:
    """Run the parts that were asked for, or all."""
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        sys.stderr.write(f"no part is called {unknown[0]!r}; known are {', '.join(PARTS)}\n")
        return 2
    table = Table("work", "ours", "", "peer", "theirs", "ratio", "settings", box=None, padding=(0, 2, 0, 0))
    for part in asked or PARTS:
        for line in import_module(f"benchmarks.{part}").lines():
            numbers = (_rate(line.ours), f"{line.unit}/s", line.peer, _rate(line.theirs), f"{line.ratio:.2f}×")
            table.add_row(line.work, *numbers, line.settings)
    Console(width=180).print(table)
    return 0


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
