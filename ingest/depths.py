"""Depths given as one text: `0-20`, `0–20 cm`, `10 to 30`, `1.5-2 m`, or a single depth."""

import re
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.numbers import Marks, State, read_numbers
from ingest.profile import FromColumn
from ingest.scales import scale_to
from ingest.sheet import Sheet

NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
UNIT = r"(?P<{name}>[a-zA-Z'\"]{{1,6}}\.?)?"
RANGE = re.compile(
    rf"(?P<upper>{NUMBER})\s*{UNIT.format(name='first')}\s*(?:[-–—/]|\bto\b|\bbis\b|\bà\b|\ba\b|\.\.+|…)\s*"
    rf"(?P<lower>{NUMBER})\s*{UNIT.format(name='unit')}"
)
SINGLE = re.compile(rf"(?P<upper>{NUMBER})\s*{UNIT.format(name='unit')}")


def read_depths(sheet: Sheet, given: FromColumn) -> dict[str, Any]:
    """Upper and lower depth in cm, empty where nothing stands; a single depth is both."""
    texts = sheet.text(given)
    distinct = texts.dictionary_encode()
    found = [depths(text, given.unit or "cm", sheet.marks) for text in distinct.dictionary.to_pylist()]
    ends = np.array([*(pair or (np.nan, np.nan) for pair in found), (np.nan, np.nan)])
    places = distinct.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
    unread = np.array([*(pair is None for pair in found), False])[places]
    sheet.find("not-a-number", unread, texts, "is no depth and no range of depths", (given.column, False))
    named = zip(("upper_depth_cm", "lower_depth_cm"), ends[places].T, strict=True)
    return {name: pa.array(values, from_pandas=True) for name, values in named}


def depths(text: str, unit: str, marks: Marks) -> tuple[float, float] | None:
    """Upper and lower depth in cm; a unit in the text counts for more than the one of the column."""
    found = RANGE.fullmatch(text) or SINGLE.fullmatch(text)
    if found is None:
        return None
    ends = [found["upper"], found.groupdict().get("lower") or found["upper"]]
    numbers = read_numbers(pa.array(ends), marks)
    try:
        factor = scale_to("depth_cm", found["unit"] or unit)
    except ValueError:
        return None
    if (numbers.state != State.NUMBER).any():
        return None
    upper, lower = numbers.values * factor
    return float(upper), float(lower)
