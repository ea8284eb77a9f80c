"""Why a request is observed or is not, and the near miss: what is closest to being a match.

Says nothing of a URL but its scheme, host, port and path: keys travel in the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from payi_transport.errors import PayiError
from payi_transport.routing.examples import EXAMPLES
from payi_transport.routing.hosts import (
    KNOWN_HOSTS,
    HostMapping,
    HostMatch,
    HostPattern,
    HostTable,
    find_known,
    parse_host,
)
from payi_transport.routing.paths import find_operation
from payi_transport.routing.routes import Routes, refine
from payi_transport.values.names import INSTRUMENTS

__all__ = ["Explanation", "describe", "explain_url"]

# Below this two names have no more in common than the parts that all have: api., .com.
_CLOSE = 0.8
# Hosts with the region in a label, one of each kind, for want of a row that names them.
REGIONAL = (
    "bedrock-runtime.us-east-1.amazonaws.com",
    "bedrock-mantle.us-east-1.api.aws",
    "us-central1-aiplatform.googleapis.com",
)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a request. `url` has neither query nor credentials.

    `operation` is the wire format; `near` says what is closest to a match, `config` what to add for one.
    """

    method: str
    url: str
    observed: bool
    because: tuple[str, ...]
    category: str | None = None
    operation: str | None = None
    near: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None


class _Asked(NamedTuple):
    method: str
    scheme: str
    host: HostPattern
    path: str

    @property
    def operation(self) -> str | None:
        return find_operation(self.method, self.path)

    def __str__(self) -> str:
        return f"{self.scheme and f'{self.scheme}://'}{_key(self.host)}{self.path}"


class _Meant(NamedTuple):
    method: str
    path: str
    operation: str

    @property
    def category(self) -> str:
        return EXAMPLES[self.operation].category

    def __str__(self) -> str:
        return f"{self.method} {self.path} is a call in the wire format {self.operation}"


class _Row(NamedTuple):
    """A row that a host may have missed."""

    pattern: HostPattern
    category: str | None
    named: str


class _Near(NamedTuple):
    closeness: float
    says: str
    key: HostPattern
    category: str | None


def explain_url(
    url: str,
    *,
    method: str = "POST",
    mappings: Mapping[HostPattern, HostMapping] | None = None,
    instruments: Set[str] | None = None,
) -> Explanation:
    """What becomes of a request to `url`, of which the scheme may be missing. Raises PayiError for no URL."""
    asked = _read_url(url, method.upper())
    routes = Routes(HostTable(mappings), instruments)
    found = routes.hosts.find(*asked.host)
    if found is None:
        return _explain_host(asked, mappings or {})
    match = refine(found, asked.path)
    reason = _name_row(match) + (", and the path tells the category" if match != found else "")
    if not routes.observes(match):
        left_out = (
            f"{match.category} is none of the instruments given: {', '.join(sorted(instruments or ()))}"
        )
        return _explain(
            asked, reason, left_out, category=match.category, near=[f"add {match.category} to them"]
        )
    if asked.operation is None:
        meant = _find_meant(asked.path, match.category)
        near = [str(meant)] if meant else []
        return _explain(asked, reason, _reads_no_path(asked), category=match.category, near=near)
    is_call = f"{asked.method} to this path is a call in the wire format {asked.operation}"
    return _explain(asked, reason, is_call, category=match.category, observed=True)


def describe(explanation: Explanation) -> str:
    """An explanation as lines of text."""
    lines = [f"{explanation.method} {explanation.url}", ""]
    parts = [
        ("Observed", "yes" if explanation.observed else "no"),
        ("Category", explanation.category),
        ("Wire format", explanation.operation),
        *zip_longest(["Because"], explanation.because, fillvalue=""),
        *zip_longest(["Near miss"], explanation.near, fillvalue=""),
    ]
    lines += [f"{label:12} {text}" for label, text in parts if text]
    if explanation.config is not None:
        wanted = json.dumps(explanation.config)
        lines += ["", "To observe it as it is, add to the config:", f"  {wanted}"]
        if '"<category>"' in wanted:
            categories = ", ".join(sorted(INSTRUMENTS))
            lines.append(f"  <category>: one of {categories}, or a category of your own in Pay-i")
    return "\n".join(lines)


def _read_url(url: str, method: str) -> _Asked:
    """Errors don't quote the URL: what is wrong with it may be a password."""
    url = url.strip()
    try:
        parts = urlsplit(url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url) else f"//{url}")
        name = parts.netloc.rpartition("@")[2]
        host = parse_host(f"{parts.scheme}://{name}" if parts.scheme else name)
    except ValueError:
        raise PayiError("URL: expected http or https, a host and a path, as in https://host/path") from None
    # As it is on the wire.
    return _Asked(method, parts.scheme, host, quote(parts.path, safe="/%:@!$&'()*+,;=~") or "/")


def _explain(
    asked: _Asked,
    *because: str,
    category: str | None = None,
    observed: bool = False,
    near: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
) -> Explanation:
    return Explanation(
        method=asked.method,
        url=str(asked),
        observed=observed,
        because=because,
        category=category,
        operation=asked.operation,
        near=tuple(near),
        config=config,
    )


def _name_row(match: HostMatch) -> str:
    if match.mapped:
        return f"the host matches your mapping {match.pattern}"
    return f"the host matches the built-in row {match.pattern}"


def _reads_no_path(asked: _Asked) -> str:
    reads = ", ".join(f"{example.method} …{example.path}" for example in EXAMPLES.values())
    return f"{asked.method} to this path is no LLM call that this version reads (it reads {reads})"


def _explain_host(asked: _Asked, mappings: Mapping[HostPattern, HostMapping]) -> Explanation:
    near = _find_near(asked.host, mappings)
    meant = _find_meant(asked.path)
    usual = meant.category if meant else "<category>"
    key, category = (near.key, near.category or usual) if near else (asked.host, usual)
    because = [f"{_key(asked.host)} is in no row of the built-in table" + " and no mapping" * bool(mappings)]
    says = [near.says if near else "no known host and no mapping is like it"]
    if asked.operation is None:
        because.append(_reads_no_path(asked))
        says += [str(meant)] if meant else []
    return _explain(
        asked,
        *because,
        near=says,
        config={"host_mappings": {_key(key): {"price_as_category": category}}},
    )


def _find_near(host: HostPattern, mappings: Mapping[HostPattern, HostMapping]) -> _Near | None:
    misses = [miss for row in _rows(mappings) if (miss := _miss(row, host)) is not None]
    return max(misses, key=lambda miss: miss.closeness, default=None)


def _rows(mappings: Mapping[HostPattern, HostMapping]) -> Iterator[_Row]:
    """The user's first: of two rows that are as close, it is the one that was meant."""
    for pattern, mapping in mappings.items():
        yield _Row(pattern, mapping.category, f"your mapping {_key(pattern)}")
    for name in (*KNOWN_HOSTS, *REGIONAL):
        known = find_known(name)
        yield _Row(HostPattern(name, None), known and known.category, f"the known host {name}")


def _miss(row: _Row, host: HostPattern) -> _Near | None:
    """By how much a host misses a row: by its port, by a level, by a few letters, or by too much."""
    pattern, category, named = row
    bare = pattern.host.removeprefix("*.")
    starred = bare != pattern.host
    port = host.port if pattern.port else None
    below = host.host.endswith(f".{bare}")
    if below if starred else host.host == bare:
        return _Near(3, f"{named} is for another port than {host.port or 'the default'}", host, category)
    if below:
        key = HostPattern(f"*.{bare}", port)
        return _Near(2, f"{named} is for that host alone, {_key(key)} for all below it", key, category)
    if host.host == bare:
        return _Near(2, f"{named} is for hosts below {bare}, not for {bare} itself", host, category)
    closeness = _compare(host.host, bare, starred)
    if closeness < _CLOSE:
        return None
    return _Near(closeness, f"{named} is spelled nearly like it; a typo?", host, category)


def _compare(host: str, bare: str, starred: bool) -> float:
    """How alike a host and a row are, from 0 to 1; of a `*.` row, how alike the ends are."""
    size = bare.count(".") + 1
    end = ".".join(host.split(".")[-size:]) if starred and host.count(".") >= size else host
    return SequenceMatcher(None, end, bare).ratio()


def _find_meant(path: str, category: str | None = None) -> _Meant | None:
    """The call that a path is, or would be but for a slash, its case or a few letters.

    Of several it is the one that hosts of the category usually get.
    """
    tidy = path.rstrip("/").lower()
    start, last = "/".join(tidy.split("/")[:-2]), "/".join(tidy.split("/")[-2:])
    is_base = re.fullmatch(r"(.*/)?v\d+\w*", tidy)
    for operation, example in sorted(EXAMPLES.items(), key=lambda row: row[1].category != category):
        end = "/".join(example.path.split("/")[-2:])
        if is_base or not tidy:
            # Either may bring the version along.
            end = re.sub(r"v\d+\w*/", "", end)
            return _Meant(example.method, f"{tidy}/{end}" if tidy else example.path, operation)
        if SequenceMatcher(None, last, end).ratio() > _CLOSE:
            return _Meant(example.method, f"{start}/{end}", operation)
    return None


def _key(host: HostPattern) -> str:
    """A host as a mapping's key."""
    name = f"[{host.host}]" if ":" in host.host else host.host
    return name if host.port is None else f"{name}:{host.port}"
