"""Maps of one kind that differ in the period of their samples are one layer with a time for each."""

import datetime as dt
from typing import Any

import pytest

from app.ogc.collection import SurfaceCollection
from app.ogc.ows.kvp import ServiceError
from app.ogc.ows.layers import Layer, series_of, time_of


def surface(key: str, period: dict[str, str] | None = None, **row: Any) -> SurfaceCollection:
    parameters = {"transform": "log", "method": "ordinary-kriging", "context": {}, "datasets": ["a"]}
    selection = {"selection": {"period": period}} if period else {}
    values = {"contaminant_id": "zinc", "quantity": "concentration", "cell_m": 40.0, "id": key}
    made = {"created_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}
    return SurfaceCollection(f"surface-{key}", key, key, values | made | {"parameters": parameters | selection} | row)


EARLY, LATE = surface("early", {"start": "1990-01-01", "end": "1995-12-31"}), surface("late", {"end": "2005-12-31"})
OTHER = surface("other", {"end": "2005-12-31"}, cell_m=100.0)
TIMELESS = surface("timeless")


def test_maps_of_one_kind_make_a_series() -> None:
    (layer,) = series_of([LATE, EARLY, OTHER, TIMELESS])
    assert layer.name == "series-zinc"
    assert list(layer.times) == ["1995-12-31", "2005-12-31"]
    assert layer.surface is LATE
    assert layer.at("1995-12-31T00:00:00Z") is EARLY
    for latest in ("", "default", "current"):
        assert layer.at(latest) is LATE
    with pytest.raises(ServiceError, match="it has 1995-12-31, 2005-12-31"):
        layer.at("2000")


def test_two_kinds_make_two_series() -> None:
    before = surface("before", {"end": "1999-12-31"}, cell_m=100.0)
    names = [layer.name for layer in series_of([EARLY, LATE, OTHER, before])]
    assert names == ["series-zinc", "series-zinc-2"]


def test_a_map_of_no_period_is_of_the_day_on_which_it_was_made() -> None:
    assert time_of(TIMELESS) == "2026-01-02"
    assert Layer("x", "x", {time_of(TIMELESS): TIMELESS}).at("2026-01-02") is TIMELESS
    assert series_of([TIMELESS, surface("second")]) == []
