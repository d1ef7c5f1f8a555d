"""Inputs about several contaminants at the same samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import Connection

from app.processes.kinds import Contaminant, contaminant_of
from app.work.orders import Bench
from db.selection import Selection

Limits = Annotated[
    Mapping[str, Annotated[float, Field(gt=0)]],
    Field(description="A limit in mg/kg for each contaminant by its name.", examples=[{"zinc": 500, "lead": 200}]),
]
Guideline = Annotated[
    str | None, Field(description="jurisdiction:act:land-use:kind, for those without a limit.", max_length=200)
]
Assumptions = Annotated[tuple[str, ...], Field(description="What the data do not say, such as clay:10.", max_length=20)]
Seed = Annotated[int, Field(description="Seed of what is drawn at random.", ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Which contaminants, and which of their samples."""

    contaminants: Annotated[
        tuple[Contaminant, ...],
        Field(description="Names, symbols or CAS numbers.", min_length=1, max_length=60, examples=[["zinc", "lead"]]),
    ]
    dataset: Annotated[str | None, Field(description="Only samples of this data set.")] = None
    medium: Annotated[str | None, Field(description="Only this medium, such as mineral-horizon.")] = None
    digestion: Annotated[str | None, Field(description="Only this digestion, such as aqua-regia.")] = None
    basis: Annotated[Literal["dry", "wet", "unknown"] | None, Field(description="Mass that results are per.")] = None
    depth_cm: Annotated[tuple[float, float] | None, Field(description="Only this depth class, such as [0, 20].")] = None

    def selection(self, bench: Bench) -> Selection:
        """What is selected of what the asker may see."""
        return Selection(
            dataset=self.dataset,
            medium=self.medium,
            digestion=self.digestion,
            basis=self.basis,
            depth=self.depth_cm,
            visibilities=bench.visible,
        )

    def names(self, connection: Connection) -> tuple[str, ...]:
        """The ids of the contaminants; `ValueError` for one that nobody knows."""
        return tuple(contaminant_of(connection, text) for text in self.contaminants)


def limits_by_id(connection: Connection, limits: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Limits by the ids of their contaminants."""
    return tuple((contaminant_of(connection, name), number) for name, number in limits.items())
