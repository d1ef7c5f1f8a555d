"""What is known beforehand of controls: the certified contents of reference materials, and what is tolerated."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from ingest.profile.fields import Part


class Certified(Part):
    """A certified content, with its standard uncertainty."""

    value: Annotated[float, Field(gt=0)]
    uncertainty: Annotated[float, Field(ge=0)] = 0.0


def _short(value: object) -> object:
    return {"value": value} if isinstance(value, int | float) else value


class Controls(Part):
    """Reference materials by name, with their contents by contaminant, and how far from them a result may lie.

    The tolerances are shares of the certified content, or of what a spiked sample should hold.
    """

    unit: str = "mg/kg"
    materials: dict[str, dict[str, Annotated[Certified, BeforeValidator(_short)]]] = Field(default_factory=dict)
    tolerance: Annotated[float, Field(gt=0)] = 0.1
    spike_tolerance: Annotated[float, Field(gt=0)] = 0.25
