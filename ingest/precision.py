"""What measurements repeated on the same specimens say about the laboratory: a relative error per batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SERIES = ("contaminant", "digestion", "instrument", "standard", "basis", "batch")
FEWEST_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Precision:
    """The relative standard deviation of one contaminant, procedure and batch, from so many pairs."""

    label: str
    relative_sd: float
    pairs: int


def fill_uncertainty(measurements: Any) -> tuple[Any, tuple[Precision, ...]]:
    """The measurements with the uncertainty that their replicates show, where none is stated; and what that was.

    From duplicates x1, x2 the relative variance is the mean of ((x1 - x2) / m)^2 / 2, with m the mean of the pair
    (Thompson and Howarth 1976); it takes at least five pairs in which both were measured.
    """
    columns = {name: measurements[name].to_numpy() for name in ("record", "replicate", "lower", "upper")}
    uncertainty = np.array(measurements["uncertainty"].to_numpy(), dtype=np.float64)
    found = []
    keys = pc.binary_join_element_wise(*(pc.fill_null(measurements[key], "") for key in SERIES), "\x1f")
    for label in pc.unique(keys).to_pylist():
        chosen = np.asarray(pc.equal(keys, label).to_numpy(), np.bool_)
        pairs = _pairs(*(columns[name][chosen] for name in ("record", "replicate", "lower", "upper")))
        if len(pairs) < FEWEST_PAIRS:
            continue
        relative = float(np.sqrt(np.mean((np.diff(pairs, axis=1)[:, 0] / pairs.mean(axis=1)) ** 2) / 2))
        fill = chosen & np.isnan(uncertainty) & (columns["lower"] == columns["upper"])
        uncertainty[fill] = relative * columns["upper"][fill]
        found.append(Precision(label.split("\x1f")[0], relative, len(pairs)))
    index = measurements.schema.get_field_index("uncertainty")
    return measurements.set_column(index, "uncertainty", pa.array(uncertainty, from_pandas=True)), tuple(found)


def _pairs(
    record: NDArray[np.int64], replicate: NDArray[np.int64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """First and second replicate of each specimen that has both, measured, shape (n, 2)."""
    measured = (lower == upper) & (upper > 0)
    first, second = measured & (replicate == 1), measured & (replicate == 2)
    both, one, other = np.intersect1d(record[first], record[second], return_indices=True)
    return np.column_stack([upper[first][one], upper[second][other]]) if len(both) else np.empty((0, 2))
