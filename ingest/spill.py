"""Arrow tables put aside in their order and read back as often as needed, in memory while they are small."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
from pyarrow import ipc

IN_MEMORY = 16 << 20
OPTIONS = ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """A queue of tuples of tables; beyond 16 MB it goes on in a temporary file that no other process can see."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, ...]] = []
        self._kept_bytes = 0
        self._file: IO[bytes] | None = None
        self._written = 0

    def append(self, *content: Any) -> None:
        """Put tables aside."""
        size = sum(table.nbytes for table in content)
        if self._file is None and (not self._kept or self._kept_bytes + size <= IN_MEMORY):
            self._kept.append(content)
            self._kept_bytes += size
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="edaphos-load-")  # noqa: SIM115
        for table in content:
            with ipc.new_stream(pa.PythonFile(self._file, "w"), table.schema, options=OPTIONS) as stream:
                stream.write_table(table)
        self._written += 1

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """All that was put aside, from the beginning; a tuple has as many tables as the first."""
        yield from self._kept
        if self._file is not None:
            self._file.flush()
            self._file.seek(0)
            source = pa.PythonFile(self._file, "r")
            for _ in range(self._written):
                yield tuple(ipc.open_stream(source).read_all() for _ in self._kept[0])
            self._file.seek(0, 2)

    def close(self) -> None:
        """Let go of memory and file."""
        self._kept.clear()
        if self._file is not None:
            self._file.close()
