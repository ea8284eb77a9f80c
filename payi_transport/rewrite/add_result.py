"""Adding `xproxy_result` to an answer that waits for its report: to a JSON object, or a stream's last chunk.

An object is held until its end, which changes nothing for who reads it whole. An array is not: it may be a
stream, and has no place for a result. Of a stream of events only one is held that may be its last with data:
one that tells a count of tokens, or why it finished.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.context.results import Result

__all__ = ["DocumentResult", "StreamResult"]

# What waits until the call is reported, and says what Pay-i answered. Takes as long as the report does.
Settle = Callable[[], Result | None]

_EVENT_END: Final = re.compile(rb"(?<=\n\n)|(?<=\n\r\n)|(?<=\r\r)")
_DATA: Final = re.compile(rb"^data:[ \t]*\{.*\}(?=\s*$)", re.MULTILINE)
# In an event that is near a stream's end, in the spellings of all providers.
_LATE: Final = re.compile(
    rb'_tokens"|TokenCount"|"(?:finish_r|finishR|stop_r)eason"\s*:\s*"|_stop"|response\.completed"'
)


class DocumentResult:
    """Holds a JSON object, and adds the result to it. An array passes as it comes.

    What begins as neither is for `stream`: there are servers that call their streams documents.
    """

    def __init__(self, settle: Settle, stream: ResponseRewriter) -> None:
        self._settle = settle
        self._stream = stream
        self._first = b""
        self._held: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        self._first = self._first or chunk.lstrip()[:1]
        if self._is_stream():
            return self._stream.feed(chunk)
        if self._first != b"{":
            return chunk
        self._held.append(chunk)
        return b""

    def flush(self) -> bytes:
        if self._is_stream():
            return self._stream.flush()
        result = self._settle()
        body = b"".join(self._held)
        return body if result is None or not body.rstrip().endswith(b"}") else _insert(body, result)

    def _is_stream(self) -> bool:
        """Whether it is one of events: space may stand in front of anything."""
        return self._first not in (b"", b"{", b"[")


class StreamResult:
    """Adds the result to the last event that has data. What `inner` hides was never there."""

    def __init__(self, settle: Settle, inner: ResponseRewriter | None = None) -> None:
        self._settle = settle
        self._inner = inner
        # An event that is not over, and behind one that may be the last what came since.
        self._begun = b""
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        if self._inner is not None:
            chunk = self._inner.feed(chunk)
        *events, self._begun = _EVENT_END.split(self._begun + chunk)
        return b"".join(map(self._pass, events))

    def flush(self) -> bytes:
        result = self._settle()
        rest = self._held + self._begun + (b"" if self._inner is None else self._inner.flush())
        *_, last = [None, *_DATA.finditer(rest)]
        if result is None or last is None:
            return rest
        return rest[: last.start()] + _insert(last[0], result) + rest[last.end() :]

    def _pass(self, event: bytes) -> bytes:
        """What is to be shown now that `event` has come."""
        held = self._held
        if _LATE.search(event):
            self._held = event
            return held
        if held and b"{" not in event:
            self._held += event  # the end of the stream, or a comment
            return b""
        self._held = b""
        return held + event


def _insert(body: bytes, result: Result) -> bytes:
    """The JSON object with one more field, and every other byte as it was."""
    end = body.rindex(b"}")
    comma = b"" if body[:end].rstrip().endswith(b"{") else b","
    return body[:end] + comma + b'"xproxy_result":' + msgspec.json.encode(result) + body[end:]
