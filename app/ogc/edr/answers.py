"""What a query of Environmental Data Retrieval answers, of a surface or of measurements, in the format agreed on."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import ASK_AGAIN, COVERAGEJSON, GEOJSON, Body
from app.http.service import Service
from app.ogc.catalogue import contaminant_id
from app.ogc.collection import SurfaceCollection
from app.ogc.edr import covjson, samples
from app.ogc.edr.parameters import Depths, depths_of
from app.ogc.edr.surfaces import Question, speaks_for
from app.ogc.edr.tables import CSV, Places, csv_bytes, feature_collection
from app.ogc.showing import chosen_fields, raster_of, read
from app.problems import BadParameterError, TooLargeError
from app.query import Given, parse_period
from db.questions.around import Shape, Wanted, measured
from db.selection import Selection

NOTHING = Body(b"", COVERAGEJSON)


async def of_surface(
    service: Service,
    surface: SurfaceCollection,
    given: Given,
    how: str,
    ask: Callable[[Question], Places | None],
) -> Body:
    """What a surface says; nothing where it is of another depth or time, or of another place."""
    shown = await chosen_fields(service, surface, given, "parameter-name")
    if not speaks_for(surface, depths_of(given), given.parsed("datetime", parse_period)):
        return NOTHING
    question = Question(surface, raster_of(service, surface), shown)
    return await read(service, surface, partial(_said, question, ask, how))


def _said(question: Question, ask: Callable[[Question], Places | None], how: str) -> Body:
    found = ask(question)
    if found is None:
        return NOTHING
    if how == "CSV":
        rows = list(found.rows())
        names = list(rows[0]) if rows else ["longitude", "latitude", *found.values]
        return Body(csv_bytes(rows, names), CSV)
    if how == "GeoJSON":
        parameters = found.coverage()["parameters"]
        return Body(covjson.encoded(feature_collection(list(found.features()), parameters)), GEOJSON)
    return Body(covjson.encoded(found.coverage()), COVERAGEJSON)


async def wanted_of(
    service: Service, given: Given, shape: Shape | None = None, *, site: int | None = None, depths: Depths | None = None
) -> Wanted:
    """Which measurements the parameters of a request select."""
    names = given.text("parameter-name")
    contaminants = None
    if names is not None:
        plain = (name.strip().removesuffix(samples.LOWER).removesuffix(samples.UPPER) for name in names.split(","))
        contaminants = tuple([await _contaminant(service, name) for name in plain])
    selection = Selection(
        period=given.parsed("datetime", parse_period), dataset=given.text("dataset"), visibilities=service.visible
    )
    asked = depths or depths_of(given)
    return Wanted(selection, contaminants, shape, site, (asked.top, asked.bottom) if asked else None)


async def _contaminant(service: Service, name: str) -> str:
    try:
        return await contaminant_id(service, name)
    except BadParameterError as error:
        raise BadParameterError("parameter-name", f"parameter-name: {error}") from None


async def of_measurements(request: Request, service: Service, wanted: Wanted, how: str) -> Body:
    """The measurements that are wanted; nothing where there are none. Raises `TooLargeError` beyond the budget."""
    most = samples.MOST_MEASUREMENTS
    rows = await service.rows(measured(wanted, most=most + 1))
    if len(rows) > most:
        raise TooLargeError(
            f"more than {most:,} measurements match: ask for fewer contaminants with parameter-name, a shorter "
            "datetime or a smaller area, or page through the items"
        )
    return _told(rows, how, f"{request.base_url}collections/samples") if rows else NOTHING


def _told(rows: samples.Rows, how: str, address: str) -> Body:
    if how == "CSV":
        return Body(csv_bytes(list(samples.table(rows)), samples.COLUMNS), CSV)
    if how == "GeoJSON":
        parameters = samples.parameters_of(sorted({row.contaminant for row in rows}))
        return Body(covjson.encoded(feature_collection(list(samples.features(rows, address)), parameters)), GEOJSON)
    return Body(covjson.encoded(samples.coverages(rows)), COVERAGEJSON)


def answered(request: Request, body: Body) -> Response:
    """A body that may change at any time; 204 where it is empty."""
    response = body.response(request, ASK_AGAIN)
    response.headers["Vary"] = "Accept, Accept-Encoding"
    return response
