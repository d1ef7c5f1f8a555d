"""Where values come from: file, sheet, row, column and the text that stands there."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, case, cast, func, literal_column, select

from db.selection import Selection
from db.tables import dataset, measurement, procedure, release, source, specimen


def measured_row() -> ColumnElement[int]:
    """The row of the file that a measurement stands in, numbered through where there are several files."""
    return func.coalesce(measurement.c.source_row, specimen.c.source_row)


def column_name(number: ColumnElement[Any]) -> ColumnElement[str]:
    """The heading of a column by its number in the places of the dataset; null where it is not known."""
    return dataset.c.places["columns"].op("->>", return_type=Text())(number - 1)


def sheet_name() -> ColumnElement[str]:
    """The sheet of a workbook, or the layer of a geographic file, where the profile names one."""
    return dataset.c.places.op("->>", return_type=Text())(literal_column("'sheet'"))


def file_name(row: ColumnElement[int]) -> ColumnElement[str]:
    """The file in which a row stands: of several the last one whose first row, which is no record, lies above it."""
    files = func.jsonb_array_elements(dataset.c.places["files"]).table_valued("value", name="file")
    above = cast(files.c.value.op("->>")(literal_column("'above'")), Integer)
    last = (
        select(files.c.value.op("->>")(literal_column("'name'")))
        .where(above + 1 < row)
        .order_by(above.desc())
        .limit(1)
        .correlate_except(files)
        .scalar_subquery()
    )
    several = func.jsonb_array_length(func.coalesce(dataset.c.places["files"], literal_column("'[]'::jsonb"))) > 1
    return case((several, last), else_=dataset.c.file_name)


def values_of_row(selection: Selection, row: int) -> Select[Any]:
    """The measurements that stand in one row of the file of the selected dataset, in the order of its columns."""
    rows = (
        measurement.join(specimen, specimen.c.id == measurement.c.specimen_id)
        .join(dataset, dataset.c.id == measurement.c.dataset_id)
        .join(procedure, procedure.c.id == measurement.c.procedure_id)
    )
    return (
        select(
            specimen.c.code.label("belongs_to"),
            measurement.c.contaminant_id.label("means"),
            measurement.c.lower,
            measurement.c.upper,
            literal_column("'mg/kg'").label("unit"),
            procedure.c.digestion.label("how"),
            measurement.c.original_text,
            measurement.c.original_unit,
            measurement.c.quality_flag,
            column_name(measurement.c.source_column).label("column"),
        )
        .select_from(rows)
        .where(dataset.c.name == selection.dataset, dataset.c.visibility.in_(selection.visibilities))
        .where(measured_row() == row)
        .order_by(measurement.c.source_column, measurement.c.id)
    )


def releases_of_row(selection: Selection, row: int) -> Select[Any]:
    """The releases that stand in one row of the file of the selected dataset, in the order of its columns."""
    rows = release.join(source, source.c.id == release.c.source_id).join(dataset, dataset.c.id == source.c.dataset_id)
    return (
        select(
            source.c.code.label("belongs_to"),
            release.c.pollutant.label("means"),
            release.c.quantity_kg.label("lower"),
            release.c.quantity_kg.label("upper"),
            literal_column("'kg'").label("unit"),
            release.c.medium.label("how"),
            release.c.original_text,
            release.c.original_unit,
            literal_column("'ok'").label("quality_flag"),
            column_name(release.c.source_column).label("column"),
        )
        .select_from(rows)
        .where(dataset.c.name == selection.dataset, dataset.c.visibility.in_(selection.visibilities))
        .where(func.coalesce(release.c.source_row, source.c.source_row) == row)
        .order_by(release.c.source_column, release.c.id)
    )


def dataset_called(selection: Selection) -> Select[Any]:
    """Whose data a dataset is, from which files it came and when, and the report on its last load."""
    columns = dataset.c
    return select(
        columns.kind,
        columns.title,
        columns.provider,
        columns.licence,
        columns.version,
        columns.checksum,
        columns.file_name,
        columns.loaded_at,
        columns.places,
        columns.report,
    ).where(columns.name == selection.dataset, columns.visibility.in_(selection.visibilities))
