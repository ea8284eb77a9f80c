"""What this library raises.

    PayiError
    ├── PayiConfigError (also a ValueError)     bad user input, told at once
    └── APIError                                a call of the Pay-i API failed
        ├── APIConnectionError                  no answer
        │   └── APITimeoutError                 no answer in time
        ├── APIResponseValidationError          an answer that can't be read
        └── APIStatusError                      an answer that says no
            ├── BadRequestError                 400
            ├── AuthenticationError             401
            ├── PermissionDeniedError           403
            ├── NotFoundError                   404
            ├── ConflictError                   409
            ├── UnprocessableEntityError        422
            ├── RateLimitError                  429
            └── InternalServerError             500 and above

Nothing here is ever raised from a provider call: a fault on that path is counted and logged instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """The base of all errors of this library."""


class PayiConfigError(PayiError, ValueError):
    """An argument or a configuration value that cannot be used; the message names it and what is accepted."""


class APIError(PayiError):
    """A call of the Pay-i API failed.

    `body` is the answer's: JSON where it is JSON, else its text, None where there was no answer. `request_id`
    is the one that Pay-i gave the call, `xproxy_error` what it says is wrong.
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


class APIConnectionError(APIError):
    """Pay-i could not be reached, or the connection broke; the cause is the HTTP library's own error."""


class APITimeoutError(APIConnectionError):
    """Pay-i did not answer in time."""


class _AnswerError(APIError):
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


class APIResponseValidationError(_AnswerError):
    """Pay-i's answer is not what it should be."""


class APIStatusError(_AnswerError):
    """Pay-i answered with a status other than 2xx."""


class BadRequestError(APIStatusError):
    """400: the request can't be understood."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing or unknown."""


class PermissionDeniedError(APIStatusError):
    """403: the API key may not do this."""


class NotFoundError(APIStatusError):
    """404: there is nothing of that name or id."""


class ConflictError(APIStatusError):
    """409: something else was faster, or exists already."""


class UnprocessableEntityError(APIStatusError):
    """422: the values of the request can't be used."""


class RateLimitError(APIStatusError):
    """429: too many requests."""


class InternalServerError(APIStatusError):
    """500 and above: Pay-i could not do it."""
