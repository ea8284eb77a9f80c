"""How a body is cut into messages: pure functions `bytes -> frames`, one file a format. No provider here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from payi_transport.framing.eventstream import split_eventstream
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.framing.sse import split_sse

__all__ = ["Frames", "find_framing", "is_stream"]

# (name, data) of each message, in order.
Frames = list[tuple[str, bytes]]

_STREAMS: dict[str, Callable[[bytes], Frames]] = {
    "text/event-stream": split_sse,
    "application/vnd.amazon.eventstream": split_eventstream,
    "application/x-ndjson": split_ndjson,
    "application/stream+json": split_ndjson,
}


def find_framing(content_type: str) -> Callable[[bytes], Frames]:
    """The framing of a Content-Type value; whatever is no stream is a document, or an array of them."""
    return _STREAMS.get(_media_type(content_type), split_json)


def is_stream(content_type: str) -> bool:
    """Whether a Content-Type value is that of a stream, which may be left early."""
    return _media_type(content_type) in _STREAMS


# A server writes the same few with every answer.
@lru_cache(maxsize=256)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
