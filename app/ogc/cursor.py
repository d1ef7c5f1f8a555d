"""Cursors: places in the order of a collection, as opaque texts that next and prev links carry."""

import base64
import binascii

import orjson

from app.query import LARGEST_KEY
from db.questions.order import Place

LONGEST = 8_000
"""Characters; what is sorted by stands in the cursor."""


def write_cursor(place: Place) -> str:
    """The text of a place."""
    return base64.urlsafe_b64encode(orjson.dumps([place.key, place.backwards, *place.values])).decode().rstrip("=")


def parse_cursor(text: str) -> Place:
    """The place that a cursor stands for; raises `ValueError` for a text that is none of ours."""
    try:
        match orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))):
            case [int(key), bool(backwards), *values] if _are_ours(key, values):
                place = Place(key, tuple(values), backwards)
                if write_cursor(place) == text:
                    return place
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        pass
    raise ValueError("cursor is not one that a next or prev link gave")


def _are_ours(key: int, values: list[object]) -> bool:
    storable = all(value is None or (isinstance(value, str) and "\0" not in value) for value in values)
    return 0 <= key <= LARGEST_KEY and storable
