"""Where a request to a proxy path goes: to a provider's own hosts, and to what the configuration names.

A header may name the host (`xProxy-Provider-BaseUri`), and requests reach this service from anyone on the
machine. So a host that is neither of the provider that the path names nor mapped is refused, plain HTTP is
for mapped hosts, and a path can't climb out of what it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import httpx

from payi_transport.providers.provider import Forwarding
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostMapping, HostTable, parse_host
from payi_transport.routing.routes import Route, Routes
from payi_transport.serve.faults import Refusal
from payi_transport.serve.settings import ServeSettings
from payi_transport.values.names import PayiCategories

__all__ = ["CHATGPT_ACCOUNT", "ProxyPath", "Target", "Targets", "make_url", "read_proxy_path"]

_PATH = re.compile(r"/api/v1/(?:run/(?P<use_case>[^/]+)/)?proxy/(?P<name>[^/]+)(?P<rest>/.*)")
# Azure's hosts have either category, by path.
_FAMILIES = {PayiCategories.azure_openai: PayiCategories.azure}
# Codex sends its requests to OPENAI_BASE_URL even if it is signed in with ChatGPT. OpenAI's own API refuses
# such a login, so they go where Codex would send them by itself.
# Source: https://github.com/openai/codex, codex-rs/core/src/model_provider_info.rs
_OPENAI, _CHATGPT = "api.openai.com", "https://chatgpt.com/backend-api/codex"
CHATGPT_ACCOUNT: Final = "chatgpt-account-id"


class ProxyPath(NamedTuple):
    """What a path says: the provider's name, the path at the provider, and a use case, if it names one."""

    name: str
    path: str
    use_case: str | None


class Target(NamedTuple):
    """Where to forward a request. `route` is None for a request that costs nothing that could be read."""

    url: str
    route: Route | None


def read_proxy_path(raw_path: str) -> ProxyPath:
    """Return what a path says, as it was sent. Raises Refusal."""
    found = _PATH.fullmatch(raw_path)
    if found is None:
        raise Refusal("not_found", f"{raw_path} names no provider: expected /api/v1/proxy/<provider>/<path>")
    # Twice, because a provider may decode once more than we do.
    rest = unquote(unquote(found["rest"]))
    if any(segment in (".", "..") for segment in re.split(r"[/\\]", rest)) or re.search(
        r"[\x00-\x20\\]", rest
    ):
        raise Refusal("not_found", "the path has segments that lead elsewhere")
    return ProxyPath(found["name"], found["rest"], unquote(found["use_case"]) if found["use_case"] else None)


def make_url(text: str) -> httpx.URL:
    """Return an address for a request. Raises ValueError for one that no request can have."""
    try:
        # A URL alone doesn't decode its host, which may look like an internationalized name and be none.
        return httpx.Request("GET", text).url
    except httpx.InvalidURL as exc:
        raise ValueError(str(exc)) from None


class Targets:
    """Finds where requests go, by settings that were checked."""

    def __init__(self, settings: ServeSettings) -> None:
        self._strict = settings.strict
        self._forwarded = {each.name: each for each in REGISTRY.forwarded.values()}
        self._upstreams = dict(settings.upstreams)
        self._mapped = HostTable(settings.mappings)
        self._routes = Routes(self._mapped)
        # By the name in the path, because one gateway may stand for several providers.
        self._upstream_routes = {
            name: Routes(HostTable({parse_host(base): HostMapping(self._forwarded[name].category, None)}))
            for name, base in self._upstreams.items()
        }

    def find(self, method: str, proxied: ProxyPath, headers: Mapping[str, str]) -> Target:
        """Return where a request goes. Raises Refusal."""
        forwarding = self._forwarded.get(proxied.name)
        if forwarding is None:
            known = ", ".join(sorted(self._forwarded))
            raise Refusal("not_found", f"{proxied.name!r} is not a provider of the proxy: {known}")
        if self._strict and not forwarding.paths.fullmatch(proxied.path):
            raise Refusal("not_found", f"Pay-i does not forward {proxied.path} to {proxied.name}")
        base = self._find_base(forwarding, headers.get("xproxy-provider-baseuri", "").strip())
        parts = urlsplit(base)
        port = parts.port if parts.port != {"http": 80, "https": 443}[parts.scheme] else None
        path = f"{parts.path.rstrip('/')}{proxied.path}"
        is_upstream = base == self._upstreams.get(forwarding.name)
        routes = self._upstream_routes[forwarding.name] if is_upstream else self._routes
        route = routes.find(method, parts.scheme, parts.hostname or "", port, path)
        if CHATGPT_ACCOUNT in headers and parts.hostname == _OPENAI:
            return Target(f"{_CHATGPT}{path.removeprefix('/v1')}", route)
        return Target(f"{parts.scheme}://{parts.netloc}{path}", route)

    def _find_base(self, forwarding: Forwarding, named: str) -> str:
        if named:
            self._check(forwarding, named)
            return named
        base = self._upstreams.get(forwarding.name)
        if base is None and forwarding.host is None:
            raise Refusal("header_is_missing", f"{forwarding.name} needs the header xProxy-Provider-BaseUri")
        return base or f"https://{forwarding.host}"

    def _check(self, forwarding: Forwarding, base: str) -> None:
        try:
            parts = urlsplit(base)
            host, port = parse_host(base)
            make_url(base)
        except ValueError:
            raise Refusal("invalid_provider_base_uri", f"{base!r} is not an address") from None
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
        known = self._mapped.find(host, port)
        is_ours = known is not None and known.mapped and parts.scheme in ("http", "https")
        categories = {forwarding.category, _FAMILIES.get(forwarding.category)}
        is_provider = known is not None and known.known and known.category in categories and port is None
        if not is_plain or not (
            is_ours or (is_provider and parts.scheme == "https" and parts.path in ("", "/"))
        ):
            raise Refusal(
                "invalid_provider_base_uri",
                f"{base!r} is neither a host of {forwarding.name} nor mapped in the service's config",
            )
