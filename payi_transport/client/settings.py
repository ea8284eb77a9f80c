"""The settings of a client: its arguments, completed from the environment when the client is created."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from payi_transport.client.arguments import (
    check_api_key,
    check_base_url,
    check_dict,
    check_headers,
    check_max_retries,
    check_timeout,
    is_header_name,
)
from payi_transport.client.timeouts import DEFAULT_TIMEOUT, TimeoutTypes
from payi_transport.errors import PayiError
from payi_transport.values.names import DEFAULT_BASE_URL

__all__ = [
    "ClientSettings",
    "make_settings",
    "read_custom_headers",
    "resolve_api_key",
    "resolve_base_url",
    "resolve_checked_base_url",
]

# Pay-i's SDK retries twice as well.
MAX_RETRIES = 2


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that apply to every request of a client.

    With `strict`, a response with a field of an unexpected type raises instead of keeping the value.
    """

    api_key: str
    base_url: str
    timeout: TimeoutTypes
    max_retries: int
    headers: Mapping[str, str | None]
    query: Mapping[str, object]
    strict: bool

    def __repr__(self) -> str:
        # Headers may hold secrets as well as the key, so only their names are shown.
        return (
            f"ClientSettings(base_url={self.base_url!r}, timeout={self.timeout!r},"
            f" max_retries={self.max_retries!r}, headers={sorted(self.headers)!r},"
            f" query={sorted(self.query)!r}, strict={self.strict!r})"
        )


def make_settings(
    *,
    api_key: str | None = None,
    base_url: object | None = None,
    timeout: TimeoutTypes = DEFAULT_TIMEOUT,
    max_retries: int = MAX_RETRIES,
    default_headers: Mapping[str, str | None] | None = None,
    default_query: Mapping[str, object] | None = None,
    strict: bool = False,
) -> ClientSettings:
    """Combine arguments with the environment; arguments win.

    Raises PayiError if there is no API key, and PayiConfigError for an argument of another type or range. The
    base URL is not checked here: a sink reports a wrong one as an undelivered batch.
    """
    check_api_key(api_key)
    check_max_retries(max_retries)
    check_timeout(timeout)
    check_headers(default_headers, "default_headers")
    check_dict(default_query, "default_query")
    return ClientSettings(
        api_key=resolve_api_key(api_key),
        base_url=resolve_base_url(base_url),
        timeout=timeout,
        max_retries=max_retries,
        # None is kept as a value: it removes the header when the layers of a request are merged.
        headers={**read_custom_headers(), **(default_headers or {})},
        query=default_query or {},
        strict=strict,
    )


def resolve_api_key(api_key: str | None) -> str:
    """Return `api_key` or else the value of `PAYI_API_KEY`. Raises PayiError if both are empty."""
    key = api_key or os.environ.get("PAYI_API_KEY")
    if not key:
        raise PayiError("No Pay-i API key: pass api_key= or set the environment variable PAYI_API_KEY")
    return key


def resolve_base_url(base_url: object | None) -> str:
    """Return `base_url`, else `PAYI_BASE_URL`, else the public URL, without a trailing slash."""
    # The slash is removed because every path begins with one.
    return str(base_url or os.environ.get("PAYI_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")


def resolve_checked_base_url(base_url: object | None) -> str:
    """Return the same as `resolve_base_url`. Raises PayiConfigError if it is not an address."""
    # Two branches, so that an error names what the user has to correct: the argument or the variable.
    if base_url:
        return check_base_url(base_url)
    return check_base_url(resolve_base_url(None), "PAYI_BASE_URL")


def read_custom_headers() -> dict[str, str]:
    """Parse the `Name: value` lines of `PAYI_CUSTOM_HEADERS`, ignoring lines of any other form."""
    lines = os.environ.get("PAYI_CUSTOM_HEADERS", "").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs if is_header_name(name.strip())}
