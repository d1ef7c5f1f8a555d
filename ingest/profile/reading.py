"""Profiles out of TOML files: those of a user, and the shipped ones by their names."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from ingest.complaints import complaints
from ingest.profile.fields import ProfileError
from ingest.profile.whole import Profile

SHIPPED = Path(__file__).parents[1] / "profiles"
T = TypeVar("T")


def read_profile(name_or_path: str | Path) -> Profile:
    """The profile of that path, or the shipped one of that name (`meuse`); raises `ProfileError`."""
    path = _find(name_or_path)
    content = _attempt(path, lambda: tomllib.loads(path.read_text(encoding="utf-8")))
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        raise ProfileError(f"{path.name}: {'; '.join(complaints(error, Profile))}") from None


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return path
    shipped = SHIPPED / f"{name_or_path}.toml"
    if not shipped.is_file():
        names = sorted(file.stem for file in SHIPPED.glob("*.toml"))
        raise ProfileError(f"there is no profile {str(name_or_path)!r}; shipped are {', '.join(names)}")
    return shipped


def _attempt(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise ProfileError(f"there is no profile file {path}") from None
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProfileError(f"{path.name} is not a TOML file: it is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path.name} is not a TOML file: {error}") from None
