"""Profiles: what is not understood is refused with file and key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.findings import RULES
from ingest.profile import (
    SHIPPED,
    Controls,
    Dataset,
    FileOptions,
    MeasuredColumn,
    Measurements,
    Position,
    Profile,
    ProfileError,
    Release,
    SecondPosition,
    Sources,
    Specimen,
    read_profile,
)

Describe = Callable[..., Profile]
Write = Callable[..., Path]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_read_by_its_name(path: Path) -> None:
    assert read_profile(path.stem).dataset.name == path.stem


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        (
            {"specimen": "clay = 5.0"},
            "survey.toml: specimen.clay is not a key of a profile; did you mean clay_percent?",
        ),
        ({"specimen": 'ph = "acid"'}, "survey.toml: specimen.ph: Input should be a valid number, got 'acid'"),
        ({"specimen": "ph = nan"}, "survey.toml: specimen.ph: Input should be a finite number"),
        ({"specimen": 'code = "id"'}, "survey.toml: specimen.code: write { column = \"…\" }, got 'id'"),
        ({"specimen": "ph = { colunm = 'pH' }"}, "specimen.ph.colunm is not a key of a profile; did you mean column?"),
        ({"crs": "EPSG:999999"}, "position.crs: unknown coordinate reference system 'EPSG:999999'"),
        ({"columns": "zinc = { unit = 'ppm' }"}, "measurements.columns.zinc.contaminant is missing"),
        ({"columns": ""}, "measurements: give either columns (wide layout) or both contaminant and value"),
        ({"notation": "zero = 'ignore'"}, "measurements.notation.zero: Input should be 'reject' or 'below-lod'"),
        ({"file": "decimal = ';'"}, "file.decimal: Input should be"),
        ({"file": "decimal = ','\nthousands = ','"}, "file: decimal and thousands must be two different marks"),
        ({"specimen": "x = ["}, "survey.toml is not a TOML file:"),
    ],
)
def test_a_complaint_names_file_and_key(describe: Describe, part: dict[str, str], complaint: str) -> None:
    with pytest.raises(ProfileError) as refusal:
        describe(**part)
    assert complaint in str(refusal.value)


def test_a_profile_that_is_not_there(write: Write) -> None:
    with pytest.raises(ProfileError, match=r"there is no profile 'muse'; shipped are .*meuse"):
        read_profile("muse")
    with pytest.raises(ProfileError, match=r"there is no profile file .*nowhere.toml"):
        read_profile("nowhere.toml")
    with pytest.raises(ProfileError, match="not text in UTF-8"):
        read_profile(write(b"\xff\xfe\x00", "binary.toml"))


def test_a_profile_is_for_samples_or_for_sources(write: Write) -> None:
    text = (SHIPPED / "meuse.toml").read_text()
    sources = '[sources]\nname = "n"\nsector = "s"\n'
    with pytest.raises(ProfileError, match=r"give either \[specimen\] and \[measurements\], or \[sources\]"):
        read_profile(write(text + sources, "both.toml"))


def test_a_profile_cannot_be_changed() -> None:
    profile = read_profile("meuse")
    with pytest.raises(ValidationError, match="frozen"):
        profile.dataset.name = "other"  # type: ignore[misc]


def test_what_a_column_does_not_state_holds_from_the_general_part(describe: Describe) -> None:
    profile = describe(
        measurements='digestion = "aqua-regia"\nlod = 2.0',
        columns='zinc = { contaminant = "zinc", lod = 5.0 }\nlead = "lead"',
    )
    measured = profile.measurements
    assert measured is not None
    zinc, lead = (measured.columns[name].under(measured) for name in ("zinc", "lead"))
    assert (zinc.lod, lead.lod) == (5.0, 2.0)
    assert zinc.digestion == lead.digestion == "aqua-regia"


def test_the_documentation_names_every_key_and_every_rule_that_can_be_overridden() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z][a-z0-9_-]*", text))
    for part in (
        Dataset,
        FileOptions,
        Position,
        SecondPosition,
        Specimen,
        Controls,
        Measurements,
        MeasuredColumn,
        Sources,
        Release,
    ):
        assert set(part.model_fields) <= words, part
    assert {rule.name for rule in RULES.values() if rule.overridable} <= words
    assert {path.stem for path in SHIPPED.glob("*.toml")} <= words
