"""What a dataset holds beside the rows that are loaded again, after somebody corrected them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select

from db.tables import measurement, procedure, specimen
from ingest.hashing import Memory, keys_of
from ingest.numbers import trimmed
from ingest.profile import Profile
from ingest.quality.held import HeldControls, held_controls
from ingest.readers import open_file
from ingest.rejected import as_first_given
from ingest.rows import SAME_MEASUREMENT, SAME_SPECIMEN, description_of

TYPES = {"code": pa.string(), "sampled_from": pa.date32(), "medium": pa.string()}


@dataclass(frozen=True, slots=True)
class Beside:
    """The specimens, measurements and controls that rows of a file stand beside.

    Specimens and measurements are Arrow tables with the columns of rows.
    """

    specimens: Any
    measurements: Any
    controls: HeldControls

    def remember(self, codes: Memory, values: Memory) -> None:
        """Let these be met before the first row of the file."""
        everyone = np.ones(self.specimens.num_rows, np.bool_)
        codes.first(keys_of([self.specimens["code"]], len(everyone)), description_of(self.specimens), everyone)
        count = self.measurements.num_rows
        of_specimen = pa.array(keys_of([self.measurements["code"]], count).view(np.int64))
        values.count(keys_of([of_specimen, *(self.measurements[name] for name in SAME_MEASUREMENT)], count))


def beside(connection: Connection, dataset: int, file: Path, profile: Profile) -> Beside:
    """What a dataset holds of the specimens that a file of rejected rows names, from other rows than these."""
    rows, codes = _rows_and_codes(file, profile)
    mine = (specimen.c.dataset_id == dataset, specimen.c.code.in_(codes))
    columns = [specimen.c[name] for name in ("code", *SAME_SPECIMEN)]
    specimens = connection.execute(select(*columns).where(*mine, specimen.c.source_row.not_in(rows))).all()
    measured = [
        procedure.c[name] if name in procedure.c else measurement.c[name]
        for name in ("contaminant_id", *SAME_MEASUREMENT[1:])
    ]
    query = (
        select(specimen.c.code, *measured)
        .join(measurement, measurement.c.specimen_id == specimen.c.id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
        # a derived sum stands in no row, so it is not met here: it is made anew from what was measured
        .where(*mine, measurement.c.source_row.not_in(rows))
    )
    measurements = connection.execute(query).all()
    return Beside(
        _table(specimens, ("code", *SAME_SPECIMEN), pa.float64()),
        _table(measurements, ("code", *SAME_MEASUREMENT), pa.string()),
        held_controls(connection, dataset, rows),
    )


def _rows_and_codes(file: Path, profile: Profile) -> tuple[list[int], list[str]]:
    rows: list[int] = []
    codes: set[str] = set()
    given = profile.specimen.code or profile.specimen.site if profile.specimen else None
    for batch in as_first_given(file, open_file(file, profile.file)).batches:
        rows += batch.rows.tolist()
        if given is not None and given.column in batch.cells.schema.names:
            codes.update(trimmed(batch.cells.column(given.column)).to_pylist())
    return rows, sorted(codes)


def _table(rows: Any, names: tuple[str, ...], otherwise: Any) -> Any:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    kinds = [TYPES.get(name, otherwise) for name in names]
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], list(names))
