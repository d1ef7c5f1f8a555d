"""The command `edaphos`: each command is a file of this folder and one line below."""

import sys
from importlib import import_module

from app.cli.terminal import application, guarded

COMMANDS = {
    "demo": "demo",
    "load": "load",
    "layers": "layers",
    "unload": "unload",
    "export": "export",
    "history": "history",
    "profile": "profile",
    "map": "maps",
    "compare": "compare",
    "hotspots": "hotspots",
    "sources": "sources",
    "fingerprints": "fingerprints",
    "gaps": "gaps",
    "plan": "plan",
    "exceedance": "exceedance",
    "report": "report",
    "publish": "publish",
    "coexistence": "coexistence",
    "summary": "summary",
    "review": "review",
    "indices": "indices",
    "trends": "trends",
    "explain": "explain",
    "serve": "serve",
    "worker": "worker",
    "key": "key",
    "db": "database",
    "doctor": "doctor",
}


def main() -> None:
    """Run a command; an error that a user can mend is one sentence and exit code 2."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    # Geostatistics, web and database take seconds to import: a command pays for its own only.
    for file in [COMMANDS[asked]] if asked in COMMANDS else COMMANDS.values():
        import_module(f"app.cli.{file}").register(application)
    guarded(application)
