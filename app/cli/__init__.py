"""The command `edaphos`: each command is a file of this folder and one line below."""

from app.cli import database, demo, exceedance, explain, hotspots, load, maps, serve, worker
from app.cli.terminal import application, guarded

COMMANDS = (demo, load, maps, hotspots, exceedance, explain, serve, worker, database)

for _command in COMMANDS:
    _command.register(application)


def main() -> None:
    """Run a command; an error that a user can mend is one sentence and exit code 2."""
    guarded(application)
