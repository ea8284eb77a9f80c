"""How a body is cut into messages: pure functions `bytes -> frames`, one file a format. No provider here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from payi_transport.framing.eventstream import split_eventstream
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.framing.sse import begins_sse, split_sse

__all__ = ["Frames", "Framing", "find_framing", "is_stream"]

# (name, data) of each message, in order.
Frames = list[tuple[str, bytes]]
Framing = Callable[[bytes], Frames]

_STREAMS: dict[str, Framing] = {
    "text/event-stream": split_sse,
    "application/vnd.amazon.eventstream": split_eventstream,
    "application/x-ndjson": split_ndjson,
    "application/stream+json": split_ndjson,
}


def find_framing(content_type: str, body: bytes) -> Framing:
    """The framing of a body by its Content-Type value.

    Where that names no stream, a body may still begin as events do: SDKs read such a stream without asking
    for its type, which some servers and gateways leave out. Whatever is no stream is a document, or an array
    of them.
    """
    named = _STREAMS.get(_media_type(content_type))
    return named or (split_sse if begins_sse(body) else split_json)


def is_stream(framing: Framing) -> bool:
    """Whether a framing is that of a stream, which may be left early."""
    return framing is not split_json


# A server writes the same few with every answer.
@lru_cache(maxsize=256)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
