"""The process that stops the embedded PostGIS when its last user is gone: `python -m db.warden HOME`."""

import os
import sys
from pathlib import Path


def _main(home: str) -> None:
    """Leave the parent at once, so that it never has to wait for a child, and stand guard."""
    if os.fork():
        os._exit(0)
    os.setsid()
    from db.embedded import Cluster  # noqa: PLC0415  the parent is waiting; the imports can come later

    Cluster.in_folder(Path(home)).watch()


if __name__ == "__main__":
    _main(sys.argv[1])
