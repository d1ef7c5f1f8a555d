"""The whole way from file to answer on a survey with a fresh seed: no Meuse in disguise."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from sqlalchemy import Connection, Engine

from app.factory import create_app
from app.limits import Limit
from app.settings import Settings
from app.work.exceedance import areas_above
from app.work.hotspot_catalogue import publish
from app.work.hotspots import regulatory, statistical
from app.work.maps import MapRequest, make_map
from app.work.material import gather
from db.engine import Database
from db.selection import Selection
from ingest.load import load_samples
from ingest.profile import read_profile
from ingest.vocabulary import load_vocabularies
from mapping.surface import Surface
from tests.surveys import Survey, generate


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    seed = secrets.randbelow(1_000_000)
    print(f"seed of the generated survey: {seed}")
    return generate(tmp_path, seed)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = database.engine()
    with engine.begin() as connection:
        load_vocabularies(connection)
    yield engine
    engine.dispose()


def load(connection: Connection, survey: Survey) -> None:
    report = load_samples(connection, survey.file, read_profile(survey.profile))
    assert (report.loaded, report.rejected, report.duplicates) == (len(survey.lower), 0, 0)


async def test_from_file_to_map_to_answer(survey: Survey, engine: Engine, database: Database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=database.libpq)
    selection = Selection(contaminant=survey.contaminant)
    with engine.begin() as connection:
        load(connection, survey)
        material = gather(connection, selection)
        made = make_map(settings, connection, MapRequest(selection, survey.cell))
        again = make_map(settings, connection, MapRequest(selection, survey.cell))
        limit = Limit(float(np.quantile(survey.upper, 0.8)), "a limit")
        found = [
            publish(connection, material, statistical(material)),
            publish(connection, material, regulatory(material, made, limit)),
        ]
        area = areas_above(connection, made, [limit])[0]
    order = np.argsort(material.rows.code)
    codes = np.argsort([f"P-{row + 1}" for row in range(len(survey.lower))])
    np.testing.assert_allclose(material.samples.lower[order], survey.lower[codes], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(material.samples.upper[order], survey.upper[codes], rtol=1e-6)
    assert (made.created, again.created, again.id) == (True, False, made.id)
    assert material.projection.scale_error < 0.005
    assert found[0].finding.report["hot_samples"] > 0, "the planted plume is a hot spot"
    assert any(spot.class_ == "exceeding" for spot in found[1].finding.spots)
    assert 0 < area.area.low < area.area.expected < area.area.high < area.mapped
    await the_service_agrees_with_the_file(settings, database, survey, made.id, limit)


async def the_service_agrees_with_the_file(
    settings: Settings, database: Database, survey: Survey, surface: str, limit: Limit
) -> None:
    app = create_app(settings, database)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as web:
        items = (
            await web.get("/collections/samples/items", params={"contaminant": survey.contaminant, "limit": 1000})
        ).json()
        assert items["numberMatched"] == len(survey.lower)
        censored = sum(feature["properties"]["censored"] for feature in items["features"])
        assert censored == round(float((survey.lower == 0).mean()) * len(items["features"]))
        path = settings.surfaces / f"{surface}.tif"
        row, column, lon, lat = a_mapped_cell(path)
        answer = await web.get(
            f"/collections/surface-{surface}/position",
            params={"coords": f"POINT({lon} {lat})", "limit": limit.mg_per_kg},
        )
        assert answer.status_code == 200, answer.text
        ranges = answer.json()["ranges"]
        prediction = Surface.read(path).prediction
        told = {name: content["values"][0] for name, content in ranges.items()}
        assert told["expected"] == pytest.approx(prediction.expected()[row, column], rel=1e-3)
        assert told["exceedance"] == pytest.approx(prediction.exceedance(limit.mg_per_kg)[row, column], abs=1e-3)


def a_mapped_cell(path: Path) -> tuple[int, int, float, float]:
    with rasterio.open(path) as raster:
        mean = raster.read(1)
        rows, columns = np.nonzero(np.isfinite(mean))
        row, column = int(rows[len(rows) // 2]), int(columns[len(rows) // 2])
        x, y = raster.xy(row, column)
        lon, lat = Transformer.from_crs(raster.crs.to_wkt(), "EPSG:4326", always_xy=True).transform(x, y)
    return row, column, lon, lat
