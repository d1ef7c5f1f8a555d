"""Samples of one procedure, and those of another carried over to it: only when asked for, and labelled as such."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.samples import SampleRows, read_samples
from db.selection import Selection
from mapping.transfer import TransferFunction, fit_transfer


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was carried over from one digestion to another: how many results, and how many beyond what was compared."""

    source: str
    target: str
    function: TransferFunction
    carried: int
    extrapolated: int

    def __str__(self) -> str:
        line, compared = self.function, f"{self.function.lowest:.3g} to {self.function.highest:.3g} mg/kg"
        beyond = f", {self.extrapolated} of them beyond {compared}" if self.extrapolated else ""
        return (
            f"{self.carried} results by {self.source} were carried over to {self.target}{beyond}: slope "
            f"{line.slope:.3g} ± {line.slope_sd:.2g} of the logarithms, scatter {line.scatter:.2g}, from {line.pairs} "
            "specimens measured both ways"
        )

    def to_dict(self) -> dict[str, Any]:
        """As the provenance of a map holds it."""
        counts = {"carried": self.carried, "extrapolated": self.extrapolated}
        return {
            "from": self.source,
            "to": self.target,
            **counts,
            "function": self.function.to_dict(),
            "says": str(self),
        }


def read_with_transfer(connection: Connection, selection: Selection) -> tuple[SampleRows, Transfer | None]:
    """The samples of a selection, and where it says so those of another digestion carried over to its own.

    A specimen that was measured by the digestion itself keeps that result. Raises `ValueError` where no digestion is
    selected to carry to, where nothing was measured by the other, or where too little was measured both ways.
    """
    source, target = selection.transfer_from, selection.digestion
    if source is None:
        return read_samples(connection, selection), None
    if target is None or target == source:
        raise ValueError("--transfer-from needs the digestion to carry to, another one: --digestion")
    own = read_samples(connection, replace(selection, transfer_from=None))
    other = read_samples(connection, replace(selection, transfer_from=None, digestion=source))
    if not len(other):
        raise ValueError(f"there are no measurements of {selection.contaminant} by {source} that fit the selection")
    function = _fitted(own, other, source, target)
    rest = _rows(other, ~np.isin(other.specimen, own.specimen))
    moved = function.carry(rest.lower, rest.upper)
    carried = replace(
        rest,
        lower=moved.lower,
        upper=moved.upper,
        uncertainty=np.sqrt(moved.error_variance),
        populations=tuple(replace(population, digestion=target) for population in rest.populations),
    )
    transfer = Transfer(source, target, function, len(rest), int(moved.extrapolated.sum()))
    return _joined(own, carried), transfer


def _fitted(own: SampleRows, other: SampleRows, source: str, target: str) -> TransferFunction:
    """The function by the specimens measured both ways; those known by bounds are left out."""
    one, other_way = (_rows(rows, rows.lower == rows.upper) for rows in (other, own))
    _, first, second = np.intersect1d(one.specimen, other_way.specimen, return_indices=True)
    try:
        return fit_transfer(one.upper[first], other_way.upper[second])
    except ValueError as error:
        raise ValueError(f"{own.contaminant} cannot be carried over from {source} to {target}: {error}") from None


def _rows(rows: SampleRows, chosen: NDArray[np.bool_]) -> SampleRows:
    arrays: dict[str, Any] = {name: getattr(rows, name)[chosen] for name in _arrays(rows)}
    return replace(rows, **arrays)


def _joined(one: SampleRows, other: SampleRows) -> SampleRows:
    arrays: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in _arrays(one)}
    populations = sorted({*one.populations, *(other.populations if len(other) else ())}, key=str)
    datasets = sorted({*one.datasets, *(other.datasets if len(other) else ())})
    return replace(
        one,
        **arrays,
        populations=tuple(populations),
        datasets=tuple(datasets),
        private=one.private or other.private,
    )


def _arrays(rows: SampleRows) -> list[str]:
    return [field.name for field in fields(rows) if isinstance(getattr(rows, field.name), np.ndarray)]
