"""A profile as one value: its parts agree with each other."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ingest.findings import RULES, Rule, Severity
from ingest.profile.controls import Controls
from ingest.profile.fields import Part, columns_of
from ingest.profile.file import Dataset, FileOptions
from ingest.profile.inventory import Sources
from ingest.profile.position import Position
from ingest.profile.samples import Measurements, Specimen


class Profile(Part):
    """What the columns of a file mean; `read_profile` makes one from TOML."""

    dataset: Dataset
    position: Position = Position()
    file: FileOptions = FileOptions()
    controls: Controls = Controls()
    rules: dict[str, Severity | Literal["off"]] = Field(default_factory=dict)
    specimen: Specimen | None = None
    measurements: Measurements | None = None
    sources: Sources | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.specimen is None) != (self.measurements is None):
            raise ValueError("[specimen] and [measurements] go together")
        if (self.measurements is None) == (self.sources is None):
            raise ValueError("give either [specimen] and [measurements], or [sources]")
        return self

    @field_validator("rules")
    @classmethod
    def _overridable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, severity in value.items():
            if name not in RULES or not RULES[name].overridable:
                known = ", ".join(sorted(rule.name for rule in RULES.values() if rule.overridable))
                raise ValueError(f"{name} is not a rule that can be overridden; these can: {known}")
            if RULES[name].of_file and severity == "reject":
                raise ValueError(f"{name} judges the file as a whole: it can be flag, info or off, but reject no row")
        return value

    @property
    def quality_rules(self) -> Mapping[str, Rule]:
        """The rules with the severities of this profile, without those that are off."""
        chosen = {name: self.rules.get(name, rule.severity) for name, rule in RULES.items()}
        return {name: replace(RULES[name], severity=said) for name, said in chosen.items() if said != "off"}

    def columns(self, *, optional: bool = True) -> Iterator[tuple[str, str]]:
        """Every (key, column) that the profile reads, with or without those that a file may lack."""
        yield from columns_of(self, optional=optional)
        for column in self.measurements.columns if self.measurements else ():
            yield "measurements.columns", column

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON would hold it, without what it does not state."""
        return self.model_dump(mode="json", exclude_none=True)
