"""Assumptions on samples: one value for all of them, or what a registered layer says at the place of each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from db.layers import layer_named
from db.samples import SampleRows
from ingest.layers.places import codes_at
from mapping.context import FROM_A_LAYER, NUMBERS, Assumption, parse_assumptions
from mapping.fields import RasterField


def for_all_places(texts: Sequence[str]) -> list[str]:
    """Those that hold everywhere, and so for a map too."""
    return [text for text in texts if not _of_layer(text)[1]]


def layers_named_in(texts: Sequence[str]) -> list[str]:
    """The layers that assumptions take values from."""
    return [layer for layer in (_of_layer(text)[1] for text in texts) if layer]


def at_samples(connection: Connection, home: Path, texts: Sequence[str], rows: SampleRows) -> tuple[Assumption, ...]:
    """All of them; `clay:@clay-content` takes the values of that layer at the samples.

    Raises `ValueError` for what is no assumption, no layer, or a layer that holds something else.
    """
    plain = parse_assumptions(for_all_places(texts))
    layered = [_read(connection, home, *_of_layer(text), rows) for text in texts if _of_layer(text)[1]]
    names = [assumption.name for assumption in (*plain, *layered)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"assumption {name!r} is given {names.count(name)} times")
    return (*plain, *layered)


def _of_layer(text: str) -> tuple[str, str]:
    """Property and layer; no layer where the text names none."""
    name, _, value = (part.strip() for part in text.partition(":"))
    return name.lower(), value[1:] if value.startswith(FROM_A_LAYER) else ""


def _read(connection: Connection, home: Path, name: str, layer: str, rows: SampleRows) -> Assumption:
    found = layer_named(connection, layer)
    if found.classes == (name in NUMBERS):
        holds = "classes" if found.classes else "numbers"
        raise ValueError(f"assumption {name}:{FROM_A_LAYER}{layer}: the layer holds {holds}")
    origin = f"{FROM_A_LAYER}{layer} (version {found.version})"
    if found.path is None:
        return Assumption.of_samples(name, codes_at(connection, found, rows.lonlat), origin)
    values = RasterField(home / found.path, "EPSG:4326", found.classes).at(rows.lonlat)
    names = {entry["code"]: entry["name"] for entry in found.report["numbers"].get("classes", ()) if entry["name"]}
    if found.classes and names:
        values = np.array([names.get(code, code) for code in values.tolist()], dtype=np.str_)
    return Assumption.of_samples(name, values, origin)
