"""What a user says of a layer: whose it is, which part of the file is meant, and what its values are."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ingest.complaints import complaints
from ingest.coordinates import horizontal_crs
from ingest.errors import IngestError
from ingest.profile.fields import Part

NOT_STATED = "not stated"


def _known_system(value: str) -> str:
    horizontal_crs(value)
    return value


class LayerDescription(Part):
    """A layer by its name; `sheet` is the layer of the file, `band` that of a raster.

    A raster holds numbers (`continuous`, in `unit`) or codes of classes (`categorical`, with their names in `classes`);
    `nodata` is a value that stands for none, besides what the file declares. Polygons have a column `code` and, where
    there is one, a column `label` with the name that the code stands for.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    title: str = ""
    licence: str = NOT_STATED
    provider: str = NOT_STATED
    contact: str | None = None
    citation: str | None = None
    visibility: Literal["public", "private"] = "public"
    crs: Annotated[str, AfterValidator(_known_system)] | None = None
    sheet: str | None = None
    band: Annotated[int, Field(ge=1)] | None = None
    measure: Literal["continuous", "categorical"] = "continuous"
    unit: str | None = None
    nodata: float | None = None
    classes: Mapping[str, str] = Field(default_factory=dict)
    code: str | None = None
    label: str | None = None

    @model_validator(mode="after")
    def _classes_are_categorical(self) -> Self:
        if self.classes and self.measure != "categorical":
            raise ValueError('names of classes need measure = "categorical"')
        if self.unit and self.measure == "categorical":
            raise ValueError("classes have no unit")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """How the file is read, as JSON; what is not stated is left out."""
        reading = {"crs", "sheet", "band", "measure", "unit", "nodata", "classes", "code", "label"}
        return self.model_dump(mode="json", include=reading, exclude_none=True)

    @property
    def about(self) -> dict[str, Any]:
        """Whose it is."""
        said = {"name", "title", "licence", "provider", "contact", "citation", "visibility"}
        return self.model_dump(include=said) | {"title": self.title or self.name}

    def digested(self) -> bytes:
        """What a checksum covers besides the file."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()


def describe_layer(stated: Mapping[str, Any], profile: Path | None = None) -> LayerDescription:
    """A description from a TOML file, if there is one, and what was stated besides, which goes before it.

    Raises `IngestError` that names the key which is wrong.
    """
    told = {} if profile is None else _read(profile)
    given = told | {key: value for key, value in stated.items() if value is not None}
    try:
        return LayerDescription.model_validate(given)
    except ValidationError as error:
        where = f"{profile.name}: " if profile else "the layer: "
        raise IngestError(where + "; ".join(complaints(error, LayerDescription))) from None


def _read(profile: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(profile.read_text(encoding="utf-8"))
    except OSError as error:
        raise IngestError(f"{profile} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IngestError(f"{profile.name} is not a TOML file: {error}") from None
    layer = content.pop("layer", None)
    if content or not isinstance(layer, dict):
        raise IngestError(f"{profile.name} describes a layer in one table [layer], and nothing else")
    return layer
