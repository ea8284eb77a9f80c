"""Why a request is observed or not, and what is missing if it is not.

An explanation asks the same tables as the request path does, so it can't disagree with what happens. When a
host or a path is unknown, `near_misses` looks for the closest one that is known. Keys travel in queries and
credentials, so an explanation repeats nothing of a URL but its scheme, host, port and path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from itertools import zip_longest
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from payi_transport.cli.near_misses import find_near_host, find_near_path
from payi_transport.errors import PayiError
from payi_transport.providers.provider import WEBSOCKET
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.routing.hosts import HostMapping, HostMatch, HostPattern, HostTable, parse_host
from payi_transport.routing.paths import find_operation
from payi_transport.routing.routes import Routes

__all__ = ["Explanation", "describe", "explain_url"]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a request, and why. `url` has neither query nor credentials.

    `near` says what comes closest to a match, and `config` what to add to the config to get one.
    """

    method: str
    url: str
    observed: bool
    because: tuple[str, ...]
    category: str | None = None
    operation: str | None = None
    near: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None


class _Request(NamedTuple):
    """The request to explain."""

    method: str
    scheme: str
    host: HostPattern
    path: str
    operation: str | None

    def __str__(self) -> str:
        return f"{self.scheme and f'{self.scheme}://'}{self.host}{self.path}"


def explain_url(
    url: str,
    *,
    method: str = "POST",
    mappings: Mapping[HostPattern, HostMapping] | None = None,
    instruments: Set[str] | None = None,
    registry: Registry = REGISTRY,
) -> Explanation:
    """Explain what happens to a request to `url`, with or without a scheme.

    Raises PayiError if it is not a URL.
    """
    request = _parse_url(url, method.upper(), registry)
    routes = Routes(HostTable(mappings, registry), instruments)
    found = routes.hosts.find(*request.host)
    if found is None:
        return _explain_unknown_host(request, mappings or {}, registry)
    # The instruments apply to the refined category, as on the request path: one host may serve several.
    match = routes.refine(found, request.path)
    reason = _name_row(match) + (", and the path decides the category" if match != found else "")
    if not routes.observes(match):
        left_out = f"{match.category} is not one of the instruments: {', '.join(sorted(instruments or ()))}"
        near = [f"add {match.category} to the instruments"]
        return _explain(request, reason, left_out, category=match.category, near=near)
    if request.operation is None:
        meant = find_near_path(request.path, registry, match.category)
        near = [str(meant)] if meant else []
        return _explain(
            request, reason, _is_not_a_call(request, registry), category=match.category, near=near
        )
    is_call = f"{request.method} to this path is a call of {request.operation}"
    return _explain(request, reason, is_call, category=match.category, observed=True)


def describe(explanation: Explanation, registry: Registry = REGISTRY) -> str:
    """Return an explanation as lines of text."""
    lines = [f"{explanation.method} {explanation.url}", ""]
    parts = [
        ("Observed", "yes" if explanation.observed else "no"),
        ("Category", explanation.category),
        ("Operation", explanation.operation),
        *zip_longest(["Because"], explanation.because, fillvalue=""),
        *zip_longest(["Near miss"], explanation.near, fillvalue=""),
    ]
    lines += [f"{label:12} {text}" for label, text in parts if text]
    if explanation.config is not None:
        wanted = json.dumps(explanation.config)
        lines += ["", "To observe it, add to the config:", f"  {wanted}"]
        if '"<category>"' in wanted:
            categories = ", ".join(registry.names)
            lines.append(f"  <category>: one of {categories}, or a category of your own in Pay-i")
    return "\n".join(lines)


def _parse_url(url: str, method: str, registry: Registry) -> _Request:
    url = url.strip()
    try:
        # Users paste hosts without a scheme, and urlsplit() would take those for a path.
        parts = urlsplit(url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url) else f"//{url}")
        # Credentials in a URL end with the last `@`; they must not appear in the output.
        name = parts.netloc.rpartition("@")[2]
        host = parse_host(f"{parts.scheme}://{name}" if parts.scheme else name)
    except ValueError:
        # The message doesn't quote the URL: the part that is wrong with it may be a password.
        raise PayiError(
            "URL: expected http, https, ws or wss, a host and a path, as in https://host/path"
        ) from None
    method = WEBSOCKET if parts.scheme in ("ws", "wss") else method
    # Show the path as it is on the wire, which is also what the rules match.
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~") or "/"
    return _Request(method, parts.scheme, host, path, find_operation(method, path, registry))


def _explain(
    request: _Request,
    *because: str,
    category: str | None = None,
    observed: bool = False,
    near: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
) -> Explanation:
    return Explanation(
        method=request.method,
        url=str(request),
        observed=observed,
        because=because,
        category=category,
        operation=request.operation,
        near=tuple(near),
        config=config,
    )


def _explain_unknown_host(
    request: _Request, mappings: Mapping[HostPattern, HostMapping], registry: Registry
) -> Explanation:
    near = find_near_host(request.host, mappings, registry)
    meant = find_near_path(request.path, registry)
    usual = meant.category if meant else "<category>"
    # Suggest a mapping that works as it is printed, with a placeholder only where nothing hints at the
    # category.
    key, category = (near.key, near.category or usual) if near else (request.host, usual)
    because = [f"{request.host} is not in the built-in table" + " and not in your mappings" * bool(mappings)]
    says = [near.says if near else "no known host and no mapping is similar"]
    if request.operation is None:
        because.append(_is_not_a_call(request, registry))
        says += [str(meant)] if meant else []
    return _explain(
        request,
        *because,
        near=says,
        config={"host_mappings": {str(key): {"price_as_category": category}}},
    )


def _name_row(match: HostMatch) -> str:
    if match.mapped:
        return f"the host matches your mapping {match.pattern}"
    return f"the host matches the built-in row {match.pattern}"


def _is_not_a_call(request: _Request, registry: Registry) -> str:
    known = ", ".join(
        f"{operation.method} …{operation.example}" for operation in registry.operations.values()
    )
    return f"{request.method} to this path is not an LLM call that this version reads (it reads {known})"
