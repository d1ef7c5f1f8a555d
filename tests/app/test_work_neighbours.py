"""How a map is asked for with neighbours of its own, and computed by a cluster."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.cli.maps import _near
from app.jobs import as_json, from_json
from app.settings import Settings
from app.work.maps import MapRequest
from db.selection import Selection
from mapping.neighbourhood import Neighbourhood

PLAIN = {"minimum": 1, "radius": None, "octants": False, "shared": None}


@pytest.mark.parametrize("near", [None, 12, Neighbourhood(24, 3, 900.0, octants=True), Neighbourhood(shared=640.0)])
def test_a_request_waits_in_the_queue_as_it_was_asked(near: int | Neighbourhood | None) -> None:
    request = MapRequest(Selection("zinc"), 40.0, Path("area.gpkg"), neighbours=near, compressed=True)
    assert from_json(json.loads(json.dumps(as_json(request)))) == request


def test_options_make_a_neighbourhood_only_where_they_say_more_than_a_number() -> None:
    assert _near(None, **PLAIN) is None
    assert _near(12, **PLAIN) == 12
    assert _near(None, **{**PLAIN, "radius": 500.0}) == Neighbourhood(32, radius=500.0)
    assert _near(16, **{**PLAIN, "shared": 800.0}) == Neighbourhood(16, shared=800.0)
    with pytest.raises(ValueError, match="octants needs a radius"):
        _near(16, **{**PLAIN, "octants": True})


def test_a_scheduler_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDAPHOS_DASK", "tcp://10.0.0.1:8786")
    assert Settings().dask == "tcp://10.0.0.1:8786"
    monkeypatch.setenv("EDAPHOS_DASK", "")
    assert Settings().dask is None
    monkeypatch.setenv("EDAPHOS_DASK", "10.0.0.1")
    with pytest.raises(ValidationError, match="starts with tcp://"):
        Settings()
