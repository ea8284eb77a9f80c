"""The types in which a provider's folder states what the library knows of that provider.

A `Provider` says where a provider is (`HostRule`), what it serves there (`Operation`, found by `PathRule`),
and how to read what it sends (`Readers`). It holds values and functions only. `registry.py` turns a list of
providers into look-up tables; routing, decoding and `payi-transport explain` take everything they know of
providers from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import SessionRules
from payi_transport.values.event import Failure, ParsedResponse
from payi_transport.values.patterns import lazy_compile

__all__ = [
    "GRPC",
    "WEBSOCKET",
    "Forwarding",
    "HostRule",
    "Operation",
    "PathRule",
    "Provider",
    "Readers",
    "connect",
    "connect_to",
    "get",
    "post",
    "rpc",
]

# Stand for the method of a request that opens a WebSocket, which is a GET like any other, and of a call of
# gRPC, which is a POST.
WEBSOCKET: Final = "WEBSOCKET"
GRPC: Final = "GRPC"

# What a pattern of paths ends with: a name, the verb of `/models/m:predict`, or an id.
# Rules are indexed by this, so a pattern that ends in anything else could never be found.
_LAST = lazy_compile(
    r"(?:\A|(?<=/)|(?<=/\)))(?P<name>[A-Za-z0-9_-]+)\Z|(?P<verb>:[A-Za-z]+)\Z|(?P<id>\[\^/\]\+)\Z"
)


class HostRule(msgspec.Struct, frozen=True):
    """Hosts of a provider, and the category that Pay-i prices their calls by.

    `host` is a name, with a port if only that port is the provider's, `*.suffix` for every host below the
    suffix, or a pattern for hosts with a region inside a label; a pattern needs an `example`. `accepts_usage`
    means that streams may be asked for their usage here. Where one host serves several providers,
    `categories_by_path` lists the paths, matched from their start, that belong to another category.
    `paid_paths` finds the paths that may cost something, on a host that serves more than models. `never_free`
    finds those that cost something here, and nothing elsewhere. Without
    `forwarded`, Pay-i's proxy does not forward requests to the host, as where they are signed for it.
    """

    host: str | re.Pattern[str]
    category: str
    accepts_usage: bool = False
    categories_by_path: tuple[tuple[re.Pattern[str], str], ...] = ()
    example: str = ""
    paid_paths: re.Pattern[str] | None = None
    forwarded: bool = True
    never_free: re.Pattern[str] | None = None


class PathRule(msgspec.Struct, frozen=True):
    """Requests by method and path. `last` is the path's last segment or verb, "" where that is an id."""

    method: str
    pattern: re.Pattern[str]
    last: str


def post(pattern: str) -> PathRule:
    """Match POST requests whose path ends in `pattern`, see `get`."""
    return _match("POST", pattern)


def get(pattern: str) -> PathRule:
    """Match GET requests whose path ends in `pattern`, a regular expression for whole path segments.

    Gateways put their own path before a provider's, so only the end of a path counts. The pattern has to
    end in a literal segment, in a verb such as `:predict`, or in `[^/]+`. Raises ValueError for any other.
    """
    return _match("GET", pattern)


def connect(pattern: str) -> PathRule:
    """Match requests that open a WebSocket and whose path ends in `pattern`, see `get`."""
    return _match(WEBSOCKET, pattern)


def connect_to(last: str) -> PathRule:
    """Match requests that open a WebSocket and whose path ends in the segment `last`, of any characters."""
    return PathRule(WEBSOCKET, lazy_compile(rf"(.*/)?{re.escape(last)}"), last)


def rpc(pattern: str) -> PathRule:
    """Match calls of gRPC by `service/method`, see `get`."""
    return _match(GRPC, pattern)


def _match(method: str, pattern: str) -> PathRule:
    last = _LAST.search(pattern)
    if last is None:
        raise ValueError(f"the path pattern {pattern!r} ends in neither a name, a :verb nor [^/]+")
    # The prefix is optional and ends in a slash, so that a pattern matches whole segments only.
    return PathRule(method, lazy_compile(rf"(.*/)?{pattern}"), last["name"] or last["verb"] or "")


class Forwarding(msgspec.Struct, frozen=True):
    """What Pay-i's proxy forwards to a provider, at `/api/v1/proxy/<name>/`.

    `paths` matches the whole path of a request that it forwards; it forwards no others. `host` is where those
    go unless a header names another host, None where every request has to name it.
    """

    name: str
    category: str
    paths: re.Pattern[str]
    host: str | None = None


# Defaults in place of None: callers need no check for a reader that a provider doesn't have.
def _read_no_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    return None


def _read_no_output(messages: Messages) -> str:
    return ""


def _read_no_prompt(body: bytes) -> list[str] | None:
    return None


def _unwrap_nothing(messages: Messages) -> Messages:
    return messages


class Readers(msgspec.Struct, frozen=True):
    """How the bodies of an operation are read.

    `read` reads a successful response, `read_error` the body of a 4xx or 5xx response beside its headers,
    by lower-case name. The next two are for models that don't report all of their usage: `read_output_text`
    returns the text of a response up to where it ended, `read_prompt_texts` the texts of a request that holds
    an image, and None for any other request. `prefix` goes before a model's name in the name of its resource.
    `unwrap` runs before all readers and takes messages out of an envelope that the host put them in.
    `is_repeatable` returns whether `read` makes no more of two events like this one than of one, whatever
    their texts, so that the second need not be read. `session` says how the messages of a WebSocket are
    understood; the others then read one response of it.
    """

    read: Callable[[RawResponse], ParsedResponse]
    read_error: Callable[[bytes, Mapping[str, str]], Failure | None] = _read_no_error
    read_output_text: Callable[[Messages], str] = _read_no_output
    read_prompt_texts: Callable[[bytes], list[str] | None] = _read_no_prompt
    prefix: str = ""
    unwrap: Callable[[Messages], Messages] = _unwrap_nothing
    is_repeatable: Callable[[bytes], bool] | None = None
    session: SessionRules | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One API of a provider. The name goes into no event; it is `<provider>.<api>`, and unique.

    `category` is that of the hosts that usually serve it, and `example` a path that its first rule matches:
    `explain` and warnings show both. `has_usage_chunk` means that streams report usage only when asked, by
    OpenAI's `stream_options`. An operation is not `distinctive` if any program's own server may have paths
    that end like its own; requests for it to an unknown host then cause no warning, unless they go to one of
    its `ports` or their path ends in one of `distinctive_ends`. One that is `free_elsewhere` costs something
    only at hosts of its category, where the host's `never_free` says so, or where a mapping names its format.
    """

    name: str
    category: str
    paths: tuple[PathRule, ...]
    example: str
    has_usage_chunk: bool = False
    distinctive: bool = True
    ports: frozenset[int] = frozenset()
    distinctive_ends: tuple[str, ...] = ()
    free_elsewhere: bool = False

    @property
    def method(self) -> str:
        """The method of the example."""
        return self.paths[0].method


# Most SDKs for compatible hosts are OpenAI's own, so its shape is the best guess for a provider that states
# none.
def _deny_like_openai(message: str) -> Mapping[str, Any]:
    error = {"message": message, "type": "permission_error", "param": None, "code": "limit_blocked"}
    return {"error": error}


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the library knows of one provider.

    - `load_readers`: imports and returns the readers of its operations and of `compatible`, by name. A
      function, because most programs call one or two providers, and need the readers of no other.
    - `compatible`: names of other providers' operations that this provider's hosts serve in a way of their
      own.
    - `resources_in_paths`: patterns whose first group is the model, deployment or endpoint that a path names.
    - `usage_paths`: by category, paths that accept `stream_options` even if the host as a whole may not.
    - `forwarded`: which of its requests Pay-i's proxy forwards, and how.
    - `names_requests`: its hosts give every request an id of its own, and state it in a header.
    - `reads_batches`: its batches of OpenAI's kind report their usage where they are fetched by their id.
    - `examples`: by category, paths of calls at hosts that serve operations of other providers.
    - `formats`: names that the `format` of a host mapping accepts for operations of other providers.
    - `instruments`: names that `payi_instrument(instruments=...)` accepts for several categories at once.
    - `make_denial`: makes the body of a 403 response with this message, in the shape that the provider's
      SDKs turn into their own permission error; `denial_headers` go with it. The default is OpenAI's shape.
    """

    name: str
    hosts: tuple[HostRule, ...] = ()
    operations: tuple[Operation, ...] = ()
    load_readers: Callable[[], Mapping[str, Readers]] = dict
    compatible: frozenset[str] = frozenset()
    resources_in_paths: tuple[str, ...] = ()
    usage_paths: Mapping[str, re.Pattern[str]] = {}
    forwarded: tuple[Forwarding, ...] = ()
    names_requests: bool = False
    reads_batches: bool = False
    examples: Mapping[str, tuple[str, ...]] = {}
    formats: Mapping[str, str] = {}
    instruments: Mapping[str, frozenset[str]] = {}
    make_denial: Callable[[str], Mapping[str, Any]] = _deny_like_openai
    denial_headers: Mapping[str, str] = {}
