"""Why a request is observed or not, and what is missing if it is not.

An explanation asks the same tables as the request path does, so it can't disagree with what happens. When a
host or a path is unknown, `near_misses` looks for the closest one that is known, and `find_usual_mapping` for
the provider that it probably is. Keys travel in queries and credentials, so an explanation repeats nothing of
a URL but its scheme, host, port and path.
"""

from __future__ import annotations

import json
import re
import textwrap
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
from payi_transport.routing.usual_category import find_usual_mapping

__all__ = ["Explanation", "describe", "explain_url"]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a request, and why. `url` has neither query nor credentials.

    `near` says what comes closest to a match, and `config` what to add to the config to get one. `streams`
    says whether a stream reports its usage, and `reads` lists calls that such a host gets. `counted` is the
    reason by which `payi_stats().unobserved` counts the request, None if it is recorded or costs nothing.
    """

    method: str
    url: str
    observed: bool
    because: tuple[str, ...]
    category: str | None = None
    operation: str | None = None
    streams: str | None = None
    counted: str | None = None
    near: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None


# Lines of a description are at most this long. More calls than this are no help.
_WIDTH = 100
_MAX_CALLS = 8
_STREAMS = {
    True: "asked for their usage, which is hidden from a caller that did not ask for it",
    False: "not asked for their usage; include_usage in a mapping of the host asks for it",
}
_NOT_COUNTED = "no, because it is not known to cost anything"
_LEFT_OUT = "no, because the instruments leave it out"


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
    # The instruments apply to the refined category, as on the request path: one host may serve several.
    match = None if found is None else routes.refine(found, request.path)
    reason = routes.find_reason(found, request.method, request.host.port, request.path)
    if found is None or match is None or not match.category:
        return _explain_unknown_host(request, mappings or {}, registry, found, reason)
    request = request._replace(operation=routes.find_operation(match, request.method, request.path))
    row = _name_row(match, registry) + (", and the path decides the category" if match != found else "")
    if not routes.observes(match):
        left_out = f"{match.category} is not one of the instruments: {', '.join(sorted(instruments or ()))}"
        near = [f"add {match.category} to the instruments"]
        return _explain(request, row, left_out, category=match.category, near=near)
    if request.operation is None:
        return _explain_unknown_path(request, row, match.category, registry, reason)
    route = routes.find(request.method, request.scheme, *request.host, request.path)
    has_chunk = route is not None and registry.operations[route.operation].has_usage_chunk
    by = f"its mapping has the format {match.format}, so" if match.format else ""
    is_call = f"{by} {request.method} to this path is a call of {request.operation}".strip()
    streams = _STREAMS[route.asks_usage] if route is not None and has_chunk else None
    return _explain(request, row, is_call, category=match.category, observed=True, streams=streams)


def describe(explanation: Explanation, registry: Registry = REGISTRY) -> str:
    """Return an explanation as lines of text."""
    counted = f"as {explanation.counted!r} in payi_stats().unobserved" if explanation.counted else None
    # Only a call that is left out on purpose is neither observed nor counted.
    not_counted = _NOT_COUNTED if explanation.operation is None else _LEFT_OUT
    parts = [
        ("Observed", "yes" if explanation.observed else "no"),
        ("Category", explanation.category),
        ("Operation", explanation.operation),
        ("Streams", explanation.streams),
        *zip_longest(["Because"], explanation.because, fillvalue=""),
        ("Counted", None if explanation.observed else counted or not_counted),
        *zip_longest(["Near miss"], explanation.near, fillvalue=""),
        *zip_longest(["Reads"], explanation.reads, fillvalue=""),
    ]
    lines = [f"{explanation.method} {explanation.url}", ""]
    for label, text in parts:
        lines += _fold(label, text) if text else []
    if explanation.config is not None:
        wanted = json.dumps(explanation.config)
        lines += ["", "To observe it, add to the config:", f"  {wanted}"]
        if '"<category>"' in wanted:
            names = ", ".join(registry.names)
            lines += _fold("  <category>", f"one of {names}, or a category of your own in Pay-i")
        if '"<format>"' in wanted:
            lines += _fold("  <format>", "the API that it speaks, such as openai.chat or anthropic.messages")
    return "\n".join(lines)


def _fold(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"{label:12} ",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
        raise PayiError(f"URL: {_describe_mistake(url)}") from None
    method = WEBSOCKET if parts.scheme in ("ws", "wss") else method
    # Show the path as it is on the wire, which is also what the rules match.
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~") or "/"
    return _Request(method, parts.scheme, host, path, find_operation(method, path, registry))


def _describe_mistake(url: str) -> str:
    """Return what is wrong with a URL, without any part of it that may be a secret."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    port = re.search(r":(\d{5,6})(?:[/?#]|$)", url.rpartition("@")[2])
    if port and int(port[1]) > 65535:
        return f"expected a port up to 65535, got {port[1]}"
    found = "" if url else ", got ''"
    if scheme and scheme[1].lower() not in ("http", "https", "ws", "wss"):
        found = f", got {scheme[1]!r}"
    return f"expected http, https, ws or wss, a host and a path, as in https://host/path{found}"


def _explain(
    request: _Request,
    *because: str,
    category: str | None = None,
    observed: bool = False,
    streams: str | None = None,
    counted: str | None = None,
    near: Iterable[str] = (),
    reads: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
) -> Explanation:
    return Explanation(
        method=request.method,
        url=str(request),
        observed=observed,
        because=because,
        category=category,
        operation=request.operation,
        streams=streams,
        counted=counted,
        near=tuple(near),
        reads=tuple(reads),
        config=config,
    )


def _explain_unknown_path(
    request: _Request, row: str, category: str, registry: Registry, counted: str | None
) -> Explanation:
    meant = find_near_path(request.path, registry, category)
    return _explain(
        request,
        row,
        _is_not_a_call(request),
        category=category,
        counted=counted,
        near=[str(meant)] if meant else [],
        reads=_list_calls(category, registry),
    )


def _explain_unknown_host(
    request: _Request,
    mappings: Mapping[HostPattern, HostMapping],
    registry: Registry,
    found: HostMatch | None,
    counted: str | None,
) -> Explanation:
    near = None if found else find_near_host(request.host, mappings, registry)
    usual = find_usual_mapping(str(request.host), request.path, request.operation, registry)
    meant = find_near_path(request.path, registry, usual.category)
    usual = usual._replace(category=usual.category or (meant.category if meant else None))
    # Suggest a mapping that works as it is printed, with a placeholder only where nothing hints at the
    # category.
    key, category = (near.key, near.category or usual.category) if near else (usual.key, usual.category)
    mapping = {"price_as_category": category or "<category>"}
    if request.operation is None and meant is None:
        mapping["format"] = "<format>"
    because = [_name_missing_row(request, mappings, found)]
    says = [near.says if near else "no known host and no mapping is similar"] if found is None else []
    if request.operation is None:
        because.append(_is_not_a_call(request))
        says += [str(meant)] if meant else []
    config = {"host_mappings": {str(key): mapping}}
    return _explain(request, *because, counted=counted, near=says, config=config)


def _name_missing_row(
    request: _Request, mappings: Mapping[HostPattern, HostMapping], found: HostMatch | None
) -> str:
    if found is not None:
        paths = ", ".join(match.pattern for _, match in found.paths)
        return f"{request.host} is mapped for other paths only: {paths}"
    return f"{request.host} is not in the built-in table" + " and not in your mappings" * bool(mappings)


def _name_row(match: HostMatch, registry: Registry) -> str:
    if match.mapped:
        return f"the host matches your mapping {match.pattern}"
    # A pattern is hard to read, and its example says the same.
    examples = {row.pattern: f"of {rule.example}" for row, rule in registry.host_patterns.items()}
    return f"the host matches the built-in row {examples.get(match.pattern, match.pattern)}"


def _is_not_a_call(request: _Request) -> str:
    return f"{request.method} to this path is not an LLM call that this version reads"


def _list_calls(category: str, registry: Registry) -> list[str]:
    """Return calls that hosts of a category get."""
    operations = registry.operations.values()
    own = [(row.method, row.example, row.name) for row in operations if row.category == category]
    paths = registry.examples.get(category, ())
    own += [("POST", path, find_operation("POST", path, registry) or "") for path in paths]
    started = dict.fromkeys(row for row in own if not row[2].endswith(".again"))
    return [f"{method} \u2026{path} ({name})" for method, path, name in list(started)[:_MAX_CALLS]]
