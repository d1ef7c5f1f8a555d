"""Files of features: the same features as pages say, in each format and any reference system."""

import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow.csv
import pyarrow.parquet
import pyogrio
import pytest
import shapely

from app.files import FILES

COLLECTIONS = ("samples", "sites", "sources", "hotspots", "guideline-values")
Table = list[dict[str, Any]]


def read(path: Path, key: str) -> Table:
    """The rows of a file, with `geometry` as a shape."""
    if key == "csv":
        listed: Table = pyarrow.csv.read_csv(path).to_pylist()
        return listed
    if key == "parquet":
        rows = pyarrow.parquet.read_table(path).to_pylist()
        return [row | {"geometry": shapely.from_wkb(row.get("geometry"))} for row in rows]
    meta, table = pyogrio.read_arrow(path)
    named = meta["geometry_name"] or "wkb_geometry"
    return [row | {"geometry": shapely.from_wkb(row.get(named))} for row in table.to_pylist()]


async def saved(client: httpx.AsyncClient, folder: Path, address: str, key: str) -> Table:
    response = await client.get(address, params={"f": key})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].split(";")[0] == FILES[key].media_type
    path = folder / f"got.{key}"
    path.write_bytes(response.content)
    return read(path, key)


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("key", FILES)
async def test_files_hold_what_pages_say(client: httpx.AsyncClient, tmp_path: Path, key: str, collection: str) -> None:
    address = f"/collections/{collection}/items"
    page = (await client.get(address, params={"limit": 10_000})).json()
    if collection == "guideline-values" and FILES[key].needs_geometry:
        assert (await client.get(address, params={"f": key})).status_code == 400
        return
    rows = await saved(client, tmp_path, address, key)
    assert len(rows) == page["numberMatched"]
    for row, feature in zip(rows, page["features"], strict=True):
        assert row["id"] == feature["id"]
        for name, value in feature["properties"].items():
            same = json.loads(row[name]) if isinstance(value, dict | list) else row[name]
            assert value in (None, "") or same == value or str(same) == str(value), name
        if feature["geometry"] and key != "csv":
            shape = shapely.geometry.shape(feature["geometry"])
            assert shapely.equals_exact(row["geometry"], shape, tolerance=1e-6)


async def test_a_file_can_be_of_a_choice_in_an_order_and_a_system(client: httpx.AsyncClient, tmp_path: Path) -> None:
    asked = "filter=value>500&contaminant=zinc&sortby=-value&properties=value&limit=7"
    address = f"/collections/samples/items?{asked}&crs=EPSG:28992"
    response = await client.get(f"{address}&f=csv")
    (tmp_path / "a.csv").write_bytes(response.content)
    rows = pyarrow.csv.read_csv(tmp_path / "a.csv").to_pylist()
    assert list(rows[0]) == ["x", "y", "wkt", "id", "value"]
    assert [row["value"] for row in rows] == sorted((row["value"] for row in rows), reverse=True)
    assert len(rows) == 7
    assert all(178_000 < row["x"] < 182_000 and 329_000 < row["y"] < 334_000 for row in rows)
    assert response.headers["content-crs"] == "<http://www.opengis.net/def/crs/EPSG/0/28992>"


async def test_files_tell_their_reference_system(client: httpx.AsyncClient, tmp_path: Path) -> None:
    for key, crs in (("gpkg", "EPSG:28992"), ("fgb", "EPSG:3035"), ("gpkg", "EPSG:4326")):
        response = await client.get(f"/collections/sites/items?crs={crs}&f={key}")
        path = tmp_path / f"{crs[5:]}.{key}"
        path.write_bytes(response.content)
        told = pyogrio.read_info(path)
        assert told["crs"] == crs
        west, _, east, _ = told["total_bounds"]
        assert (5 < west < east < 6) if crs == "EPSG:4326" else west > 100_000


@pytest.mark.parametrize("key", FILES)
async def test_accept_asks_for_files_too(client: httpx.AsyncClient, key: str) -> None:
    response = await client.get("/collections/sites/items?limit=3", headers={"Accept": FILES[key].media_type})
    assert response.headers["content-type"].split(";")[0] == FILES[key].media_type
    assert f"sites.{key}" in response.headers["content-disposition"]


async def test_nothing_private_is_in_a_file(client: httpx.AsyncClient) -> None:
    for collection in COLLECTIONS:
        response = await client.get(f"/collections/{collection}/items?f=csv")
        assert b"secret" not in response.content.lower()
        assert b"66666" not in response.content
