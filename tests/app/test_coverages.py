"""Coverages: every cell holds the value of its place, whatever part, scale, system and format is asked for."""

from typing import Any

import httpx
import numpy as np
import pytest
from rasterio.io import MemoryFile
from rasterio.transform import xy
from rasterio.warp import transform

SURFACE = "/collections/surface-zinc-0a1b2c3d"
FIELDS = ["expected", "median", "sd", "p05", "p95"]


async def tiff(client: httpx.AsyncClient, **query: Any) -> tuple[Any, np.ndarray, list[tuple[float, float]]]:
    """Profile, values, and some places in degrees with their row and column."""
    response = await client.get(f"{SURFACE}/coverage", params=query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/tiff; application=geotiff"
    with MemoryFile(response.content) as memory, memory.open() as file:
        return file.profile | {"descriptions": file.descriptions, "units": file.units}, file.read(), []


async def expected_at(client: httpx.AsyncClient, lon: float, lat: float, **query: Any) -> dict[str, float | None]:
    coords = f"POINT({lon!r} {lat!r})"
    ranges = (await client.get(f"{SURFACE}/position", params={"coords": coords, **query})).json()["ranges"]
    return {name: each["values"][0] for name, each in ranges.items()}


@pytest.mark.parametrize(
    "query",
    [
        {"scale-factor": 2},
        {"bbox": "5.73,50.96,5.75,50.98"},
        {"subset": "Lon(5.73:5.75),Lat(50.96:*)", "scaleSize": "Lon(40),Lat(50)"},
        {"crs": "EPSG:28992"},
        {"crs": "http://www.opengis.net/def/crs/EPSG/0/3857", "scale-factor": 1.5},
        {"crs": "EPSG:28992", "subset": "x(179000:180000),y(331000:332000)"},
        {"bbox": "50.96,5.73,50.98,5.75", "bbox-crs": "EPSG:4326"},
    ],
    ids=str,
)
async def test_every_cell_holds_the_value_of_its_place(client: httpx.AsyncClient, query: dict[str, Any]) -> None:
    profile, values, _ = await tiff(client, **query)
    known = np.argwhere(np.isfinite(values[0]))
    assert len(known)
    for row, column in known[:: max(1, len(known) // 5)]:
        x, y = (float(axis) for axis in xy(profile["transform"], row, column))
        (lon,), (lat,) = transform(profile["crs"], "EPSG:4326", [x], [y])
        said = await expected_at(client, lon, lat)
        assert values[:, row, column] == pytest.approx([said[name] for name in FIELDS], rel=1e-3)


async def test_its_own_system_gives_its_own_cells(client: httpx.AsyncClient) -> None:
    stored = await client.get(f"{SURFACE}/coverage")
    profile, values, _ = await tiff(client, crs="EPSG:28992", properties="median")
    with MemoryFile(stored.content) as memory, memory.open() as file:
        assert (file.transform, file.shape) == (profile["transform"], values.shape[1:])
        np.testing.assert_allclose(values[0], np.exp(file.read(1)), rtol=1e-6)


async def test_fields_can_be_chosen_and_a_limit_adds_one(client: httpx.AsyncClient) -> None:
    profile, values, _ = await tiff(client, properties="exceedance,sd", limit=300, **{"scale-factor": 3})
    assert profile["units"] == ("1", "mg/kg")
    assert profile["descriptions"][0] == "Probability above 300 mg/kg"
    assert np.nanmin(values[0]) >= 0
    assert np.nanmax(values[0]) <= 1


async def test_json_says_the_same(client: httpx.AsyncClient) -> None:
    query = {"subset": "Lon(5.73:5.75),Lat(50.96:50.98)", "scale-size": "Lon(20),Lat(30)"}
    _, values, _ = await tiff(client, **query)
    document = (await client.get(f"{SURFACE}/coverage", params=query | {"f": "covjson"})).json()
    said = document["ranges"]["p95"]
    assert said["shape"] == [30, 20]
    known = np.array([np.nan if value is None else value for value in said["values"]]).reshape(30, 20)
    np.testing.assert_allclose(known, values[FIELDS.index("p95")], rtol=1e-6)


async def test_grid_and_fields_are_described(client: httpx.AsyncClient) -> None:
    domain = (await client.get(f"{SURFACE}/coverage/domainset")).json()["generalGrid"]
    profile, values, _ = await tiff(client, **{"scale-factor": 1})
    assert [axis["upperBound"] + 1 for axis in domain["gridLimits"]["axis"]] == [profile["width"], profile["height"]]
    for axis, step in zip(domain["axis"], (profile["transform"].a, -profile["transform"].e), strict=True):
        assert axis["resolution"] == pytest.approx(step)
    fields = (await client.get(f"{SURFACE}/coverage/rangetype")).json()["field"]
    assert [field["name"] for field in fields] == FIELDS
    assert len(values) == len(fields)
    collection = (await client.get(SURFACE)).json()
    links = {(link["rel"].rsplit("/", 1)[-1], link["type"]) for link in collection["links"]}
    assert ("coverage", "image/tiff; application=geotiff") in links
    assert {("coverage-domainset", "application/json"), ("coverage-rangetype", "application/json")} <= links


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ({"bbox": "1,2,3"}, 400, "bbox"),
        ({"bbox": "1,nan,3,4"}, 400, "bbox"),
        ({"bbox": "5,52,6,50"}, 400, "bbox"),
        ({"subset": "Lon(5.7)"}, 400, "subset"),
        ({"subset": "height(0:3)"}, 400, "subset"),
        ({"subset": "Lon(6:5)"}, 400, "subset"),
        ({"subset": "Lon(5:6)", "bbox": "5,50,6,51"}, 400, "subset"),
        ({"scale-factor": "0"}, 400, "scale-factor"),
        ({"scale-factor": "1e-9"}, 413, None),
        ({"scale-size": "Lon(0)"}, 400, "scale-size"),
        ({"scale-size": "Lon(20000),Lat(20000)"}, 413, None),
        ({"properties": "mean"}, 400, "properties"),
        ({"crs": "EPSG:1"}, 400, "crs"),
        ({"crs": "EPSG:32633"}, 400, "crs"),
        ({"f": "netcdf"}, 400, "f"),
    ],
    ids=str,
)
async def test_wrong_questions_get_a_sentence(
    client: httpx.AsyncClient, query: dict[str, str], status: int, parameter: str | None
) -> None:
    response = await client.get(f"{SURFACE}/coverage", params=query)
    assert response.status_code == status, response.text
    assert response.json().get("parameter") == parameter
