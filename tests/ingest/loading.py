"""A load in a process of its own, which a test may kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from db.engine import Database
from ingest import publishing
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.readers import csv

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


def load_in_small_batches(address: str, file: Path, profile: Path) -> None:
    """Load as if the file were large."""
    csv.BLOCK_BYTES, publishing.LARGE = 4096, 1
    engine = Database.at(address).engine()
    with engine.begin() as connection:
        load_samples(connection, file, read_profile(profile))
    engine.dispose()


@contextmanager
def loading(database: Database, file: Path, profile: Path) -> Iterator[BaseProcess]:
    """The process while it loads; it has ended when the block has."""
    process = SERVER.Process(target=load_in_small_batches, args=(database.libpq, file, profile))
    process.start()
    yield process
    process.join(timeout=60)
    process.close()
