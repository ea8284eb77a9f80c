"""The values that describe how a call is changed on its way. `rewrite/` decides, and hooks carry it out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from payi_transport.values.headers import Headers

__all__ = ["BlockedResponse", "HookAbilities", "RequestRewrite", "ResponseRewriter"]


class BlockedResponse(msgspec.Struct, frozen=True):
    """The response to a request that is not sent at all."""

    status: int
    headers: Headers
    body: bytes


class RequestRewrite(msgspec.Struct, frozen=True):
    """What to send in place of the caller's request. A field that is None or empty changes nothing.

    `base` replaces the scheme and host of the URL and is put in front of its path. `headers` replace those of
    the same name, and `without` lists names (lower case) to leave out. `plain` asks for a response without
    a content coding, because it will be changed on its way. `hides_usage` says that the body asks for a usage
    chunk that the caller did not ask for. `counted` says that Pay-i sees the call itself, so there is
    nothing to report. With `blocked_response`, nothing is sent and the caller gets that response instead.
    """

    base: str | None = None
    headers: Headers = ()
    without: frozenset[bytes] = frozenset()
    body: bytes | None = None
    plain: bool = False
    hides_usage: bool = False
    counted: bool = False
    blocked_response: BlockedResponse | None = None


class ResponseRewriter(Protocol):
    """Changes the bytes of a response as the caller reads them. Must never raise."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what the caller gets now that `chunk` has arrived, which may be empty."""

    def flush(self) -> bytes:
        """Return what is left at the end of the body."""


class HookAbilities(NamedTuple):
    """What the hook of an HTTP library can do with a call, besides recording it.

    `rewrites_responses` needs every byte to pass the hook before the caller reads it. `may_wait` is False
    where responses end in a callback of the event loop, which must not wait for a report.
    """

    rewrites_requests: bool = True
    rewrites_responses: bool = True
    may_wait: bool = True
