"""What a map or a test is made from: the samples of one population, in metres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.work.profiles import Splined, read_splined
from app.work.projection import Projection, choose_projection
from app.work.transfer import Transfer, read_with_transfer
from db.samples import Population, SampleRows
from db.selection import Selection
from mapping.samples import Samples

CHOOSING = (
    "contaminant",
    "dataset",
    "medium",
    "digestion",
    "transfer_from",
    "basis",
    "depth",
    "splined",
    "visibilities",
)
"""The parts of a selection that choose samples."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The samples of one population in metres, and the system of these metres."""

    rows: SampleRows
    population: Population
    projection: Projection
    samples: Samples
    transfer: Transfer | None = None
    splined: Splined | None = None

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


def gather(connection: Connection, selection: Selection, projection: Projection | None = None) -> Material:
    """The samples of a selection, in a given or a fitting projection.

    `ValueError` when there are none, or when they must not be pooled.
    """
    rows, transfer, splined = _read(connection, selection)
    if len(rows) == 0:
        raise ValueError(f"there are no measurements of {selection.contaminant} that fit the selection")
    if len(rows.populations) > 1:
        listed = "; ".join(str(population) for population in rows.populations)
        raise ValueError(
            f"measurements of {selection.contaminant} that must not be pooled are selected ({listed}): "
            "choose one with --dataset, --medium, --digestion, --basis or --depth"
        )
    projection = projection or choose_projection(rows)
    errors = np.where(np.isnan(rows.uncertainty), 0.0, rows.uncertainty) ** 2
    samples = Samples(projection.place(rows), rows.lower, rows.upper, errors if errors.any() else None)
    return Material(rows, rows.populations[0], projection, samples, transfer, splined)


def _read(connection: Connection, selection: Selection) -> tuple[SampleRows, Transfer | None, Splined | None]:
    if selection.splined:
        rows, splined = read_splined(connection, selection)
        return rows, None, splined
    return *read_with_transfer(connection, selection), None


def gather_beside(
    connection: Connection, material: Material, selection: Selection, contaminants: Sequence[str]
) -> dict[str, Material]:
    """Other contaminants of the same medium and depth as a material, in its metres; `ValueError` as `gather`."""
    population = material.population
    upper, lower = population.upper_depth_cm, population.lower_depth_cm
    beside = replace(
        selection,
        medium=population.medium,
        depth=selection.depth if upper is None or lower is None else (upper, lower),
        transfer_from=None,
    )
    return {name: gather(connection, replace(beside, contaminant=name), material.projection) for name in contaminants}


def samples_of(materials: Mapping[str, Material]) -> dict[str, Samples]:
    """The samples alone."""
    return {name: material.samples for name, material in materials.items()}


def stored_selection(selection: Selection) -> dict[str, Any]:
    """What of a selection says which samples a map is made from; JSON types, `selection_from` reads them."""
    asked = {name: getattr(selection, name) for name in CHOOSING}
    return {name: value for name, value in asked.items() if value is not None}


def selection_from(parameters: Mapping[str, Any]) -> Selection:
    """The selection of samples that a map was made from."""
    stored = dict(parameters["selection"])
    for name in ("depth", "visibilities"):
        if name in stored:
            stored[name] = tuple(stored[name])
    return Selection(**stored)
