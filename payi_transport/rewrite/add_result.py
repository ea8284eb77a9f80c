"""Adding `xproxy_result` to a response in inline delivery: to a JSON object, or to a stream's last event.

The result is known only after the call was reported, and that takes the whole body. So the part that will
carry the result has to be held back until then. A JSON object is held back to its end; callers read it whole
anyway. A JSON array passes at once, because it may be a stream and has no place for a result. In a stream of
events, only an event that may be the last one with data is held back: one that has a token count or a finish
reason. If another event with data follows, the one held back is passed on first. So a stream is delayed at
its end, not chunk by chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.context.results import Result
from payi_transport.rewrite.event_splitter import EventSplitter
from payi_transport.values.patterns import lazy_compile

__all__ = ["DocumentResult", "StreamResult"]

# Ends the call, waits until it is reported, and returns Pay-i's result.
FinishCall = Callable[[], Result | None]

_DATA: Final = lazy_compile(rb"^data:[ \t]*\{.*\}(?=\s*$)", re.MULTILINE)
# What only events near the end of a stream have, as each provider spells it.
_NEAR_END: Final = lazy_compile(
    rb'_tokens"|TokenCount"|"(?:finish_r|finishR|stop_r)eason"\s*:\s*"|_stop"|response\.completed"'
)


class DocumentResult:
    """Holds back a JSON object and adds the result to it. An array passes unchanged.

    A body that starts as neither goes to `stream`: some servers label event streams as JSON.
    """

    def __init__(self, finish_call: FinishCall, stream: ResponseRewriter) -> None:
        self._finish_call = finish_call
        self._stream = stream
        # The first byte that is not whitespace.
        self._first = b""
        self._buffered: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        self._first = self._first or chunk.lstrip()[:1]
        if self._is_stream():
            return self._stream.feed(chunk)
        if self._first != b"{":
            return chunk
        self._buffered.append(chunk)
        return b""

    def flush(self) -> bytes:
        if self._is_stream():
            return self._stream.flush()
        result = self._finish_call()
        body = b"".join(self._buffered)
        return body if result is None or not body.rstrip().endswith(b"}") else _insert(body, result)

    def _is_stream(self) -> bool:
        """Whether this is a stream of events. Until a byte other than whitespace arrives, that is unknown."""
        return self._first not in (b"", b"{", b"[")


class StreamResult:
    """Adds the result to the last event that has data. Events that `inner` hides do not count."""

    def __init__(self, finish_call: FinishCall, inner: ResponseRewriter | None = None) -> None:
        self._finish_call = finish_call
        self._inner = inner
        self._splitter = EventSplitter()
        # An event that may be the last one with data, and whatever followed it.
        self._buffered: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        if self._inner is not None:
            chunk = self._inner.feed(chunk)
        return b"".join(map(self._pass, self._splitter.feed(chunk)))

    def flush(self) -> bytes:
        result = self._finish_call()
        rest = b"".join((*self._buffered, *self._splitter.take_rest()))
        rest += b"" if self._inner is None else self._inner.flush()
        *_, last = [None, *_DATA.finditer(rest)]
        if result is None or last is None:
            return rest
        return rest[: last.start()] + _insert(last[0], result) + rest[last.end() :]

    def _pass(self, event: bytes) -> bytes:
        """Return what to pass on now that `event` has arrived."""
        if self._buffered and b"{" not in event:
            self._buffered.append(event)  # `[DONE]` or a comment
            return b""
        buffered, self._buffered = self._buffered, []
        if _NEAR_END.search(event) is None:
            return b"".join((*buffered, event))
        self._buffered = [event]
        return b"".join(buffered)


def _insert(body: bytes, result: Result) -> bytes:
    """Return the JSON object with one more field at its end, and every other byte unchanged."""
    # Decoding and encoding the object would change numbers, order, and spacing that the caller may depend
    # on.
    end = body.rindex(b"}")
    comma = b"" if body[:end].rstrip().endswith(b"{") else b","
    return body[:end] + comma + b'"xproxy_result":' + msgspec.json.encode(result) + body[end:]
