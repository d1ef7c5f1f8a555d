"""Errors as problem documents (RFC 9457): one table from exceptions to what a client is told."""

import traceback
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.limits import LimitError
from db.filtering import FilterError
from tiles.vector import BeyondBudgetError

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger("edaphos.http")


class BadParameterError(ValueError):
    """A parameter of the request is wrong; the message is a sentence for the client that names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class NotFoundError(LookupError):
    """What the address names is not there; the message says what, `type` is the URI that a standard has for it."""

    type = "about:blank"


class NoSuchProcessError(NotFoundError):
    """There is no process of that id."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"


class NoSuchJobError(NotFoundError):
    """There is no job of that id for who asks."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"


class ResultNotReadyError(NotFoundError):
    """The job has not ended yet."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"


class NotAcceptableError(ValueError):
    """Nothing that the client accepts can be given; the message says what can."""


class UnauthorisedError(Exception):
    """The address is closed without a key; the message says what is wrong with the one given, or that there is none."""

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        # RFC 6750, 3.1: the error is named only where a key was shown.
        self.challenge = 'Bearer realm="edaphos"' + (', error="invalid_token"' if invalid else "")


class ForbiddenError(Exception):
    """The key does not open this; the message says which scope would."""


class TooLargeError(ValueError):
    """The body is larger than is taken; the message says how large it may be."""


class TooLongError(ValueError):
    """The address is longer than is taken; the message says how long it may be."""


class WrongContentError(ValueError):
    """The body is of another type than the address takes; the message says which."""


class StorageFullError(OSError):
    """There is no room for what was sent."""


class TooManyError(RuntimeError):
    """The client asks for more than it is given at once; the message says how much that is."""


class UnavailableError(RuntimeError):
    """What is needed for an answer is missing on this machine for now; the message says what."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document; `detail` is None where the exception's text is not for strangers."""

    status: HTTPStatus
    detail: str | None = None
    parameter: str | None = None
    retry_after: int | None = None
    type: str = "about:blank"

    def response(self, instance: str) -> Response:
        """The document as an answer to the request of the path `instance`."""
        members: dict[str, Any] = {
            "type": self.type,
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.status.phrase.title().replace(" ", ""),  # which OGC API Features 1.0 asks for
            "detail": self.detail,
            "parameter": self.parameter,
            "instance": instance,
        }
        known = {name: value for name, value in members.items() if value is not None}
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Response(orjson.dumps(known), self.status, headers, MEDIA_TYPE)


UNCOMPUTABLE = "a value of the request, or a number that follows from it, is outside what can be computed with"
BUSY = "the database did not answer in time; try again, or ask for less"

STATUS: dict[type[Exception], HTTPStatus] = {
    BadParameterError: HTTPStatus.BAD_REQUEST,
    LimitError: HTTPStatus.BAD_REQUEST,
    FilterError: HTTPStatus.BAD_REQUEST,
    RequestValidationError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    UnauthorisedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BeyondBudgetError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooLongError: HTTPStatus.REQUEST_URI_TOO_LONG,
    WrongContentError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    StorageFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    asyncpg.PostgresError: HTTPStatus.INTERNAL_SERVER_ERROR,
    asyncpg.DataError: HTTPStatus.BAD_REQUEST,
    asyncpg.QueryCanceledError: HTTPStatus.SERVICE_UNAVAILABLE,
    asyncpg.PostgresConnectionError: HTTPStatus.SERVICE_UNAVAILABLE,
    asyncpg.CannotConnectNowError: HTTPStatus.SERVICE_UNAVAILABLE,
    asyncpg.TooManyConnectionsError: HTTPStatus.SERVICE_UNAVAILABLE,
    asyncpg.InterfaceError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConnectionError: HTTPStatus.SERVICE_UNAVAILABLE,
    FileNotFoundError: HTTPStatus.SERVICE_UNAVAILABLE,
    TimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The nearest class of an exception's ancestry counts; what is not here is an error of ours.

A file that is not found is the socket of a database that is down.
"""


def problem_of(error: Exception) -> Problem:
    """What a client is told about an exception; the text of an error of ours stays here."""
    if isinstance(error, HTTPException):
        return Problem(HTTPStatus(error.status_code), _http_detail(error))
    if isinstance(error, DBAPIError) and isinstance(error.__cause__, Exception):
        return problem_of(_driver_error(error))
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, RequestValidationError):
        return Problem(status, "; ".join(str(part["msg"]) for part in error.errors()))
    told = _told_instead(error, status)
    if told is not None:
        return Problem(status, told)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(error, UnavailableError):
        return Problem(status, BUSY, retry_after=5)
    kind = error.type if isinstance(error, NotFoundError) else "about:blank"
    return Problem(status, str(error), getattr(error, "parameter", None), type=kind)


def _told_instead(error: Exception, status: HTTPStatus) -> str | None:
    """What a client is told where the text of the error itself is not for them."""
    if isinstance(error, asyncpg.DataError):
        return UNCOMPUTABLE
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the service failed to answer; the reason is in its log"
    return None


def _driver_error(error: DBAPIError) -> Exception:
    """asyncpg's own exception beneath SQLAlchemy's wrappings."""
    cause: BaseException = error
    while isinstance(cause.__cause__, Exception):
        cause = cause.__cause__
    return cause if isinstance(cause, Exception) and not isinstance(cause, DBAPIError) else RuntimeError("database")


def _http_detail(error: HTTPException) -> str | None:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"this address answers {(error.headers or {}).get('Allow', 'GET')} and HEAD only"
    return "there is nothing at this address" if error.status_code == HTTPStatus.NOT_FOUND else error.detail


def answer(request: Request, error: Exception) -> Response:
    """The response to a request that ended in an exception; errors of ours are logged with their traceback."""
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Formatted here and without local variables, which may hold what does not belong in a log.
        log.error("request failed", path=request.url.path, exception="".join(traceback.format_exception(error)))
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("unavailable", path=request.url.path, reason=f"{type(error).__name__}: {error}")
    response = problem.response(request.url.path)
    if request.method == "POST":
        # What is left of the body is not waited for.
        response.headers["Connection"] = "close"
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    elif isinstance(error, UnauthorisedError):
        response.headers["WWW-Authenticate"] = error.challenge
    return response


def install(app: FastAPI) -> None:
    """Answer every exception of the table; all others meet the middleware that wraps the application."""
    for kind in (*STATUS, HTTPException, DBAPIError):
        app.add_exception_handler(kind, answer)
