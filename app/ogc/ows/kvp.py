"""Requests by keyword and value as OGC's older services take them, and their complaints as XML."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.ogc.ows.xml import Writer
from app.query import LONGEST

XML = "text/xml"

Operation = TypeVar("Operation")


class ServiceError(ValueError):
    """A request cannot be answered; `code` is one of the standard's, `locator` the parameter."""

    def __init__(self, code: str, message: str, locator: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.locator = locator


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a request by their names in lower case; the standards care neither for case nor order."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, query: QueryParams) -> "Asked":
        """Raises `ServiceError` for a value that is too long or holds what cannot be printed."""
        values: dict[str, tuple[str, ...]] = {}
        for name, text in query.multi_items():
            if len(text) > LONGEST or not text.isprintable():
                raise ServiceError("InvalidParameterValue", "a parameter is too long or cannot be printed", name[:60])
            values[name.lower()] = (*values.get(name.lower(), ()), text)
        return cls(MappingProxyType(values))

    def text(self, name: str, default: str = "") -> str:
        """The text of a parameter, or what stands for it where it is not given."""
        return self.values.get(name, (default,))[0]

    def need(self, name: str) -> str:
        """The text of a parameter; raises `ServiceError` where it is not given."""
        found = self.text(name)
        if not found:
            raise ServiceError("MissingParameterValue", f"{name.upper()} is needed", name.upper())
        return found

    def operation(self, service: str, operations: Mapping[str, Operation]) -> Operation:
        """What `REQUEST` asks a service for; raises `ServiceError` for another service or operation."""
        if self.text("service", service).upper() != service:
            raise ServiceError("InvalidParameterValue", f"SERVICE must be {service}", "SERVICE")
        wanted = self.need("request").lower()
        if wanted not in operations:
            raise ServiceError("OperationNotSupported", f"REQUEST must be one of {', '.join(operations)}", "REQUEST")
        return operations[wanted]

    def whole(self, name: str) -> int:
        """A whole number; raises `ServiceError` for anything else."""
        text = self.need(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise ServiceError("InvalidParameterValue", f"{name.upper()} needs a whole number", name.upper())
        return int(text)


def wms_complaint(error: ServiceError) -> Response:
    """As WMS 1.3 writes it (OGC 06-042, annex E)."""
    root = Writer("ServiceExceptionReport", {"": "http://www.opengis.net/ogc"}, version="1.3.0")
    root.add("ServiceException", str(error), **({"code": error.code} if error.code else {}))
    return Response(root.bytes(), 400, media_type=XML)


def ows_complaint(error: ServiceError) -> Response:
    """As OWS Common 1.1 writes it (OGC 06-121r3, clause 8)."""
    root = Writer("ExceptionReport", {"": "http://www.opengis.net/ows/1.1"}, version="1.1.0")
    told = {"exceptionCode": error.code} | ({"locator": error.locator} if error.locator else {})
    root.add("Exception", **told).add("ExceptionText", str(error))
    return Response(root.bytes(), 400, media_type=XML)
