"""What a request asks: its parameters, checked, and the format of the answer."""

from collections.abc import Mapping

from starlette.requests import Request

from app.http.answers import JSON, agreed_format
from app.query import PARAMETERS, Given, Parameter

JSON_ONLY: Mapping[str, str] = {"json": JSON}


def asked(request: Request, formats: Mapping[str, str], *known: Parameter) -> tuple[Given, str]:
    """The parameters, of which only `f` and `known` ones are allowed, and the key of the format agreed on.

    Raises `BadParameterError` for a parameter, and `NotAcceptableError` where no format suits the client.
    """
    given = Given.read(request.query_params, (PARAMETERS["f"], *known))
    return given, agreed_format(request, given.text("f"), formats)
