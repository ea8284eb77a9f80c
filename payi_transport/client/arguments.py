"""Checks of what callers pass to a client, so that a mistake raises where it is made.

Without them, a wrong argument fails in the HTTP library at the first request, or at the first retry, with an
error that names none of the caller's words. Every message has the same form: which argument or environment
variable, what is accepted, what was passed. A key is never quoted.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from typing import Any

import httpx

from payi_transport.client import base_url as base_urls
from payi_transport.errors import PayiConfigError
from payi_transport.values.shown import show

__all__ = [
    "WrongTypeError",
    "check_api_key",
    "check_base_url",
    "check_dict",
    "check_headers",
    "check_max_retries",
    "check_timeout",
    "is_header_name",
]

_RETRIES = "max_retries: expected an int of 0 or more, or math.inf, got {}"
_TIMEOUT = "timeout: expected seconds as a number, a Timeout, or None, got {}"
# RFC 9110 5.6.2
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class WrongTypeError(PayiConfigError, TypeError):
    """An argument has the wrong type. It is a TypeError too, as Python and Pay-i's SDK raise one."""


def check_api_key(api_key: Any) -> None:
    """Raise WrongTypeError unless the key is a string or None."""
    if not isinstance(api_key, str | None):
        raise WrongTypeError(f"api_key: expected a str, got {type(api_key).__name__}")


def check_base_url(base_url: object, name: str = "base_url") -> str:
    """Return the URL without a trailing slash; `name` says where it is from. Raises PayiConfigError."""
    return base_urls.check_base_url(str(base_url), name).rstrip("/")


def check_max_retries(max_retries: Any) -> None:
    """Raise PayiConfigError unless this is an int of 0 or more, or `math.inf`."""
    # True is an int to Python, but as a number of retries it can only be a mistake.
    if isinstance(max_retries, bool) or not (isinstance(max_retries, int) or max_retries == math.inf):
        raise WrongTypeError(_RETRIES.format(show(max_retries)))
    if max_retries < 0:
        raise PayiConfigError(_RETRIES.format(show(max_retries)))


def check_timeout(timeout: Any) -> None:
    """Raise PayiConfigError unless this is a number of seconds, a `Timeout` of httpx or httpx2, or None."""
    if isinstance(timeout, bool) or not (isinstance(timeout, int | float | None) or _is_timeout(timeout)):
        raise WrongTypeError(_TIMEOUT.format(show(timeout)))
    # Written so that NaN, which is not comparable, is refused too.
    if isinstance(timeout, int | float) and not timeout >= 0:
        raise PayiConfigError(_TIMEOUT.format(show(timeout)))


def check_headers(headers: Any, name: str) -> None:
    """Raise PayiConfigError unless this is None or a dict of headers, none of them as bytes."""
    _check_mapping(headers, name)
    for header, value in (headers or {}).items():
        if not is_header_name(header):
            raise PayiConfigError(f"{name}: expected the name of a header as a key, got {show(header)}")
        _check_value(value, f"{name}[{header!r}]")


def check_dict(value: Any, name: str) -> None:
    """Raise WrongTypeError unless this is None or a dict with strings as keys and no bytes as values."""
    _check_mapping(value, name)
    for key, item in (value or {}).items():
        if not isinstance(key, str):
            raise WrongTypeError(f"{name}: expected a str as a key, got {show(key)}")
        _check_value(item, f"{name}[{key!r}]")


def is_header_name(name: object) -> bool:
    """Return whether HTTP allows this as the name of a header."""
    return isinstance(name, str) and _HEADER_NAME.fullmatch(name) is not None


def _check_mapping(value: Any, name: str) -> None:
    # Only the type is quoted: the value of a header may be a secret.
    if not isinstance(value, Mapping | None):
        raise WrongTypeError(f"{name}: expected a dict or None, got {type(value).__name__}")


def _check_value(value: object, name: str) -> None:
    # A sequence is sent with commas between its items, and the items of bytes are numbers.
    if isinstance(value, bytes | bytearray | memoryview):
        raise WrongTypeError(f"{name}: expected a str, got {type(value).__name__}")


def _is_timeout(timeout: object) -> bool:
    """Return whether this is a `Timeout` of httpx or of httpx2, which is optional and not imported here.

    The module that a class names is no help: the SDKs of OpenAI and others export `httpx.Timeout` and write
    their own name into it.
    """
    httpx2 = sys.modules.get("httpx2")
    return isinstance(timeout, httpx.Timeout) or (httpx2 is not None and isinstance(timeout, httpx2.Timeout))
