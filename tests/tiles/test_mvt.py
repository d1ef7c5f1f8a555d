"""Points written as a vector tile are read back as they were, by a decoder that is not ours."""

from typing import Any

import mapbox_vector_tile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tiles.mvt import Texts, points_layer

FEATURES = st.lists(
    st.tuples(
        *(st.integers(-64, 4_160), st.integers(-64, 4_160), st.integers(0, 2**31 - 1)),
        *(st.one_of(st.none(), st.floats(0, 1e9)), st.one_of(st.none(), st.floats(0, 1e6, width=32))),
        st.integers(-1, 2),
    ),
    min_size=1,
    max_size=300,
)
TEXTS = ("mineral-horizon", "Moos, ä", "")


@given(FEATURES)
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read(features: list[tuple[Any, ...]]) -> None:
    x, y, count, long, short, text = zip(*features, strict=True)
    properties: dict[str, Any] = {
        "count": np.array(count, np.int64),
        "long": np.array([np.nan if value is None else value for value in long], np.float64),
        "short": np.array([np.nan if value is None else value for value in short], np.float32),
        "text": Texts(np.array(text, np.intp), TEXTS),
    }
    body = points_layer("samples", 4_096, (np.array(x), np.array(y)), properties)
    layer = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})["samples"]
    assert (layer["extent"], layer["version"]) == (4_096, 2)
    found = sorted(_plain(feature["geometry"]["coordinates"], feature["properties"]) for feature in layer["features"])
    said = [
        {"count": c, "long": a, "short": b, "text": None if t < 0 else TEXTS[t]}
        for c, a, b, t in zip(count, long, short, text, strict=True)
    ]
    assert found == sorted(_plain([across, down], one) for across, down, one in zip(x, y, said, strict=True))


def _plain(place: list[int], properties: dict[str, Any]) -> str:
    known = {name: value for name, value in properties.items() if value is not None}
    return repr((place, sorted(known.items())))


def test_many_values_take_longer_numbers() -> None:
    count = 20_000
    numbers = np.arange(count, dtype=np.int64)
    places = (numbers % 4_096, numbers // 4_096)
    body = points_layer("samples", 4_096, places, {"count": numbers, "half": numbers / 2})
    found = mapbox_vector_tile.decode(body)["samples"]["features"]
    assert [feature["properties"] for feature in found] == [{"count": n, "half": n / 2} for n in range(count)]
