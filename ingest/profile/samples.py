"""What was taken out of the ground, and what was measured in it, by which procedure."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from ingest.profile.fields import Day, FromColumn, Number, Part, Text


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Texts: TypeAlias = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_tuple)]


class Specimen(Part):
    """What was taken out of the ground, and what is known of that soil."""

    medium: Text
    code: FromColumn | None = None
    site: FromColumn | None = None
    quality_control: FromColumn | None = None
    original: FromColumn | None = None
    reference_material: FromColumn | None = None
    duplicate_suffix: Texts = ()
    upper_depth_cm: Number | None = None
    lower_depth_cm: Number | None = None
    depth_cm: FromColumn | None = None
    sieve_fraction_mm: Number | None = None
    composite_count: Number | None = None
    support_m2: Number | None = None
    sampled: Day | None = None
    sampled_to: Day | None = None
    land_use: Text | None = None
    ph: Number | None = None
    clay_percent: Number | None = None
    silt_percent: Number | None = None
    sand_percent: Number | None = None
    organic_matter_percent: Number | None = None
    toc_percent: Number | None = None
    texture: Text | None = None

    @model_validator(mode="after")
    def _one_depth(self) -> Self:
        if self.depth_cm and (self.upper_depth_cm is not None or self.lower_depth_cm is not None):
            raise ValueError("depth_cm reads both ends of a range, so upper_depth_cm and lower_depth_cm have no place")
        return self


class Assay(Part):
    """How something was measured; stated for all contaminants and, where it differs, for one."""

    unit: Text | None = None
    digestion: Text | None = None
    instrument: Text | None = None
    standard: Text | None = None
    basis: Text | None = None
    laboratory: Text | None = None
    batch: Text | None = None
    analysed_on: Day | None = None
    lod: Number | None = None
    loq: Number | None = None
    uncertainty: Number | None = None
    expected: Number | None = None
    expected_uncertainty: Number | None = None
    qualifier: FromColumn | None = None
    detected: FromColumn | None = None

    def under(self, general: "Assay") -> "Assay":
        """This assay, with what it does not state taken from the general one."""
        return Assay(**{key: _stated(self, general, key) for key in Assay.model_fields})


def _stated(special: Assay, general: Assay, key: str) -> Any:
    own = getattr(special, key)
    return getattr(general, key) if own is None else own


class MeasuredColumn(Assay):
    """A column of the wide layout: one contaminant by one procedure."""

    contaminant: str


def _short(value: object) -> object:
    return {"contaminant": value} if isinstance(value, str) else value


class Notation(Part):
    """How values that are not plain numbers are written."""

    nondetect: Texts = ("n.d.", "nd", "n.d", "b.d.", "bd", "bdl", "<lod", "<dl", "not detected")
    intervals: bool = False
    approximate: Literal["reject", "flag"] = "reject"
    zero: Literal["reject", "below-lod"] = "reject"
    negative: Literal["reject", "below-absolute"] = "reject"


class Measurements(Assay):
    """Wide (`columns`, one per contaminant) or long (`contaminant` and `value`, one measurement per row)."""

    columns: dict[str, Annotated[MeasuredColumn, BeforeValidator(_short)]] = Field(default_factory=dict)
    contaminant: FromColumn | None = None
    value: FromColumn | None = None
    cas: FromColumn | None = None
    replicates: Literal["reject", "number"] = "reject"
    sums: Texts | None = None
    may_be_empty: bool = False
    notation: Notation = Notation()

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        if bool(self.columns) == bool(self.contaminant and self.value):
            raise ValueError("give either columns (wide layout) or both contaminant and value (long layout)")
        return self

    @property
    def long(self) -> bool:
        """Whether a row holds one measurement."""
        return self.value is not None
