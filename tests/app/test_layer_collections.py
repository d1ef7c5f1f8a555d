"""Layers of polygons as collections: as visible as they are, and gone when they are."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import pytest
from shapely.geometry import box

from ingest.layers.description import describe_layer
from ingest.layers.store import load_layer, unload_layer
from tests.app.conftest import World


@pytest.fixture(scope="module")
def _layers(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("areas")
    frame = gpd.GeoDataFrame(
        {"unit": ["A", "B"], "title": ["Arden", "Bohemia"]}, geometry=[box(5, 50, 6, 51), box(14, 49, 15, 50)]
    )
    frame.set_crs("EPSG:4326").to_file(folder / "units.gpkg")
    engine = world.database.engine()
    with engine.begin() as connection:
        for name, visibility in (("units", "public"), ("hidden-units", "private")):
            stated = {"name": name, "title": "Units", "licence": "CC0-1.0", "code": "unit", "label": "title"}
            described = describe_layer({**stated, "provider": "the tests", "visibility": visibility})
            load_layer(connection, folder / "units.gpkg", described, Path(world.settings.home) / "layers")
    yield
    with engine.begin() as connection:
        for name in ("units", "hidden-units"):
            unload_layer(connection, name)
    engine.dispose()


@pytest.mark.usefixtures("_layers")
async def test_a_layer_is_a_collection_with_its_licence_and_box(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/collections?f=json")).json()["collections"]
    (found,) = (each for each in listed if each["id"].startswith("layer-"))
    assert found["id"] == "layer-units"
    assert "CC0-1.0" in found["description"]
    assert found["extent"]["spatial"]["bbox"] == [[5.0, 49.0, 15.0, 51.0]]
    alone = (await client.get("/collections/layer-units?f=json")).json()
    assert (alone["title"], alone["itemType"]) == ("Units", "feature")


@pytest.mark.usefixtures("_layers")
async def test_its_areas_are_features(client: httpx.AsyncClient) -> None:
    page = (await client.get("/collections/layer-units/items?bbox=4,48,7,52&f=json")).json()
    (feature,) = page["features"]
    assert feature["properties"] == {"code": "A", "name": "Arden"}
    assert feature["geometry"]["type"] == "MultiPolygon"
    one = await client.get(f"/collections/layer-units/items/{feature['id']}?f=json")
    assert one.json()["properties"]["code"] == "A"
    first = (await client.get("/collections/layer-units/items?limit=1&f=json")).json()
    (following,) = (link["href"] for link in first["links"] if link["rel"] == "next")
    assert (await client.get(following)).json()["features"][0]["properties"]["code"] == "B"
    told = (await client.get("/collections/layer-units/queryables?f=json")).json()
    assert list(told["properties"]) == ["code", "name", "geometry"]
    assert (await client.get("/collections/layer-units/items?contaminant=zinc")).status_code == 400


@pytest.mark.usefixtures("_layers")
@pytest.mark.parametrize(
    "address",
    [
        "layer-hidden-units",
        "layer-hidden-units/items",
        "layer-nowhere/items",
        "layer-/items",
        "layer-units/tilejson.json",
        "layer-units/position?coords=POINT(5 50)",
    ],
)
async def test_what_is_private_or_not_there_is_not_found(client: httpx.AsyncClient, address: str) -> None:
    assert (await client.get(f"/collections/{address}")).status_code == 404
