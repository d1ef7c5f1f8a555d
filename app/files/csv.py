"""CSV of features: points by longitude and latitude, or easting and northing; other geometries as well-known text."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely

GEOMETRY = "geometry"


def write_csv(path: Path, _name: str, _srid: int, rows: pa.RecordBatchReader) -> None:
    """UTF-8, commas, a heading; `x` and `y` of points stand first."""
    with_places = GEOMETRY in rows.schema.names
    others = [field for field in rows.schema if field.name != GEOMETRY]
    places = [pa.field("x", pa.float64()), pa.field("y", pa.float64()), pa.field("wkt", pa.string())]
    schema = pa.schema([*(places if with_places else ()), *others])
    with pyarrow.csv.CSVWriter(path, schema) as writer:
        for batch in rows:
            columns = [batch.column(field.name) for field in others]
            placed = _places(batch.column(GEOMETRY)) if with_places else []
            writer.write_batch(pa.RecordBatch.from_arrays([*placed, *columns], schema=schema))


def _places(shapes: pa.Array) -> list[pa.Array]:
    """Coordinates of points, and the text of what is none."""
    geometries = shapely.from_wkb(shapes.to_numpy(zero_copy_only=False))
    points = shapely.get_type_id(geometries) == 0
    x, y = (np.where(points, value(geometries), np.nan) for value in (shapely.get_x, shapely.get_y))
    texts = [None if point or shape is None else shape.wkt for shape, point in zip(geometries, points, strict=True)]
    return [pa.array(x, from_pandas=True), pa.array(y, from_pandas=True), pa.array(texts, pa.string())]
