"""What a map or a test is made from: the samples of one population, in metres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.work.projection import Projection, choose_projection
from app.work.transfer import Transfer, read_with_transfer
from db.samples import Population, SampleRows
from db.selection import Selection
from mapping.samples import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The samples of one population in metres, and the system of these metres."""

    rows: SampleRows
    population: Population
    projection: Projection
    samples: Samples
    transfer: Transfer | None = None

    @property
    def visibility(self) -> str:
        """Who may see what is made from these samples."""
        return "private" if self.rows.private else "public"

    @property
    def context(self) -> dict[str, str]:
        """What a guideline value asks about how the samples were taken and analysed."""
        return {
            "medium": self.population.medium,
            "procedure": self.population.digestion,
            "basis": self.population.basis,
        }


def gather(connection: Connection, selection: Selection) -> Material:
    """The samples of a selection; `ValueError` when there are none, or when they must not be pooled."""
    rows, transfer = read_with_transfer(connection, selection)
    if len(rows) == 0:
        raise ValueError(f"there are no measurements of {selection.contaminant} that fit the selection")
    if len(rows.populations) > 1:
        listed = "; ".join(str(population) for population in rows.populations)
        raise ValueError(
            f"measurements of {selection.contaminant} that must not be pooled are selected ({listed}): "
            "choose one with --dataset, --medium, --digestion, --basis or --depth"
        )
    projection = choose_projection(rows)
    errors = np.where(np.isnan(rows.uncertainty), 0.0, rows.uncertainty) ** 2
    samples = Samples(projection.place(rows), rows.lower, rows.upper, errors if errors.any() else None)
    return Material(rows, rows.populations[0], projection, samples, transfer)


def selection_from(parameters: Mapping[str, Any]) -> Selection:
    """The selection of samples that a map was made from."""
    stored = dict(parameters["selection"])
    for name in ("depth", "visibilities"):
        if name in stored:
            stored[name] = tuple(stored[name])
    return Selection(**stored)
