"""Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

Differs from that clause in one point: an event that the end of the body cuts off before its blank line is
kept, since some servers leave the last blank line out and a usage may be in it.
"""

from __future__ import annotations

import re

__all__ = ["begins_sse", "split_sse"]

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?:data|event|id|retry)?:")


def begins_sse(body: bytes) -> bool:
    """Whether the first line is one of an event, or a comment. JSON never begins so."""
    return _BEGINNING.match(body) is not None


def split_sse(body: bytes) -> list[tuple[str, bytes]]:
    """The events of a stream as (event name, data); an event without data is none."""
    messages: list[tuple[str, bytes]] = []
    name, data = "", list[bytes]()
    for line in _lines(body):
        if not line:
            if data:
                messages.append((name, b"\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode("utf-8", "replace")
    if data:
        messages.append((name, b"\n".join(data)))
    return messages


def _lines(body: bytes) -> list[bytes]:
    body = body.removeprefix(_BOM)
    # Nearly all servers end lines with \n alone, and bytes.split is many times faster than the pattern.
    return _LINE_END.split(body) if b"\r" in body else body.split(b"\n")
