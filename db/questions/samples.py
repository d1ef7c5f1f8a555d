"""Samples: specimens with all their measurements, or the measurements of one contaminant."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, Text, case, func, literal_column, select

from db.questions.layer import Conditions, Layer, finite, json_object, visible
from db.questions.provenance import column_name, file_name, measured_row, sheet_name
from db.selection import Selection
from db.tables import dataset, measurement, procedure, site, specimen

UNIT = "mg/kg"


def samples(selection: Selection) -> Layer:
    """One feature per measurement when anything is asked for that only a measurement has, else one per specimen."""
    by_measurement = (selection.contaminant, selection.digestion, selection.basis)
    if by_measurement != (None, None, None):
        return MEASUREMENTS
    named = selection.named | (selection.filter.properties if selection.filter else frozenset())
    return MEASUREMENTS if named & _OF_MEASUREMENTS_ALONE else SPECIMENS


def _specimen_columns() -> dict[str, ColumnElement[Any]]:
    return {
        "dataset": dataset.c.name,
        "site": site.c.code,
        "specimen": specimen.c.code,
        "specimen_id": specimen.c.id,
        "medium": specimen.c.medium,
        "upper_depth_cm": specimen.c.upper_depth_cm,
        "lower_depth_cm": specimen.c.lower_depth_cm,
        "sampled_from": specimen.c.sampled_from,
        "sampled_to": specimen.c.sampled_to,
        "land_use": specimen.c.land_use,
    }


def _soil_columns() -> dict[str, ColumnElement[Any]]:
    return {
        "ph": specimen.c.ph,
        "clay_percent": specimen.c.clay_percent,
        "organic_matter_percent": specimen.c.organic_matter_percent,
        "toc_percent": specimen.c.toc_percent,
    }


def _measured(selection: Selection) -> ColumnElement[Any]:
    """The measurements of a specimen by contaminant; a second one (replicate, procedure) is called zinc#2."""
    mine = (
        select(measurement, procedure.c.digestion)
        .add_columns(
            func.row_number().over(partition_by=measurement.c.contaminant_id, order_by=measurement.c.id).label("turn")
        )
        .join_from(measurement, procedure, procedure.c.id == measurement.c.procedure_id)
        .where(measurement.c.specimen_id == specimen.c.id, visible(measurement.c.dataset_id, selection))
        .correlate(specimen)
        .subquery()
    )
    again = case((mine.c.turn > 1, literal_column("'#'", String) + mine.c.turn.cast(Text)), else_=literal_column("''"))
    entry = json_object(
        {
            "lower": mine.c.lower,
            "upper": finite(mine.c.upper),
            "text": mine.c.original_text,
            "unit": mine.c.original_unit,
            "procedure": mine.c.digestion,
            "basis": mine.c.basis,
            "quality_flag": mine.c.quality_flag,
            "row": func.coalesce(mine.c.source_row, specimen.c.source_row),
            "column": column_name(mine.c.source_column),
        }
    )
    keyed = func.json_object_agg(mine.c.contaminant_id + again, entry)
    return select(func.coalesce(keyed, literal_column("'{}'::json"))).select_from(mine).scalar_subquery()


def _specimen_properties(selection: Selection) -> Mapping[str, ColumnElement[Any]]:
    return {
        **_specimen_columns(),
        **_soil_columns(),
        "unit": literal_column(f"'{UNIT}'", Text),
        "measurements": _measured(selection),
        **_place(specimen.c.source_row),
    }


def _place(row: ColumnElement[int]) -> dict[str, ColumnElement[Any]]:
    return {"source_file": file_name(row), "source_sheet": sheet_name(), "source_row": row}


def _measurement_properties(_: Selection) -> Mapping[str, ColumnElement[Any]]:
    censored = measurement.c.lower < measurement.c.upper
    return {
        **_specimen_columns(),
        **_soil_columns(),
        "contaminant": measurement.c.contaminant_id,
        "value": case((censored, None), else_=measurement.c.lower),
        "lower": measurement.c.lower,
        "upper": finite(measurement.c.upper),
        "censored": censored,
        "unit": literal_column(f"'{UNIT}'", Text),
        "procedure": procedure.c.digestion,
        "instrument": procedure.c.instrument,
        "basis": measurement.c.basis,
        "quality_flag": measurement.c.quality_flag,
        "original_text": measurement.c.original_text,
        "original_unit": measurement.c.original_unit,
        **_place(measured_row()),
        "source_column": column_name(measurement.c.source_column),
    }


def _specimen_conditions(selection: Selection) -> Conditions:
    upper, lower = selection.depth or (None, None)
    wanted = (
        (specimen.c.medium, selection.medium),
        (specimen.c.upper_depth_cm, upper),
        (specimen.c.lower_depth_cm, lower),
    )
    return [visible(specimen.c.dataset_id, selection), *_equal(wanted)]


def _measurement_conditions(selection: Selection) -> Conditions:
    wanted = (
        (measurement.c.contaminant_id, selection.contaminant),
        (procedure.c.digestion, selection.digestion),
        (measurement.c.basis, selection.basis),
    )
    return [
        *_specimen_conditions(selection),
        visible(measurement.c.dataset_id, selection),
        *_equal(wanted),
    ]


def _equal(wanted: Iterable[tuple[ColumnElement[Any], object]]) -> Conditions:
    return [column == value for column, value in wanted if value is not None]


_DATES = (specimen.c.sampled_from, func.coalesce(specimen.c.sampled_to, specimen.c.sampled_from))
_PLACED = specimen.join(site, site.c.id == specimen.c.site_id).join(dataset, dataset.c.id == specimen.c.dataset_id)

SPECIMENS = Layer(
    key=specimen.c.id,
    rows=_PLACED,
    properties=_specimen_properties,
    conditions=_specimen_conditions,
    geometry=specimen.c.geom,
    mercator=specimen.c.geom_3857,
    dates=_DATES,
)
MEASUREMENTS = Layer(
    key=measurement.c.id,
    rows=_PLACED.join(measurement, measurement.c.specimen_id == specimen.c.id).join(
        procedure, procedure.c.id == measurement.c.procedure_id
    ),
    properties=_measurement_properties,
    conditions=_measurement_conditions,
    geometry=specimen.c.geom,
    mercator=specimen.c.geom_3857,
    dates=_DATES,
)
_OF_MEASUREMENTS_ALONE = frozenset(MEASUREMENTS.properties(Selection())) - frozenset(SPECIMENS.properties(Selection()))
