"""`Payi` and `AsyncPayi`: the resource tree with an API key, a base URL and an HTTP client.

Both derive from `_Client` and differ only in the HTTP client that they create and in the surface that their
resources are on. A copy shares its original's HTTP client, and with it the connection pool.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar

import httpx
import msgspec
from msgspec import UNSET, UnsetType

from payi_transport.client.api_resources import APIResources
from payi_transport.client.arguments import (
    check_api_key,
    check_base_url,
    check_dict,
    check_max_retries,
    check_timeout,
)
from payi_transport.client.endpoints import SurfaceT
from payi_transport.client.own_connections import OwnAsyncClient, OwnClient
from payi_transport.client.settings import (
    MAX_RETRIES,
    ClientSettings,
    make_settings,
    resolve_api_key,
    resolve_checked_base_url,
)
from payi_transport.client.surfaces import Async, Sync
from payi_transport.client.timeouts import TimeoutTypes, timeout_of
from payi_transport.client.transport import AsyncHTTPClient, AsyncTransport, SyncHTTPClient, SyncTransport
from payi_transport.client.verbs import AsyncVerbs, SyncVerbs
from payi_transport.compat import Self

__all__ = ["AsyncPayi", "Payi"]

H = TypeVar("H")
T = TypeVar("T")


class _Client(APIResources[SurfaceT], Generic[SurfaceT, H]):
    """What both clients share; `H` is the type of the HTTP client."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: TimeoutTypes | UnsetType = UNSET,
        max_retries: int = MAX_RETRIES,
        default_headers: Mapping[str, str | None] | None = None,
        default_query: Mapping[str, object] | None = None,
        http_client: H | None = None,
        _strict_response_validation: bool = False,
    ) -> None:
        """Create a client; `PAYI_API_KEY` and `PAYI_BASE_URL` stand in for missing arguments.

        `timeout` is in seconds, or a `Timeout` of httpx or httpx2; None waits forever. `http_client` may be
        from either library and is closed with this client. A default header that is None removes one of
        `PAYI_CUSTOM_HEADERS`. Raises PayiError if there is no API key, PayiConfigError for an argument that
        cannot be used.
        """
        http = self._make_http() if http_client is None else http_client
        self._http = http
        self._settings = make_settings(
            api_key=api_key,
            base_url=resolve_checked_base_url(base_url),
            # UNSET rather than None is the default, because None is a value: it means to wait forever.
            timeout=timeout_of(http) if timeout is UNSET else timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            default_query=default_query,
            strict=_strict_response_validation,
        )
        super().__init__(self._make_surface(self._settings, http))

    @abstractmethod
    def _make_http(self) -> H:
        """Create the HTTP client that is used if the caller passes none."""

    @abstractmethod
    def _make_surface(self, settings: ClientSettings, http: H) -> SurfaceT:
        """Create the surface that the client's resources are on."""

    def _on_surface(self, surface: Any) -> APIResources[Any]:
        return APIResources(surface)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    @property
    def api_key(self) -> str:
        return self._settings.api_key

    @api_key.setter
    def api_key(self, api_key: str) -> None:
        check_api_key(api_key)
        self._change_settings(api_key=resolve_api_key(api_key))

    @property
    def base_url(self) -> httpx.URL:
        return httpx.URL(self._settings.base_url)

    @base_url.setter
    def base_url(self, base_url: str | httpx.URL) -> None:
        self._change_settings(base_url=check_base_url(base_url))

    @property
    def default_headers(self) -> Mapping[str, str | None]:
        """Return the headers sent with every request, including those of `PAYI_CUSTOM_HEADERS`."""
        return self._settings.headers

    @property
    def default_query(self) -> Mapping[str, object]:
        """Return the query parameters sent with every request."""
        return self._settings.query

    @property
    def timeout(self) -> TimeoutTypes:
        return self._settings.timeout

    @timeout.setter
    def timeout(self, timeout: TimeoutTypes) -> None:
        check_timeout(timeout)
        self._change_settings(timeout=timeout)

    @property
    def max_retries(self) -> int:
        return self._settings.max_retries

    @max_retries.setter
    def max_retries(self, max_retries: int) -> None:
        check_max_retries(max_retries)
        self._change_settings(max_retries=max_retries)

    def _change_settings(self, **changes: Any) -> None:
        # Resources that were taken from this client before share its transport, so they change too.
        self._settings = msgspec.structs.replace(self._settings, **changes)
        self._surface.transport.settings = self._settings

    def copy(
        self,
        *,
        api_key: str | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: TimeoutTypes | UnsetType = UNSET,
        max_retries: int | UnsetType = UNSET,
        default_headers: Mapping[str, str | None] | None = None,
        set_default_headers: Mapping[str, str | None] | None = None,
        default_query: Mapping[str, object] | None = None,
        set_default_query: Mapping[str, object] | None = None,
        http_client: H | None = None,
    ) -> Self:
        """Return a client with some options changed. It shares the HTTP client unless one is passed.

        `default_headers` and `default_query` add to those of this client; `set_default_headers` and
        `set_default_query` replace them. Raises ValueError if both are passed.
        """
        settings = self._settings
        # `type(self)`, so that a copy of a subclass is one too.
        return type(self)(
            # Everything goes through the constructor again, so a copy's options are checked like any
            # others.
            api_key=api_key or settings.api_key,
            base_url=base_url or settings.base_url,
            timeout=settings.timeout if timeout is UNSET else timeout,
            max_retries=settings.max_retries if max_retries is UNSET else max_retries,
            default_headers=_combine(
                "default_headers", settings.headers, default_headers, set_default_headers
            ),
            default_query=_combine("default_query", settings.query, default_query, set_default_query),
            # Sharing the HTTP client makes a copy as cheap as a call, so it can be made for a single
            # request.
            http_client=self._http if http_client is None else http_client,
            _strict_response_validation=settings.strict,
        )

    with_options = copy


class Payi(SyncVerbs, _Client[Sync, SyncHTTPClient]):
    """Call the Pay-i API. Use it as a context manager, or call `close()`, to close its connections."""

    def _make_http(self) -> SyncHTTPClient:
        return OwnClient()

    def _make_surface(self, settings: ClientSettings, http: SyncHTTPClient) -> Sync:
        return Sync(SyncTransport(settings, http))

    def is_closed(self) -> bool:
        """Return whether the connections are closed, by this client or by a copy that shares them."""
        return self._http.is_closed

    def close(self) -> None:
        """Close the connections. Copies that share them cannot be used any more either."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncPayi(AsyncVerbs, _Client[Async, AsyncHTTPClient]):
    """Call the Pay-i API from asyncio or trio. Use it as an async context manager, or await `close()`."""

    def _make_http(self) -> AsyncHTTPClient:
        return OwnAsyncClient()

    def _make_surface(self, settings: ClientSettings, http: AsyncHTTPClient) -> Async:
        return Async(AsyncTransport(settings, http))

    def is_closed(self) -> bool:
        """Return whether the connections are closed, by this client or by a copy that shares them."""
        return self._http.is_closed

    async def close(self) -> None:
        """Close the connections. Copies that share them cannot be used any more either."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _combine(
    name: str,
    current: Mapping[str, T],
    additions: Mapping[str, T] | None,
    replacement: Mapping[str, T] | None,
) -> Mapping[str, T]:
    check_dict(additions, name)
    check_dict(replacement, f"set_{name}")
    if additions is not None and replacement is not None:
        raise ValueError(f"{name} and set_{name} are mutually exclusive; pass one of them")
    return {**current, **(additions or {})} if replacement is None else replacement
