"""Map services: WMS, WMTS, styles, tiles in every format and matrix set; one surface, one value for each place."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Tree

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer
from rasterio.io import MemoryFile
from sqlalchemy import text

from db.versions import raise_version
from db.visibility import SURFACES
from tests.app.conftest import World
from tests.app.seed import add_derived
from tiles.doubt import DOUBTS
from tiles.matrix_sets import MATRIX_SETS
from tiles.pixels import SIDE

ID = "surface-zinc-0a1b2c3d"
SURFACE = f"/collections/{ID}"
PLACE = (5.745, 50.975)
BOX = (5.73, 50.96, 5.76, 50.98)
WMS = {"service": "WMS", "version": "1.3.0", "layers": ID, "styles": "", "format": "image/png"}


def parsed(text: str) -> Tree.Element:
    """XML that the service under test has written."""
    return Tree.fromstring(text)  # noqa: S314


async def expected_at(client: httpx.AsyncClient, lon: float, lat: float) -> float | None:
    answer = await client.get(f"{SURFACE}/position", params={"coords": f"POINT({lon!r} {lat!r})"})
    value: float | None = answer.json()["ranges"]["expected"]["values"][0]
    return value


def tile_over(name: str, z: int) -> tuple[int, int]:
    """Row and column of the tile of a matrix set that holds the place."""
    matrices = MATRIX_SETS[name]
    x, y = Transformer.from_crs("OGC:CRS84", matrices.crs, always_xy=True).transform(*PLACE)
    matrix = matrices.matrices()[z]
    width = matrix.pixel * SIDE
    return int((matrix.north - y) // width), int((x - matrix.west) // width)


@pytest.mark.parametrize("zoom", [0, 8, 12])
@pytest.mark.parametrize("name", MATRIX_SETS)
async def test_values_of_tiles_are_those_of_their_places(client: httpx.AsyncClient, name: str, zoom: int) -> None:
    """In every matrix set and zoom, and the same in each format of values."""
    row, column = tile_over(name, zoom)
    address = f"{SURFACE}/map/tiles/{name}/{zoom}/{row}/{column}"
    answers = {how: await client.get(address, params={"f": how}) for how in ("npy", "tiff")}
    if answers["npy"].status_code == 204:
        return
    values = np.load(io.BytesIO(answers["npy"].content))
    with MemoryFile(answers["tiff"].content) as memory, memory.open() as file:
        np.testing.assert_array_equal(file.read(1), values)
    pixels = MATRIX_SETS[name].pixels(zoom, row, column)
    lon, lat = pixels.places(np.arange(0.5, SIDE), np.arange(0.5, SIDE))
    known = np.argwhere(np.isfinite(values))
    for y, x in known[:: max(1, len(known) // 3)]:
        assert await expected_at(client, float(lon[y, x]), float(lat[y, x])) == pytest.approx(values[y, x], rel=1e-3)


async def test_colours_that_are_values_can_be_read_back(client: httpx.AsyncClient) -> None:
    address = f"{SURFACE}/map/tiles/WebMercatorQuad/12/1371/2113"
    terrain = (await client.get(f"{SURFACE}/tilejson.json")).json()["terrain"]
    picture = np.asarray(Image.open(io.BytesIO((await client.get(address, params={"f": "terrain"})).content)))
    values = np.load(io.BytesIO((await client.get(address, params={"f": "npy"})).content))
    factors = [terrain[f"{name}Factor"] for name in ("red", "green", "blue")]
    decoded = picture[..., :3].astype(float) @ factors - terrain["baseShift"]
    np.testing.assert_array_equal(picture[..., 3] > 0, np.isfinite(values))
    known = np.isfinite(values)
    np.testing.assert_allclose(decoded[known], values[known], atol=terrain["blueFactor"] / 2 + 1e-3)


async def test_twice_the_pixels_are_the_four_tiles_below(client: httpx.AsyncClient) -> None:
    query = {"f": "npy"}
    whole = await client.get(f"{SURFACE}/map/tiles/WebMercatorQuad/12/1371/2113@2x", params=query)
    values = np.load(io.BytesIO(whole.content))
    assert values.shape == (512, 512)
    part = await client.get(f"{SURFACE}/map/tiles/WebMercatorQuad/13/2743/4227", params=query)
    np.testing.assert_array_equal(values[256:, 256:], np.load(io.BytesIO(part.content)))


async def test_averages_are_of_the_probability_and_say_so(client: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {"quantity": "exceedance", "limit": 300, "f": "npy"}
    average = await client.get(
        f"{SURFACE}/map/tiles/WebMercatorQuad/11/685/1056", params=query | {"sampling": "average"}
    )
    finer = [
        await client.get(f"{SURFACE}/map/tiles/WebMercatorQuad/13/{685 * 4 + dy}/{1056 * 4 + dx}", params=query)
        for dy in range(4)
        for dx in range(4)
    ]
    parts = [
        np.load(io.BytesIO(each.content)) if each.status_code == 200 else np.full((256, 256), np.nan) for each in finer
    ]
    whole = np.block([parts[4 * dy : 4 * dy + 4] for dy in range(4)]).reshape(256, 4, 256, 4)
    known = np.isfinite(whole)
    total, number = np.where(known, whole, 0.0).sum(axis=(1, 3)), known.sum(axis=(1, 3))
    mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    np.testing.assert_allclose(np.load(io.BytesIO(average.content)), mean, rtol=1e-5)
    del query["f"]
    legend = (await client.get(f"{SURFACE}/map/legend", params=query | {"sampling": "average"})).json()
    assert legend["sampling"] == "average"
    assert "average over each pixel" in legend["title"]


@pytest.mark.parametrize("doubt", DOUBTS)
async def test_uncertainty_changes_the_picture_and_the_legend_alone(client: httpx.AsyncClient, doubt: str) -> None:
    address = f"{SURFACE}/map/tiles/WebMercatorQuad/12/1371/2113"
    query: dict[str, Any] = {"quantity": "exceedance", "limit": 300, "uncertainty": doubt}
    plain = np.asarray(
        Image.open(io.BytesIO((await client.get(address, params=query | {"uncertainty": "none"})).content)).convert(
            "RGBA"
        )
    )
    shown = np.asarray(Image.open(io.BytesIO((await client.get(address, params=query)).content)).convert("RGBA"))
    legend = (await client.get(f"{SURFACE}/map/legend", params=query)).json()
    assert ("uncertainty" in legend) == (doubt != "none")
    seen = shown[..., 3] > 0
    np.testing.assert_array_equal(shown[seen][:, :3], plain[seen][:, :3])
    assert (shown[..., 3] < plain[..., 3]).any() == (doubt != "none")


async def test_a_picture_of_a_box(client: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {"bbox": ",".join(map(str, BOX)), "width": 60, "height": 40, "f": "npy"}
    values = np.load(io.BytesIO((await client.get(f"{SURFACE}/map", params=query)).content))
    assert values.shape == (40, 60)
    lon, lat = BOX[0] + 30.5 / 60 * 0.03, BOX[3] - 20.5 / 40 * 0.02
    assert await expected_at(client, lon, lat) == pytest.approx(values[20, 30], rel=1e-3)


@pytest.mark.parametrize(
    ("version", "crs", "box"),
    [
        ("1.3.0", {"crs": "EPSG:4326"}, (BOX[1], BOX[0], BOX[3], BOX[2])),
        ("1.3.0", {"crs": "CRS:84"}, BOX),
        ("1.1.1", {"srs": "EPSG:4326"}, BOX),
    ],
)
async def test_wms_knows_the_order_of_axes(
    client: httpx.AsyncClient, version: str, crs: dict[str, str], box: tuple[float, ...]
) -> None:
    query = WMS | crs | {"version": version, "bbox": ",".join(map(str, box)), "width": "60", "height": "40"}
    wanted: dict[str, Any] = {"bbox": ",".join(map(str, BOX)), "width": 60, "height": 40}
    drawn = await client.get("/wms", params=query | {"request": "GetMap", "transparent": "TRUE"})
    same = await client.get(f"{SURFACE}/map", params=wanted)
    assert drawn.content == same.content
    opaque = await client.get("/wms", params=query | {"REQUEST": "GetMap", "BGCOLOR": "0x112233"})
    assert Image.open(io.BytesIO(opaque.content)).mode == "RGB"
    names = ("x", "y") if version == "1.1.1" else ("i", "j")
    click = {"request": "GetFeatureInfo", "query_layers": ID, names[0]: "30", names[1]: "20"}
    (feature,) = (await client.get("/wms", params=query | click)).json()["features"]
    lon, lat = feature["geometry"]["coordinates"]
    assert feature["properties"]["expected"] == pytest.approx(await expected_at(client, lon, lat))


async def test_capabilities_name_what_can_be_asked(client: httpx.AsyncClient) -> None:
    wms = parsed((await client.get("/wms?service=WMS&request=GetCapabilities")).text)
    space = {"w": "http://www.opengis.net/wms", "x": "http://www.w3.org/1999/xlink"}
    layer = next(each for each in wms.iterfind(".//w:Layer[w:Name]", space) if each.findtext("w:Name", "", space) == ID)
    for picture in layer.iterfind(".//w:LegendURL/w:OnlineResource", space):
        legend = await client.get(picture.attrib["{http://www.w3.org/1999/xlink}href"])
        assert Image.open(io.BytesIO(legend.content)).width > 50
    wmts = parsed((await client.get("/wmts/1.0.0/WMTSCapabilities.xml")).text)
    space = {"t": "http://www.opengis.net/wmts/1.0", "o": "http://www.opengis.net/ows/1.1"}
    layer = next(each for each in wmts.iterfind(".//t:Layer", space) if each.findtext("o:Identifier", "", space) == ID)
    template = layer.find("t:ResourceURL", space)
    assert template is not None
    time = layer.findtext("t:Dimension/t:Default", "", space)
    for name in MATRIX_SETS:
        row, column = tile_over(name, 9)
        parts = {
            "Style": "sd",
            "Time": time,
            "TileMatrixSet": name,
            "TileMatrix": "9",
            "TileRow": row,
            "TileCol": column,
        }
        address = template.attrib["template"]
        for part, value in parts.items():
            address = address.replace(f"{{{part}}}", str(value))
        tile = await client.get(address)
        assert tile.headers["content-type"] == "image/png", tile.text
        by_key = {"service": "WMTS", "request": "GetTile", "layer": ID, "style": "sd", "tilematrixset": name}
        by_key |= {"tilematrix": "9", "tilerow": str(row), "tilecol": str(column), "format": "image/png"}
        assert (await client.get("/wmts", params=by_key)).content == tile.content


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"layers": "zinc"}, "LayerNotDefined"),
        ({"styles": "mean"}, "StyleNotDefined"),
        ({"crs": "EPSG:2154"}, "InvalidCRS"),
        ({"format": "image/gif"}, "InvalidFormat"),
        ({"bbox": "1,2,3"}, "InvalidParameterValue"),
        ({"width": "0"}, "InvalidParameterValue"),
        ({"width": "99999"}, "InvalidParameterValue"),
        ({"height": ""}, "MissingParameterValue"),
        ({"time": "1999-01-01"}, "InvalidDimensionValue"),
        ({"request": "GetStyles"}, "OperationNotSupported"),
        ({"styles": "exceedance"}, "InvalidParameterValue"),
        ({"layers": "<script>"}, "LayerNotDefined"),
    ],
    ids=str,
)
async def test_wms_complains_in_xml(client: httpx.AsyncClient, change: dict[str, str], code: str) -> None:
    query = WMS | {"request": "GetMap", "crs": "CRS:84", "bbox": "5,50,6,51", "width": "20", "height": "20"} | change
    response = await client.get("/wms", params=query)
    assert response.status_code == 400
    (complaint,) = parsed(response.text)
    assert complaint.attrib["code"] == code


@pytest.mark.parametrize("name", [ID, "samples", "sites", "sources", "hotspots"])
async def test_styles_point_to_what_is_there(client: httpx.AsyncClient, name: str) -> None:
    listed = (await client.get(f"/collections/{name}/styles")).json()
    assert listed["default"] == listed["styles"][0]["id"]
    for each in listed["styles"]:
        for link in each["links"]:
            style = await client.get(link["href"])
            assert style.headers["content-type"].startswith(link["type"]), style.text
            if "sld" in link["type"]:
                parsed(style.text)
                continue
            document = style.json()
            (source,) = document["sources"].values()
            assert (await client.get(source["url"])).json()["tiles"]
            assert {layer["id"] for layer in document["layers"]}


async def test_an_sld_has_the_classes_of_the_legend(client: httpx.AsyncClient) -> None:
    sld = parsed((await client.get(f"{SURFACE}/styles/exceedance?limit=300&f=sld")).text)
    entries = [each.attrib for each in sld.iter("{http://www.opengis.net/sld}ColorMapEntry")]
    classes = (await client.get(f"{SURFACE}/map/legend?quantity=exceedance&limit=300")).json()["classes"]
    assert [(each["color"], float(each["quantity"])) for each in entries] == [
        (each["colour"], each["upper"]) for each in classes
    ]


TEXTS = st.one_of(st.text(max_size=20), st.from_regex(r"[-+.,/eE0-9:A-Z() ]{0,20}", fullmatch=True))
NAMES = st.sampled_from(["layers", "styles", "crs", "bbox", "width", "height", "time", "bgcolor", "i", "j", "limit"])


@given(st.sampled_from(["GetMap", "GetFeatureInfo", "GetTile"]), st.dictionaries(NAMES, TEXTS, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_keywords_break_the_service(client: httpx.AsyncClient, request: str, query: dict[str, str]) -> None:
    whole = WMS | {"request": request, "crs": "CRS:84", "bbox": "5,50,6,51", "width": "9", "height": "9"} | query
    response = await client.get(
        "/wmts" if request == "GetTile" else "/wms",
        params=whole | ({"service": "WMTS"} if request == "GetTile" else {}),
    )
    assert response.status_code in (200, 400), response.text


async def test_a_map_that_is_hidden_is_gone_from_what_is_at_hand(client: httpx.AsyncClient, world: World) -> None:
    template = (await client.get(f"{SURFACE}/tilejson.json")).json()["tiles"][0]
    address = template.replace("{z}/{y}/{x}", "12/1371/2113")
    for _ in range(2):
        assert (await client.get(address)).status_code == 200
    engine = world.database.engine()
    hide = text("UPDATE surface SET visibility = :seen WHERE id = :key")
    try:
        with engine.begin() as connection:
            connection.execute(hide, {"seen": "private", "key": ID.removeprefix("surface-")})
            raise_version(connection, SURFACES)
        await asyncio.sleep(1.1)
        assert (await client.get(address)).status_code == 404
    finally:
        with engine.begin() as connection:
            connection.execute(hide, {"seen": "public", "key": ID.removeprefix("surface-")})
            raise_version(connection, SURFACES)
        engine.dispose()
        await asyncio.sleep(1.1)
    assert (await client.get(address)).status_code == 200


DERIVED = "joint-0a9b8c7d"


@pytest.fixture
def derived(world: World) -> Iterator[str]:
    engine = world.database.engine()
    with engine.begin() as connection:
        add_derived(connection, world.settings.home, DERIVED)
    yield f"/collections/surface-{DERIVED}"
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM surface WHERE id = :key"), {"key": DERIVED})
    engine.dispose()


async def test_a_derived_map_is_served_as_any_map(client: httpx.AsyncClient, derived: str) -> None:
    """Its bands are what others' quantities are: in tiles, at a place, as coverage, in styles; limits make no sense."""
    place = {"coords": "POINT(5.745 50.975)"}
    ranges = (await client.get(f"{derived}/position", params=place)).json()["ranges"]
    values = {name: each["values"][0] for name, each in ranges.items()}
    assert set(values) == {"joint", "index"}
    for name, value in values.items():
        box = {"bbox": "5.745,50.975,5.7450001,50.9750001", "width": 1, "height": 1, "f": "npy", "quantity": name}
        assert np.load(io.BytesIO((await client.get(f"{derived}/map", params=box)).content))[0, 0] == pytest.approx(
            value
        )
        legend = (await client.get(f"{derived}/map/legend", params={"quantity": name})).json()
        assert legend["quantity"] == name
    assert legend["classes"][-1]["upper"] is None, "an index of twelve is no probability"
    assert (await client.get(f"{derived}/limits")).json()["limits"] == []
    fields = (await client.get(f"{derived}/coverage/rangetype")).json()["field"]
    assert [field["name"] for field in fields] == ["joint", "index"]
    tile = await client.get(f"{derived}/map/tiles/WebMercatorQuad/12/1371/2113")
    assert tile.headers["content-type"] == "image/png"
    assert (
        await client.get("/wms", params=WMS | {"layer": f"surface-{DERIVED}", "request": "GetLegendGraphic"})
    ).is_success
    for query in ({"quantity": "expected"}, {"limit": "3"}, {"uncertainty": "fade"}, {"quantity": "joint", "p": "0.5"}):
        assert (await client.get(f"{derived}/map/legend", params=query)).status_code == 400, query
