"""Timeouts, of either family of httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from httpx import Timeout

if TYPE_CHECKING:
    import httpx2

__all__ = ["DEFAULT_TIMEOUT", "Timeout", "TimeoutTypes", "convert_timeout", "find_timeout"]

TimeoutTypes: TypeAlias = "float | Timeout | httpx2.Timeout | None"
# Seconds.
DEFAULT_TIMEOUT = Timeout(60.0, connect=5.0)
# What both families give a client that was told nothing.
_UNTOLD = Timeout(5.0)


def find_timeout(http: object) -> TimeoutTypes:
    """The timeout that an HTTP client was given, or the default of this library."""
    timeout = getattr(http, "timeout", _UNTOLD)
    return DEFAULT_TIMEOUT if timeout.as_dict() == _UNTOLD.as_dict() else timeout


def convert_timeout(timeout: TimeoutTypes, module: Any) -> Any:
    """The same timeout as the `Timeout` of `module`, whichever family it was made with."""
    return (
        timeout
        if timeout is None or isinstance(timeout, int | float)
        else module.Timeout(**timeout.as_dict())
    )
