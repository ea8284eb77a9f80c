"""The exceptions of this library.

    PayiError
    ├── PayiConfigError (also a ValueError)     an argument or setting cannot be used
    └── APIError                                a request to the Pay-i API failed
        ├── APIConnectionError                  no response
        │   └── APITimeoutError                 no response in time
        ├── APIResponseValidationError          a response that cannot be parsed
        └── APIStatusError                      a response with another status than 2xx
            ├── BadRequestError                 400
            ├── AuthenticationError             401
            ├── PermissionDeniedError           403
            ├── NotFoundError                   404
            ├── ConflictError                   409
            ├── UnprocessableEntityError        422
            ├── RateLimitError                  429
            └── InternalServerError             500 and above

None of them is ever raised from a call to a provider: a fault on that path is counted and logged instead.

Each can be pickled with its request and response, and so cross a process pool or a task queue. The API key is
left out of the copy, because pickles are often stored.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    import httpx2

    from payi_transport.types import XproxyError

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "InternalServerError",
    "NotFoundError",
    "PayiConfigError",
    "PayiError",
    "PermissionDeniedError",
    "RateLimitError",
    "UnprocessableEntityError",
]


class PayiError(Exception):
    """Base class of this library's exceptions."""


class PayiConfigError(PayiError, ValueError):
    """An argument or a setting cannot be used; the message names it and what is accepted."""


class APIError(PayiError):
    """A request to the Pay-i API failed.

    `body` is the response's: decoded if it is JSON, else text; None if there was no response. `request_id` is
    Pay-i's id for the request, `xproxy_error` its description of the error.
    """

    def __init__(
        self,
        message: str,
        request: httpx.Request | httpx2.Request,
        *,
        body: object | None = None,
        request_id: str | None = None,
        xproxy_error: XproxyError | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.body = body
        self.request_id = request_id
        self.xproxy_error = xproxy_error

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception by itself would be made anew from its message alone, and most need more than that.
        return _make_bare, (type(self), self.args), {**vars(self), "request": _without_key(self.request)}


class APIConnectionError(APIError):
    """Pay-i could not be reached, or the connection broke; `__cause__` is the HTTP library's exception."""


class APITimeoutError(APIConnectionError):
    """Pay-i did not respond in time."""


class _ResponseError(APIError):
    def __init__(
        self,
        message: str,
        *,
        response: httpx.Response | httpx2.Response,
        body: object | None = None,
        request_id: str | None = None,
        xproxy_error: XproxyError | None = None,
    ) -> None:
        super().__init__(
            message, response.request, body=body, request_id=request_id, xproxy_error=xproxy_error
        )
        self.response = response
        self.status_code = response.status_code

    def __reduce__(self) -> tuple[Any, ...]:
        make, arguments, state = super().__reduce__()
        response = copy.copy(self.response)
        response.request = state["request"]
        return make, arguments, {**state, "response": response}


class APIResponseValidationError(_ResponseError):
    """Pay-i's response is not JSON, or not of the expected shape."""


class APIStatusError(_ResponseError):
    """Pay-i responded with a status other than 2xx."""


class BadRequestError(APIStatusError):
    """400: the request is malformed."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing or unknown."""


class PermissionDeniedError(APIStatusError):
    """403: the API key does not permit this."""


class NotFoundError(APIStatusError):
    """404: nothing has this name or id."""


class ConflictError(APIStatusError):
    """409: the object exists already, or was changed at the same time."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed, but its values are not valid."""


class RateLimitError(APIStatusError):
    """429: too many requests."""


class InternalServerError(APIStatusError):
    """500 and above: Pay-i failed to process the request."""


def _make_bare(kind: type[APIError], args: tuple[object, ...]) -> APIError:
    error = kind.__new__(kind)
    error.args = args
    return error


def _without_key(request: Any) -> Any:
    request = copy.copy(request)
    request.headers = request.headers.copy()
    request.headers.pop("xProxy-Api-Key", None)
    return request
