"""Timeouts that work with both httpx and httpx2.

The two libraries have equal but unrelated `Timeout` classes, and each rejects the other's. A timeout is
accepted from either and converted when a request is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from httpx import Timeout

from payi_transport.client.arguments import check_timeout

if TYPE_CHECKING:
    import httpx2

__all__ = ["DEFAULT_TIMEOUT", "Timeout", "TimeoutTypes", "convert_timeout", "timeout_of"]

TimeoutTypes: TypeAlias = "float | Timeout | httpx2.Timeout | None"
# Seconds.
DEFAULT_TIMEOUT = Timeout(60.0, connect=5.0)
# What an HTTP client of either library has if its user set none; too short for an API, so not inherited.
_LIBRARY_DEFAULT = Timeout(5.0)


def timeout_of(http: object) -> TimeoutTypes:
    """Return the timeout that an HTTP client was created with, or this library's default."""
    # Compare as dicts, because the `Timeout` of httpx2 never equals that of httpx.
    timeout = getattr(http, "timeout", _LIBRARY_DEFAULT)
    return DEFAULT_TIMEOUT if timeout.as_dict() == _LIBRARY_DEFAULT.as_dict() else timeout


def convert_timeout(timeout: TimeoutTypes, library: Any) -> Any:
    """Return the same timeout as `library`, the module httpx or httpx2, accepts it.

    Raises PayiConfigError for anything that is not a timeout.
    """
    check_timeout(timeout)
    return (
        timeout
        if timeout is None or isinstance(timeout, int | float)
        else library.Timeout(**timeout.as_dict())
    )
