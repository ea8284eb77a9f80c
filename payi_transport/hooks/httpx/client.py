"""HTTP clients to pass to a provider's SDK as `http_client=`.

The clients are ordinary ones of httpx or httpx2. Their transports are wrapped after construction, so every
argument of `Client` (proxies, certificates, mounts) keeps its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from payi_transport.hooks.httpx.family import BoundFamily
from payi_transport.hooks.httpx.installed import get_family
from payi_transport.hooks.httpx.transport import AsyncPayiTransport, PayiTransport

if TYPE_CHECKING:
    import httpx
    import httpx2

__all__ = ["payi_async_httpx_client", "payi_httpx_client"]

FamilyName = Literal["auto", "httpx", "httpx2"]


@overload
def payi_httpx_client(*, family: Literal["httpx"], **client_kwargs: Any) -> httpx.Client: ...
@overload
def payi_httpx_client(
    *, family: Literal["auto", "httpx2"] = "auto", **client_kwargs: Any
) -> httpx2.Client: ...
def payi_httpx_client(*, family: FamilyName = "auto", **client_kwargs: Any) -> httpx.Client | httpx2.Client:
    """Return a client whose calls are recorded once `payi_instrument()` has been called.

    `client_kwargs` are those of `Client`; `transport=` becomes the inner transport. Redirects are followed,
    and the connection pool has the size that provider SDKs use. The timeout is httpx's default, which the
    SDKs take to mean 'not set' and replace with their own. "auto" is httpx2 if it is installed, else httpx.

    Raises ValueError for an unknown family, and ImportError for one that is not installed.
    """
    bound = get_family(family)
    client: httpx.Client | httpx2.Client = bound.module.Client(**_with_defaults(bound, client_kwargs))
    _record_transports(client, PayiTransport)
    return client


@overload
def payi_async_httpx_client(*, family: Literal["httpx"], **client_kwargs: Any) -> httpx.AsyncClient: ...
@overload
def payi_async_httpx_client(
    *, family: Literal["auto", "httpx2"] = "auto", **client_kwargs: Any
) -> httpx2.AsyncClient: ...
def payi_async_httpx_client(
    *, family: FamilyName = "auto", **client_kwargs: Any
) -> httpx.AsyncClient | httpx2.AsyncClient:
    """Return an async client whose calls are recorded; see `payi_httpx_client`."""
    bound = get_family(family)
    client: httpx.AsyncClient | httpx2.AsyncClient = bound.module.AsyncClient(
        **_with_defaults(bound, client_kwargs)
    )
    _record_transports(client, AsyncPayiTransport)
    return client


def _with_defaults(bound: BoundFamily, client_kwargs: dict[str, Any]) -> dict[str, Any]:
    limits = bound.module.Limits(max_connections=1000, max_keepalive_connections=100)
    return {"follow_redirects": True, "limits": limits, **client_kwargs}


def _record_transports(client: Any, wrap: type[Any]) -> None:
    """Wrap the transports that the client built from its arguments."""
    # Afterwards, because httpx ignores `verify`, `cert`, and `limits` if it is given a transport.
    client._transport = wrap(client._transport)
    client._mounts = {
        # None marks requests that bypass a proxy, and stands for the client's own transport.
        pattern: transport if transport is None else wrap(transport)
        for pattern, transport in client._mounts.items()
    }
