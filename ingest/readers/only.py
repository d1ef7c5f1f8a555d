"""The rows that a profile takes: those with one of some texts in a column; the others are accounted for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.errors import IngestError
from ingest.numbers import among, trimmed
from ingest.readers.base import LEFT_OUT, Batch, BrokenRecord, Opened, line_of
from ingest.readers.matching import matching_columns


def only(opened: Opened, wanted: Mapping[str, tuple[str, ...]]) -> Opened:
    """The rows that hold one of the wanted texts in each column; a column that is not there leaves nothing out.

    Raises `IngestError` where none of the columns is there.
    """
    columns = matching_columns(opened.headings, wanted)
    if not columns:
        raise IngestError(
            f"file.only: there is no column {' or '.join(wanted)}; there are {', '.join(opened.headings)}"
        )
    kept = {columns[name]: texts for name, texts in wanted.items() if name in columns}
    return replace(opened, batches=_batches(opened, kept))


def _batches(opened: Opened, wanted: Mapping[str, tuple[str, ...]]) -> Iterator[Batch]:
    for batch in opened.batches:
        out: tuple[BrokenRecord, ...] = ()
        keep: NDArray[np.bool_] = np.ones(len(batch.rows), np.bool_)
        for name, texts in wanted.items():
            fits = among(trimmed(batch.cells.column(name)), texts)
            reason = f"has something else than {' or '.join(texts)} in {name}, and the profile takes no other rows"
            left = np.flatnonzero(keep & ~fits)
            out += tuple(
                BrokenRecord(int(batch.rows[place]), line_of(batch, int(place)), reason, LEFT_OUT) for place in left
            )
            keep &= fits
        yield Batch(batch.cells.filter(pa.array(keep)), batch.rows[keep], (*batch.broken, *out))
