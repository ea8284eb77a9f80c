"""Proxy mode: a request goes to Pay-i instead of its provider, and Pay-i counts and forwards it.

Source: the section 'Proxy' of Pay-i's API, and its page on decorators. Of the path on, an address stays as it
is: Pay-i puts what stands behind its own part of the path behind the provider's address.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.context.headers import write_proxied_headers
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostMapping, HostPattern, parse_host
from payi_transport.routing.routes import Route
from payi_transport.values.names import PROXY_CATEGORY, PayiHeaderNames

__all__ = ["Proxy", "is_private"]

# What Pay-i's path names each provider by; it forwards no others.
_NAMES: Final = {category: name for name, category in REGISTRY.proxy_names.items()}
# The hosts that Pay-i forwards to where it is told no other.
_FIXED_HOSTS: Final = frozenset({"api.openai.com", "api.anthropic.com"})
_KEY: Final = PayiHeaderNames.api_key.lower().encode()
# Headers that a client set up for the proxy sends: how it is to be forwarded, not whom the call is for.
_FOR_PROXY: Final = frozenset({_KEY, PayiHeaderNames.provider_base_uri.lower().encode()})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Proxy(NamedTuple):
    """Where Pay-i is, and as whom to go through it."""

    base_url: str
    api_key: str

    def hosts(self) -> dict[HostPattern, HostMapping]:
        """Pay-i's own host, where clients may be that are set up to go through it."""
        return {parse_host(self.base_url): HostMapping(PROXY_CATEGORY, None)}

    def rewrite(
        self, route: Route, frame: Frame, own: frozenset[bytes] = frozenset()
    ) -> RequestRewrite | None:
        """What to send in place of a request; None where it can not go through Pay-i.

        `own` are the names of its headers for Pay-i: a key among them stays, what they say of the context is
        in the frame by now. Nothing goes unencrypted that did not before, and what is at Pay-i's already is
        never reported.
        """
        if not self.api_key or not is_private(self.base_url):
            return RequestRewrite(counted=True) if route.proxied else None
        headers, without = self._headers(frame, keyed=_KEY in own), own - _FOR_PROXY
        if route.proxied:
            return RequestRewrite(headers=headers, without=without, counted=True)
        name = _NAMES.get(route.category) if route.known else None
        if name is None or (name == "azure.anthropic" and not route.operation.startswith("anthropic.")):
            return None
        origin = _origin_of(route)
        if route.host.host not in _FIXED_HOSTS:
            headers += (PayiHeaderNames.provider_base_uri.encode(), origin.encode())
        base = f"{self.base_url.rstrip('/')}/api/v1/proxy/{name}"
        return RequestRewrite(base=base, headers=headers, without=without, counted=True)

    def _headers(self, frame: Frame, *, keyed: bool) -> tuple[bytes, ...]:
        named = {} if keyed else {PayiHeaderNames.api_key: self.api_key}
        named.update(write_proxied_headers(frame))
        return tuple(part for name, value in named.items() for part in (name.encode(), _to_bytes(value)))


def is_private(base_url: str) -> bool:
    """Whether what is sent to an address stays unread on its way: by TLS, or as it leaves no machine."""
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
