"""A small world in the tables: Meuse, its river as a source, a map, hot spots, and private rows beside them."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from pyproj import Transformer
from sqlalchemy import Connection, Table, insert, text

from db.tables import (
    contaminant,
    dataset,
    guideline_value,
    hot_spot,
    hot_spot_run,
    measurement,
    procedure,
    release,
    site,
    source,
    specimen,
    surface,
)
from db.versions import raise_version
from ingest.guidelines import GUIDELINE_VALUES

METALS = {
    "cadmium": ("Cd", "7440-43-9", {"de": "Cadmium", "nl": "cadmium"}),
    "copper": ("Cu", "7440-50-8", {"de": "Kupfer", "nl": "koper"}),
    "lead": ("Pb", "7439-92-1", {"de": "Blei", "nl": "lood"}),
    "zinc": ("Zn", "7440-66-6", {"de": "Zink", "nl": "zink", "fr": "zinc"}),
}
SURFACE = "zinc-0a1b2c3d"
CONTEXT = {"medium": "mineral-horizon", "procedure": "aqua-regia", "basis": "dry"}
TO_DEGREES = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)


def add(connection: Connection, table: Table, **values: Any) -> Any:
    """One row; its key."""
    return connection.execute(insert(table).values(**values).returning(*table.primary_key)).scalar_one()


def add_dataset(connection: Connection, name: str, *, kind: str = "samples", visibility: str = "public") -> int:
    return int(
        add(
            connection,
            dataset,
            name=name,
            kind=kind,
            title=name.title(),
            licence="GPL-2.0-or-later",
            provider="sp",
            checksum=name,
            visibility=visibility,
            file_name=f"{name}.csv",
            profile={},
            report={},
        )
    )


def add_contaminants(connection: Connection) -> None:
    for name, (symbol, cas, names) in METALS.items():
        add(connection, contaminant, id=name, symbol=symbol, name=name, names=names, cas=cas)


def add_procedure(connection: Connection) -> int:
    known = connection.execute(text("SELECT id FROM procedure WHERE digestion = 'aqua-regia'")).scalar()
    return int(known or add(connection, procedure, digestion="aqua-regia"))


def point(lon: float, lat: float) -> str:
    return f"SRID=4326;POINT({lon!r} {lat!r})"


def add_sample(
    connection: Connection,
    dataset_id: int,
    procedure_id: int,
    code: str,
    place: tuple[float, float],
    bounds: Mapping[str, tuple[float, float]],
    **specimen_values: Any,
) -> int:
    """A site with one specimen and its measurements (contaminant: lower, upper); the key of the specimen."""
    where = point(*place)
    site_id = add(connection, site, dataset_id=dataset_id, code=code, geom=where)
    given = {"x_as_given": place[0], "y_as_given": place[1], "crs_as_given": "EPSG:4326", "source_row": 1}
    values = given | {"medium": "mineral-horizon"} | specimen_values
    specimen_id = add(connection, specimen, dataset_id=dataset_id, site_id=site_id, code=code, geom=where, **values)
    for metal, (lower, upper) in bounds.items():
        add(
            connection,
            measurement,
            dataset_id=dataset_id,
            specimen_id=specimen_id,
            contaminant_id=metal,
            procedure_id=procedure_id,
            basis="dry",
            lower=lower,
            upper=upper,
            original_text=f"{upper:g}",
            original_unit="ppm",
        )
    return int(specimen_id)


def add_meuse(connection: Connection, folder: Path) -> int:
    """The 155 samples; those with 0.2 ppm cadmium as `<0.2`."""
    dataset_id, procedure_id = add_dataset(connection, "meuse"), add_procedure(connection)
    with (folder / "meuse.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            place = TO_DEGREES.transform(float(row["x"]), float(row["y"]))
            bounds = {metal: (float(row[metal]),) * 2 for metal in METALS}
            if bounds["cadmium"][1] == 0.2:
                bounds["cadmium"] = (0.0, 0.2)
            depths = {"upper_depth_cm": 0.0, "lower_depth_cm": 20.0, "source_row": number + 1}
            add_sample(connection, dataset_id, procedure_id, f"m{number}", place, bounds, **depths)
    return dataset_id


def add_river(connection: Connection, folder: Path) -> int:
    """The first ring of the river's outline, a diffuse source of zinc and cadmium."""
    dataset_id = add_dataset(connection, "meuse-river", kind="sources")
    with (folder / "meuse_river_outline.csv").open(encoding="utf-8", newline="") as file:
        xy = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    ring = ", ".join("{!r} {!r}".format(*TO_DEGREES.transform(x, y)) for x, y in [*xy, xy[0]])
    key = add(
        connection,
        source,
        dataset_id=dataset_id,
        code="river",
        name="River Meuse",
        sector="flood-sediment",
        diffuse=True,
        geom=f"SRID=4326;POLYGON(({ring}))",
        source_row=2,
    )
    for metal in ("zinc", "cadmium"):
        add(connection, release, source_id=key, contaminant_id=metal, pollutant=metal.upper(), medium="soil")
    return int(key)


def write_surface(path: Path) -> None:
    """A map of log zinc on a 40 m grid, smooth and with a rim of nothing, in the bands that a surface has."""
    rows, columns = 104, 78
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    mean = 6.0 + 0.8 * np.sin(x / 13.0) + 0.6 * np.cos(y / 17.0)
    sd = 0.3 + 0.2 * np.abs(np.sin((x + y) / 11.0))
    lagrange = np.full_like(mean, 0.002)
    outside = (x - 39) ** 2 / 39**2 + (y - 52) ** 2 / 52**2 > 1.0
    bands = np.stack([np.where(outside, np.nan, band) for band in (mean, sd, lagrange)]).astype(np.float32)
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 3, "dtype": "float32", "nodata": np.nan}
    place = {"crs": "EPSG:28992", "transform": Affine(40.0, 0.0, 178_440.0, 0.0, -40.0, 333_760.0)}
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(plain, "w", **profile, **place) as raster:
        raster.write(bands)
    rasterio.shutil.copy(plain, path, driver="COG", overview_resampling="nearest", compress="deflate")
    plain.unlink()


def add_surface(connection: Connection, home: Path, key: str = SURFACE, *, visibility: str = "public") -> str:
    path = Path("surfaces", f"{key}.tif")
    write_surface(home / path)
    with rasterio.open(home / path) as raster:
        box = TO_DEGREES.transform_bounds(*raster.bounds)
    west, south, east, north = box
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    add(
        connection,
        surface,
        id=key,
        contaminant_id="zinc",
        title="Zinc in topsoil",
        path=str(path),
        method="ordinary-kriging",
        parameters={"transform": "log", "context": CONTEXT, "selection": {"contaminant": "zinc"}},
        scores={"rmse": 0.39},
        input_hash="00",
        version=f"version-of-{key}",
        crs="EPSG:28992",
        cell_m=40.0,
        visibility=visibility,
        geom=f"SRID=4326;POLYGON(({ring}))",
    )
    return key


DERIVED_BANDS = (
    {"name": "joint", "unit": "1", "title": "Joint probability"},
    {"name": "index", "unit": "1", "title": "Pollution index"},
)


def add_derived(connection: Connection, home: Path, key: str) -> None:
    """A map of two bands of plain values on the grid of the other map: a probability and an index up to twelve."""
    path = Path("surfaces", f"{key}.tif")
    write_surface(home / path)
    with rasterio.open(home / path) as file:
        mean, profile = file.read(1), file.profile
    share = (mean - np.nanmin(mean)) / np.nanmax(mean - np.nanmin(mean))
    (home / path).unlink()
    kept = {name: profile[name] for name in ("crs", "transform", "width", "height", "nodata", "dtype")}
    with rasterio.open(home / path, "w", driver="GTiff", count=2, **kept) as file:
        file.write(np.stack([share, 12 * share]))
    connection.execute(
        text(
            "INSERT INTO surface (id, title, path, method, parameters, scores, input_hash, version, crs, cell_m, geom, "
            "quantity) SELECT :key, 'Zinc and lead', :path, 'joint', CAST(:parameters AS jsonb), '{}', 'none', :key, "
            "crs, cell_m, geom, 'joint-exceedance' FROM surface WHERE id = :other"
        ),
        {
            "key": key,
            "path": str(path),
            "other": SURFACE,
            "parameters": json.dumps({"bands": DERIVED_BANDS, "contaminants": ["zinc", "lead"]}),
        },
    )


def add_hotspots(connection: Connection, river: int, *, visibility: str = "public") -> list[int]:
    run = add(
        connection,
        hot_spot_run,
        version=f"run-{visibility}",
        contaminant_id="zinc",
        kind="regulatory",
        statistic="probability",
        definition="probability above 720 mg/kg",
        parameters={
            "datasets": ["meuse"],
            "population": {"medium": "mineral-horizon", "digestion": "aqua-regia", "basis": "dry"},
        },
        report={},
        visibility=visibility,
    )
    ring = "5.73 50.96, 5.74 50.96, 5.74 50.97, 5.73 50.97, 5.73 50.96"
    return [
        int(
            add(
                connection,
                hot_spot,
                run_id=run,
                class_=name,
                geom=f"SRID=4326;MULTIPOLYGON((({ring})))",
                area_m2=780_000.0,
                mean_probability=probability,
                sample_count=12,
                highest=1839.0,
                rule="nl:2007:industry:max",
                limit_mg_per_kg=720.0,
                assumptions=["clay:25"],
                nearest_source_id=river,
                nearest_source_m=120.0,
            )
        )
        for name, probability in (("exceeding", 0.91), ("undecided", 0.5))
    ]


def zinc_guidelines() -> list[dict[str, str]]:
    """The rows for zinc of the committed vocabulary."""
    with GUIDELINE_VALUES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["contaminant_id"] == "zinc"]


def add_guidelines(connection: Connection) -> None:
    for row in zinc_guidelines():
        same = {column.name: row[column.name] for column in guideline_value.c if column.name in row}
        parsed = {
            "comparable": row["comparable"] == "yes",
            "value_low": float(row["value_low"]) if row["value_low"] else None,
            "value_high": float(row["value_high"]) if row["value_high"] else None,
            "valid_from": row["valid_from"] or None,
            "valid_to": row["valid_to"] or None,
        }
        add(connection, guideline_value, id=int(row["number"]), definition=row, **same | parsed)


PRIVATE_PLACE = (5.7301, 50.9701)


def add_private(connection: Connection, home: Path) -> None:
    """Things that nobody may see: samples, a source, a run and a surface."""
    hidden = add_dataset(connection, "secret", visibility="private")
    method = connection.execute(text("SELECT id FROM procedure LIMIT 1")).scalar_one()
    add_sample(connection, hidden, method, "secret-1", PRIVATE_PLACE, {"zinc": (66_666.0, 66_666.0)})
    hidden_source = add(
        connection,
        source,
        dataset_id=hidden,
        code="secret",
        name="Secret smelter",
        sector="smelting",
        geom=point(*PRIVATE_PLACE),
        source_row=2,
    )
    add_hotspots(connection, hidden_source, visibility="private")
    connection.execute(
        text("UPDATE hot_spot SET nearest_source_id = :key WHERE id = (SELECT min(id) FROM hot_spot)"),
        {"key": hidden_source},
    )
    add_surface(connection, home, "zinc-5ec3e700", visibility="private")


def seed(connection: Connection, meuse: Path, home: Path) -> None:
    """All of it, with versions."""
    add_contaminants(connection)
    add_meuse(connection, meuse)
    river = add_river(connection, meuse)
    add_guidelines(connection)
    add_surface(connection, home)
    add_hotspots(connection, river)
    add_private(connection, home)
    raise_version(connection, "samples", "sites", "sources", "hotspots", "guideline-values")


def scatter(connection: Connection, places: Sequence[tuple[float, float]], name: str = "scattered") -> None:
    """Zinc measured at any places (degrees), in few statements."""
    dataset_id = add_dataset(connection, name)
    method = add_procedure(connection)
    numbered = [
        {"code": f"{name}-{turn}", "geom": point(*place), "dataset_id": dataset_id, "x": place[0], "y": place[1]}
        for turn, place in enumerate(places)
    ]
    connection.execute(
        text("INSERT INTO site (dataset_id, code, geom) VALUES (:dataset_id, :code, ST_GeomFromEWKT(:geom))"), numbered
    )
    connection.execute(
        text(
            "INSERT INTO specimen (dataset_id, site_id, code, geom, x_as_given, y_as_given, crs_as_given, medium, "
            "source_row) SELECT dataset_id, id, code, geom, ST_X(geom), ST_Y(geom), 'EPSG:4326', 'mineral-horizon', 1 "
            "FROM site WHERE dataset_id = :dataset"
        ),
        {"dataset": dataset_id},
    )
    connection.execute(
        text(
            "INSERT INTO measurement (dataset_id, specimen_id, contaminant_id, procedure_id, basis, lower, upper, "
            "original_text, original_unit) SELECT dataset_id, id, 'zinc', :procedure, 'dry', 100, 100, '100', 'mg/kg' "
            "FROM specimen WHERE dataset_id = :dataset"
        ),
        {"dataset": dataset_id, "procedure": method},
    )
