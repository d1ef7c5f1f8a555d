"""What is known, or openly assumed, about the soil and the measurement of each sample before it meets a guideline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mapping.arrays import Vector, read_only

Words = NDArray[np.str_]

CONTENT_DIGESTIONS = ("aqua-regia", "nitric-acid", "four-acid", "fusion", "xrf", "total")
"""Procedures that give a total or pseudo-total content, as against a mobile or plant-available share."""
PARTIAL_EXTRACTIONS = ("ammonium-nitrate", "ammonium-acetate", "calcium-chloride", "dtpa", "edta", "mehlich-3", "water")

PERCENT = (0.0, 100.0)
DEPTH = (0.0, 1e5)
NUMBERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        **dict.fromkeys(("clay", "organic-matter", "toc"), PERCENT),
        "ph": (0.0, 14.0),
        **dict.fromkeys(("upper-depth", "lower-depth"), DEPTH),
    }
)
"""Properties in numbers, with the range a value must lie in: mass-% of the dry soil, pH, and centimetres of depth."""
WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "medium": ("soil", "mineral-horizon", "o-horizon", "sediment", "moss"),
        "procedure": CONTENT_DIGESTIONS + PARTIAL_EXTRACTIONS,
        "basis": ("dry", "wet"),
        "texture": ("sand", "loam", "silt", "clay"),
        "use": (),
        "bound": ("low", "high"),
    }
)
"""Properties in words, with the words an assumption may use (none listed: any word).

`bound` is no property of a sample: it says which end is meant where a source gives a range.
"""
UNKNOWN = ("", "unknown", "not-stated")
FROM_A_LAYER = "@"
"""Before the name of a layer whose values fill the gaps: `clay:@clay-content`."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A property that the caller supplies where the data are silent; its text is printed with every result.

    `value` is one for all samples, or an array (n,) of them, NaN or empty where nothing is known: then `origin` says
    where they come from.
    """

    name: str
    value: float | str | Vector | Words
    origin: str = ""

    @property
    def text(self) -> str:
        """As the caller wrote it: `clay:10`."""
        if self.origin:
            return f"{self.name}:{self.origin}"
        return f"{self.name}:{self.value}" if isinstance(self.value, str) else f"{self.name}:{self.value:g}"

    @classmethod
    def of_samples(cls, name: str, values: ArrayLike, origin: str) -> Assumption:
        """Values (n,), each for the sample of its place; ValueError as for one."""
        size = np.size(values)
        if name not in NUMBERS and name not in WORDS:
            raise ValueError(f"assumption {name}:{origin}: {name!r} is none of {', '.join([*NUMBERS, *WORDS])}")
        read = _numbers if name in NUMBERS else _words
        return cls(name, read(name, values, size), origin)


def parse_assumptions(texts: Iterable[str]) -> tuple[Assumption, ...]:
    """Assumptions from texts such as `clay:10` and `procedure:aqua-regia`.

    Raises ValueError, quoting the text, for an unknown or repeated property, a value that is no number or outside its
    range, or a word that is not in the vocabulary.
    """
    parsed = tuple(_parse(text) for text in texts)
    names = [assumption.name for assumption in parsed]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"assumption {name!r} is given {names.count(name)} times")
    return parsed


def _parse(text: str) -> Assumption:
    name, colon, value = (part.strip().lower() for part in text.partition(":"))
    if not colon or not value:
        raise ValueError(f"an assumption reads <property>:<value>, for example clay:10; got {text!r}")
    if value.startswith(FROM_A_LAYER):
        raise ValueError(f"assumption {text!r}: what a layer says is known at samples, here one value is needed")
    if name in NUMBERS:
        return Assumption(name, _number(text, name, value))
    if name not in WORDS:
        raise ValueError(f"assumption {text!r}: {name!r} is none of {', '.join([*NUMBERS, *WORDS])}")
    if WORDS[name] and value not in WORDS[name]:
        raise ValueError(f"assumption {text!r}: {value!r} is none of {', '.join(WORDS[name])}")
    return Assumption(name, value)


def _number(text: str, name: str, value: str) -> float:
    low, high = NUMBERS[name]
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"assumption {text!r}: {value!r} is not a number") from None
    if not low <= number <= high:
        raise ValueError(f"assumption {text!r}: {name} must lie between {low:g} and {high:g}")
    return number


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What is recorded about `size` samples: numbers with NaN, words with an empty string where nothing is."""

    size: int
    numbers: Mapping[str, Vector]
    words: Mapping[str, Words]

    @classmethod
    def of(cls, size: int, **properties: ArrayLike | Sequence[str | None] | None) -> Context:
        """From keywords named as `NUMBERS` and `WORDS` are, with underscores: `clay`, `organic_matter`, `medium`, …

        Each is one value for all samples, an array (size,), or None; `unknown` counts as missing. Raises ValueError for
        another keyword, a wrong length or a number out of range.
        """
        given = {name.replace("_", "-"): value for name, value in properties.items() if value is not None}
        for name in given:
            if name not in NUMBERS and name not in WORDS:
                raise ValueError(f"{name!r} is none of {', '.join([*NUMBERS, *WORDS])}")
        numbers = {name: _numbers(name, given.get(name, np.nan), size) for name in NUMBERS}
        words = {name: _words(name, given.get(name, ""), size) for name in WORDS}
        return cls(size, MappingProxyType(numbers), MappingProxyType(words))


def _spread(name: str, values: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    if values.shape not in ((), (size,)):
        raise ValueError(f"{name} needs one value or {size}, got the shape {values.shape}")
    return np.broadcast_to(values, (size,))


def _numbers(name: str, given: object, size: int) -> Vector:
    values = read_only(_spread(name, np.array(given, dtype=np.float64), size))
    low, high = NUMBERS[name]
    outside = (values < low) | (values > high)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise ValueError(f"sample {first}: {name} must lie between {low:g} and {high:g}, got {values[first]:g}")
    return values


def _words(name: str, given: object, size: int) -> Words:
    listed = np.asarray(given, dtype=object)
    texts = np.array(["" if value is None else str(value) for value in listed.ravel()], dtype=np.str_)
    words = np.array(_spread(name, texts.reshape(listed.shape), size), dtype=np.str_)
    words[np.isin(words, UNKNOWN)] = ""
    words.setflags(write=False)
    return words
