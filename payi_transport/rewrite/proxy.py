"""Proxy mode: a request goes to Pay-i instead of its provider; Pay-i counts it and forwards it.

Scheme and host are replaced with those of Pay-i, and `/api/v1/proxy/<provider>` is put in front of the path.
Path and query stay: Pay-i appends them to the provider's address. Where a provider has many addresses, as
Azure and Bedrock have, the original one goes along in a header. The context of the call goes along in headers
too, and Pay-i adds its result to the response. So nothing is left to report, and the rewrite says `counted`.

A request is sent to its provider as usual if Pay-i does not forward its kind (`Provider.forwarded`), if there
is no API key, or if Pay-i's address is not encrypted. Clients may also be set up to use the proxy by
themselves; their requests only get the headers.

Source: the section 'Proxy' of Pay-i's API reference, and its page on decorators.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.context.headers import write_proxied_headers
from payi_transport.providers.provider import Forwarding
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.routing.hosts import HostMapping, HostPattern, parse_host
from payi_transport.routing.routes import Route
from payi_transport.values.names import PROXY_CATEGORY, PayiHeaderNames
from payi_transport.values.patterns import lazy_compile
from payi_transport.values.redaction import cut_urls

__all__ = ["Proxy", "is_private"]

_KEY: Final = PayiHeaderNames.api_key.lower().encode()
# Headers of clients that are set up for the proxy. They say how to forward a request, not whom it is for.
_FOR_PROXY: Final = frozenset({_KEY, PayiHeaderNames.provider_base_uri.lower().encode()})
# In a header, a line break would start another one, and HTTP libraries refuse other control characters.
_CONTROL = lazy_compile(r"[\x00-\x1f\x7f]+")


class Proxy(msgspec.Struct, frozen=True):
    """Where Pay-i is, and the API key to send there. `registry` says what it forwards."""

    base_url: str
    api_key: str
    registry: Registry = REGISTRY

    def __repr__(self) -> str:
        # Tracebacks with local variables print it.
        return f"Proxy(base_url={cut_urls(self.base_url)!r})"

    def hosts(self) -> dict[HostPattern, HostMapping]:
        """Return Pay-i's own host: clients that are set up for the proxy send their requests there."""
        return {parse_host(self.base_url): HostMapping(PROXY_CATEGORY, None)}

    def rewrite(
        self, route: Route, frame: Frame, payi_headers: frozenset[bytes] = frozenset()
    ) -> RequestRewrite | None:
        """Return the rewrite of a request, or None if it can't go through Pay-i.

        `payi_headers` names its headers that are meant for Pay-i. A key among them stays; what the others
        say is in the frame by now. A request that is addressed to Pay-i already is never reported, whatever
        else is missing.
        """
        if not self.is_usable:
            return RequestRewrite(counted=True) if route.proxied else None
        headers = self._headers(frame, has_key=_KEY in payi_headers)
        without = payi_headers - _FOR_PROXY
        if route.proxied:
            return RequestRewrite(headers=headers, without=without, counted=True)
        forwarding = self.find_forwarding(route)
        if forwarding is None:
            return None
        # Pay-i only has the path by then, which does not say which of a provider's addresses was meant.
        if route.host.host != forwarding.host:
            headers += (PayiHeaderNames.provider_base_uri.encode(), _origin_of(route).encode())
        base = f"{self.base_url.rstrip('/')}/api/v1/proxy/{forwarding.name}"
        return RequestRewrite(base=base, headers=headers, without=without, counted=True)

    @property
    def is_usable(self) -> bool:
        """Whether there is a key, and nobody can read what is sent."""
        return bool(self.api_key) and is_private(self.base_url)

    def find_forwarding(self, route: Route) -> Forwarding | None:
        """Return how Pay-i forwards a request to its provider, None if it does not."""
        forwarding = self.registry.forwarded.get(route.category) if route.known and route.forwarded else None
        path = urlsplit(route.uri).path
        return forwarding if forwarding is not None and forwarding.paths.fullmatch(path) else None

    def _headers(self, frame: Frame, *, has_key: bool) -> tuple[bytes, ...]:
        named = {} if has_key else {PayiHeaderNames.api_key: self.api_key}
        named.update(write_proxied_headers(frame))
        return tuple(part for name, value in named.items() for part in (name.encode(), _to_bytes(value)))


def is_private(base_url: str) -> bool:
    """Return whether nobody can read what is sent to an address: it uses TLS, or is on this machine."""
    parts = urlsplit(base_url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _origin_of(route: Route) -> str:
    return f"{urlsplit(route.uri).scheme}://{route.host}"


def _to_bytes(value: str) -> bytes:
    return _CONTROL.sub(" ", value).strip().encode()
