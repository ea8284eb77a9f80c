"""The exception for a request without a response, or whose response breaks off. No I/O.

httpx and httpx2 have equal but unrelated exceptions, and callers should have to know neither. A connection
that breaks is an APIConnectionError, whether that happens before the body or, on the streaming surfaces,
within it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from payi_transport.errors import APIConnectionError, APITimeoutError

if TYPE_CHECKING:
    import httpx

__all__ = ["describe_error", "make_connection_error", "translate_errors"]


def make_connection_error(request: httpx.Request, exc: Exception, library: Any) -> APIConnectionError:
    """Return this library's error for one of `library`, httpx or httpx2, with that one as its cause."""
    error: APIConnectionError
    if isinstance(exc, library.TimeoutException):
        error = APITimeoutError("The request to Pay-i timed out; pass timeout= to wait longer", request)
    else:
        reason = describe_error(exc, library)
        error = APIConnectionError(
            f"Could not reach Pay-i ({reason}); check the network and the base URL", request
        )
    # Set by hand because the error is returned, and raised only when no retry is left.
    error.__cause__ = exc
    return error


@contextlib.contextmanager
def translate_errors(response: httpx.Response) -> Iterator[None]:
    """Raise APIConnectionError instead of the HTTP library's errors while a response is read."""
    # Look it up among the loaded modules: if a response is from httpx2, it is there, and otherwise it need
    # not be installed.
    httpx2 = sys.modules.get("httpx2")
    is_httpx2 = httpx2 is not None and isinstance(response, httpx2.Response)
    library: Any = httpx2 if is_httpx2 else sys.modules["httpx"]
    try:
        yield
    except library.RequestError as exc:
        raise make_connection_error(response.request, exc, library) from exc


def describe_error(exc: Exception, library: Any) -> str:
    """Describe an HTTP library's error without secrets.

    Network errors, timeouts and proxy errors are quoted. Others are only named: the message of a protocol
    error may quote a header, and with it the API key.
    """
    quotable = isinstance(exc, library.NetworkError | library.TimeoutException | library.ProxyError)
    return f"{type(exc).__name__}: {exc}" if quotable else type(exc).__name__
