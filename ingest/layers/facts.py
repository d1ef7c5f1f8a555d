"""What was found in a layer: facts as numbers, and findings as sentences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a user should know of a layer: mended, left out, or doubtful."""

    severity: Literal["flag", "info"]
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a layer is: its system, its box in degrees (west, south, east, north), numbers by name, and findings."""

    crs: str
    box: Box
    numbers: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerReport:
    """What came of registering a layer."""

    name: str
    title: str
    kind: str
    file: str
    checksum: str
    unchanged: bool
    version: int
    crs: str
    box: Box
    numbers: Mapping[str, Any]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "LayerReport":
        """The report that `to_dict` wrote."""
        findings = tuple(Finding(**finding) for finding in stored["findings"])
        return cls(**{**stored, "box": tuple(stored["box"]), "findings": findings})

    def as_unchanged(self) -> "LayerReport":
        """The same file once more."""
        return replace(self, unchanged=True)
