"""Recording a call once that passes through several hooks, and never taking another call for it.

One call of an SDK may pass through several libraries: `openai` can use aiohttp, `aiobotocore` has an aiohttp
session, and a client of httpx may have a `PayiTransport`. The outermost hook records the call. While it is in
flight, a context variable holds a mark of it, by which hooks further in know their request: the same address
with the same body.

A request that enters the hook that has set the mark is further in only if a transport passes on the very
bytes to another client. Otherwise it is another call, which a streamed body, a transport, or a trace makes.

Tasks and threads that are started inside a call inherit the mark. So it says when its call is over, and what
else they request, during the call or later, is a call of its own. That is also why it holds nothing of the
call once that is over: a context may live long.

A response belongs to one call. Where a hook gets the response that a call further in has had, as from a
middleware that sends another request in place of the first one, the call further in is the one.

A mark that is over stays in its context, where nothing is found by it. To set the variable again would take
as long as everything else that marks do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import msgspec

from payi_transport.values.headers import Headers

__all__ = ["INSIDE", "CallMark", "Target", "find_mark", "find_target"]

# Host, port (None for the scheme's default), and path without its query.
Target: TypeAlias = tuple[str, int | None, str]
_MULTIPART = b"multipart/"


class CallMark(msgspec.Struct, eq=False, gc=False):
    """A call that is being recorded: where its request goes, and what is sent if that is in memory.

    `call` is its target, its body, and the hook that has set the mark: what all calls of a library enter by,
    or a transport, as transports are layered. It is None once the call is over. `outer` is the mark that this
    one is set inside of, by `INSIDE.set(mark)`. Marks only refer outwards, so there is nothing for the
    garbage collector to look for. `inner_response` is what the last call inside, at the same hook, got.
    """

    call: tuple[Target, bytes | None, object] | None
    outer: CallMark | None
    inner_response: object = None

    def respond(self, response: object) -> bool:
        """End the mark with a response, and return whether a call inside has had the same one."""
        outer = self.outer
        if outer is not None and outer.call and self.call and outer.call[2] is self.call[2]:
            outer.inner_response = response
        is_inner = response is not None and response is self.inner_response
        self.leave()
        return is_inner

    def leave(self) -> None:
        """End the mark: what is requested from now on belongs to other calls."""
        if self.outer is not None:
            INSIDE.set(self.outer)
            self.outer = None
        self.call = self.inner_response = None

    def covers(self, target: Target, entry: object, read: Callable[[], tuple[Headers, bytes | None]]) -> bool:
        """Return whether a request inside, at the hook `entry`, is that of this call, or of one around it.

        `read` returns the headers and the body of the request. It is only called for the same address.
        """
        mark: CallMark | None = self
        while mark is not None:
            if mark._is_same(target, entry, read):
                return True
            mark = mark.outer
        return False

    def _is_same(
        self, target: Target, entry: object, read: Callable[[], tuple[Headers, bytes | None]]
    ) -> bool:
        if self.call is None:
            return False
        own, own_body, own_entry = self.call
        if own[:2] != target[:2]:
            return False
        # Libraries differ in which characters of a path they escape.
        if own[2] != target[2] and unquote(own[2]) != unquote(target[2]):
            return False
        headers, body = read()
        if own_entry is entry:
            return bool(body) and own_body is body
        # A library may get what another has in memory as a stream, but not the reverse.
        if not body or own_body == body:
            return True
        if own_body is None:
            return False
        # Both are forms that were read in the same way, so they are other forms.
        if own_body[:1] == body[:1] == b"{":
            return False
        # The recorded body of a form is made from its fields, and differs from what is sent.
        return body.startswith(b"--") or any(value.lstrip().startswith(_MULTIPART) for value in headers[1::2])


def find_target(base: str | None, target: Target) -> Target:
    """Return where a request goes whose scheme and host are replaced by `base`, as inner hooks see it."""
    if base is None:
        return target
    parts = urlsplit(base)
    return parts.hostname or "", parts.port, parts.path + target[2]


# Read it with `find_mark`, or test whether the mark is over.
INSIDE: ContextVar[CallMark | None] = ContextVar("payi_transport_inside", default=None)


def find_mark() -> CallMark | None:
    """Return the mark of the innermost call that is in flight here."""
    mark = INSIDE.get()
    return None if mark is None or mark.call is None else mark
