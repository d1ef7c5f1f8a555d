"""Measurements of several contaminants at the same specimens, as matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.samples import Floats, Population, SampleRows, read_samples
from db.selection import Selection

NARROW = "--dataset, --medium, --digestion, --basis or --depth"


@dataclass(frozen=True, slots=True, eq=False)
class SeveralRows:
    """Bounds (specimens, contaminants) in mg/kg, NaN where a contaminant was not measured on a specimen.

    `populations` holds one for each contaminant: the same medium and depth, each with its own digestion and basis.
    Repeated measurements of a contaminant on a specimen are the mean of their bounds. `specimens` has a row for each
    specimen with what else is known of it; its own bounds are those of the first contaminant that it has.
    """

    contaminants: tuple[str, ...]
    populations: tuple[Population, ...]
    datasets: tuple[str, ...]
    private: bool
    specimens: SampleRows
    lower: Floats
    upper: Floats
    uncertainty: Floats

    def __len__(self) -> int:
        return len(self.specimens)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """True (n,) where all contaminants were measured."""
        return np.asarray(~np.isnan(self.lower).any(axis=1))


def read_several(connection: Connection, selection: Selection, contaminants: Sequence[str]) -> SeveralRows:
    """The measurements of each contaminant that fit a selection, side by side.

    `ValueError`, in words, where a contaminant has none, where measurements must not be pooled, or where two
    contaminants were measured in different media or depths.
    """
    if len(set(contaminants)) != len(contaminants) or not contaminants:
        raise ValueError(f"different contaminants are needed, got {', '.join(contaminants) or 'none'}")
    read = [read_samples(connection, replace(selection, contaminant=name)) for name in contaminants]
    populations = tuple(_population(rows) for rows in read)
    _check_same_ground(contaminants, populations)
    keys, first = np.unique(np.concatenate([rows.specimen for rows in read]), return_index=True)
    return SeveralRows(
        contaminants=tuple(contaminants),
        populations=populations,
        datasets=tuple(sorted({name for rows in read for name in rows.datasets})),
        private=any(rows.private for rows in read),
        specimens=_stacked(read, first),
        lower=np.column_stack([_by_specimen(rows, rows.lower, keys) for rows in read]),
        upper=np.column_stack([_by_specimen(rows, rows.upper, keys) for rows in read]),
        uncertainty=np.column_stack([_by_specimen(rows, rows.uncertainty, keys) for rows in read]),
    )


def _population(rows: SampleRows) -> Population:
    if not len(rows):
        raise ValueError(f"there are no measurements of {rows.contaminant} that fit the selection")
    if len(rows.populations) > 1:
        listed = "; ".join(str(population) for population in rows.populations)
        raise ValueError(
            f"measurements of {rows.contaminant} that must not be pooled are selected ({listed}): "
            f"choose one with {NARROW}"
        )
    return rows.populations[0]


def _check_same_ground(contaminants: Sequence[str], populations: Sequence[Population]) -> None:
    grounds = [(each.medium, each.upper_depth_cm, each.lower_depth_cm) for each in populations]
    for name, population, ground in zip(contaminants, populations, grounds, strict=True):
        if ground != grounds[0]:
            raise ValueError(
                f"{contaminants[0]} was measured in {populations[0]}, {name} in {population}: contaminants are looked "
                f"at together in one medium and depth; choose one with {NARROW}"
            )


def _by_specimen(rows: SampleRows, values: Floats, keys: NDArray[np.int64]) -> Floats:
    """Means (n,) over the measurements of each specimen; NaN where there is none."""
    place = np.searchsorted(keys, rows.specimen)
    count = np.bincount(place, minlength=len(keys))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(place, weights=values, minlength=len(keys)) / count)


def _stacked(read: Sequence[SampleRows], chosen: NDArray[np.int64]) -> SampleRows:
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(rows, name) for rows in read])[chosen]
        for name in read[0].__dataclass_fields__
        if isinstance(getattr(read[0], name), np.ndarray)
    }
    return replace(read[0], **arrays)
