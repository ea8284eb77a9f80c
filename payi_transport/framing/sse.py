"""Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

Two rules differ from the standard. It discards an event that is not followed by a blank line. Here it is
kept, because some servers leave out the last blank line, and the last event is the one with the usage. And
where there is no event at all, it has nothing. Some servers call JSON a stream of events, so that is split as
JSON.
"""

from __future__ import annotations

from payi_transport.framing.json_text import split_json
from payi_transport.values.patterns import lazy_compile

__all__ = ["begins_sse", "split_sse"]

# The standard allows all three line ends, even mixed in one stream. `\r\n` comes first, or it would count
# as two.
_LINE_END = lazy_compile(rb"\r\n|\n|\r")
_DATA = b"data: "
# What is between the data of two events that have nothing else.
_BETWEEN = b"\n\n" + _DATA
_BOM = b"\xef\xbb\xbf"
# The field name is optional because a comment begins with a bare colon, which servers send to keep a
# connection alive.
_BEGINNING = lazy_compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*[\r\n])*(?:data|event|id|retry)?:")


def begins_sse(body: bytes) -> bool:
    """Whether the first line is a field of an event, or a comment. JSON never begins like that."""
    # Nearly all bodies that state no stream are an object.
    return not body.startswith(b"{") and _BEGINNING.match(body) is not None


def split_sse(body: bytes) -> list[tuple[str, bytes]]:
    """Return the events of a stream as (event name, data). An event without data is ignored."""
    events = _split_plain(body) or _split_lines(body)
    return events or (split_json(body) if body.lstrip().startswith((b"{", b"[")) else [])


def _split_plain(body: bytes) -> list[tuple[str, bytes]] | None:
    """Return the events of a stream if each is one line of data, as nearly all of OpenAI's are, else None."""
    if b"\r" in body or not body.startswith(_DATA):
        return None
    # The last blank line may be missing, wholly or in part.
    lines = body[len(_DATA) :].removesuffix(b"\n").removesuffix(b"\n")
    events = lines.split(_BETWEEN)
    # Counting in the whole body takes a fraction of the time of looking at each line.
    if lines.count(b"\n") != _BETWEEN.count(b"\n") * (len(events) - 1):
        return None
    return [("", data) for data in events]


def _split_lines(body: bytes) -> list[tuple[str, bytes]]:
    messages: list[tuple[str, bytes]] = []
    name, data = "", list[bytes]()
    for line in _lines(body):
        if not line:
            if data:
                messages.append((name, b"\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        # Only one space after the colon belongs to the format; any more is part of the value. The fields
        # `id` and `retry` only matter to a client that reconnects.
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode("utf-8", "replace")
    if data:
        messages.append((name, b"\n".join(data)))
    return messages


def _lines(body: bytes) -> list[bytes]:
    body = body.removeprefix(_BOM)
    # Nearly all servers end lines with \n alone, and bytes.split() is many times faster than the pattern.
    return _LINE_END.split(body) if b"\r" in body else body.split(b"\n")
