"""Requests to paths that this version has no method for: `get`, `post`, `put`, `patch`, and `delete`.

They have the parameters that Pay-i's SDK documents for them, and share everything else with the endpoints:
the key, retries, timeouts, errors. A path may be a whole address, but only one below the client's base URL:
the key is sent along, and must not reach another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar
from urllib.parse import parse_qs

from msgspec import UNSET, UnsetType

from payi_transport.client.arguments import WrongTypeError, check_max_retries
from payi_transport.client.request import RequestOptions, RequestSpec
from payi_transport.client.surfaces import Async, Sync
from payi_transport.client.timeouts import TimeoutTypes
from payi_transport.errors import PayiConfigError

__all__ = ["AsyncVerbs", "SyncVerbs", "VerbOptions", "make_verb_spec"]

T = TypeVar("T")


class VerbOptions(TypedDict, total=False):
    """Options of one request: headers and query to add, fields to add to its body, timeout, and retries."""

    headers: Mapping[str, str | None] | None
    params: Mapping[str, object] | None
    extra_json: Mapping[str, object] | None
    timeout: TimeoutTypes | UnsetType
    max_retries: int


class SyncVerbs:
    """Requests to any path of the API, blocking.

    `cast_to` is the type to parse the response to: a type of `payi_transport.types`, `dict`, `list[...]`,
    `str` or `bytes` for the body as it is, or `httpx.Response` for the HTTP response itself.
    """

    _surface: Sync

    def get(self, path: str, *, cast_to: type[T], options: VerbOptions | None = None) -> T:
        """Send a GET request. Raises APIError."""
        return self._surface.send(self._make_spec("GET", path, cast_to, None, options))

    def post(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a POST request, `body` as JSON. Raises APIError."""
        return self._surface.send(self._make_spec("POST", path, cast_to, body, options))

    def put(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a PUT request, `body` as JSON. Raises APIError."""
        return self._surface.send(self._make_spec("PUT", path, cast_to, body, options))

    def patch(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a PATCH request, `body` as JSON. Raises APIError."""
        return self._surface.send(self._make_spec("PATCH", path, cast_to, body, options))

    def delete(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a DELETE request, `body` as JSON. Raises APIError."""
        return self._surface.send(self._make_spec("DELETE", path, cast_to, body, options))

    def _make_spec(
        self, method: str, path: str, kind: type[T], body: object, options: VerbOptions | None
    ) -> RequestSpec[T]:
        return make_verb_spec(self._surface.transport.settings.base_url, method, path, kind, body, options)


class AsyncVerbs:
    """Requests to any path of the API, to await. See `SyncVerbs` for `cast_to`."""

    _surface: Async

    async def get(self, path: str, *, cast_to: type[T], options: VerbOptions | None = None) -> T:
        """Send a GET request. Raises APIError."""
        return await self._surface.send(self._make_spec("GET", path, cast_to, None, options))

    async def post(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a POST request, `body` as JSON. Raises APIError."""
        return await self._surface.send(self._make_spec("POST", path, cast_to, body, options))

    async def put(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a PUT request, `body` as JSON. Raises APIError."""
        return await self._surface.send(self._make_spec("PUT", path, cast_to, body, options))

    async def patch(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a PATCH request, `body` as JSON. Raises APIError."""
        return await self._surface.send(self._make_spec("PATCH", path, cast_to, body, options))

    async def delete(
        self, path: str, *, cast_to: type[T], body: object = None, options: VerbOptions | None = None
    ) -> T:
        """Send a DELETE request, `body` as JSON. Raises APIError."""
        return await self._surface.send(self._make_spec("DELETE", path, cast_to, body, options))

    def _make_spec(
        self, method: str, path: str, kind: type[T], body: object, options: VerbOptions | None
    ) -> RequestSpec[T]:
        return make_verb_spec(self._surface.transport.settings.base_url, method, path, kind, body, options)


def make_verb_spec(
    base_url: str, method: str, path: str, kind: type[T], body: object, options: VerbOptions | None
) -> RequestSpec[T]:
    """Return the request to a path, which may have a query and may be an address below `base_url`.

    Raises PayiConfigError for any other address, WrongTypeError for bytes as a body and unknown options.
    """
    # msgspec would encode bytes as a base64 string, which no endpoint expects.
    if isinstance(body, bytes | bytearray | memoryview):
        raise WrongTypeError(f"body: expected a value to send as JSON, got {type(body).__name__}")
    given: dict[str, Any] = {**(options or {})}
    # A TypedDict is a plain dict at runtime, and a misspelled option must not be ignored.
    if unknown := given.keys() - VerbOptions.__annotations__.keys():
        accepted = ", ".join(VerbOptions.__annotations__)
        raise WrongTypeError(f"options: {min(unknown)!r} is unknown; accepted: {accepted}")
    if (max_retries := given.get("max_retries")) is not None:
        check_max_retries(max_retries)
    path, _, query = _make_relative(base_url, path).partition("?")
    return RequestSpec(
        method,
        path,
        kind,
        _translate_options(given),
        # The query of a path becomes a layer of its own, so that defaults and options combine with it as
        # with any endpoint.
        parse_qs(query, keep_blank_values=True),
        # None means no body, as in Pay-i's SDK, so a JSON null can't be sent.
        body=UNSET if body is None else body,
        max_retries=max_retries,
    )


def _translate_options(given: Mapping[str, Any]) -> RequestOptions:
    return {
        "extra_headers": given.get("headers"),
        "extra_query": given.get("params"),
        "extra_body": given.get("extra_json"),
        "timeout": given.get("timeout", UNSET),
    }


def _make_relative(base_url: str, path: str) -> str:
    # Look before the query only, because a query may hold a URL as a value.
    if "://" not in path.partition("?")[0]:
        return f"/{path.lstrip('/')}"
    rest = path.removeprefix(base_url)
    # The second check rejects `https://host.evil.example` where the base is `https://host`.
    if rest == path or not rest.startswith(("/", "?")):
        raise PayiConfigError(
            f"path: expected one below {base_url}, where the API key may be sent, got {path!r}"
        )
    return rest
