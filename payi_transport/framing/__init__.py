"""How a body splits into messages, by its content type.

Each format is a pure function `bytes -> Messages` over the whole body, in a module of its own. Parsing
happens after the call has ended, so no parser keeps state between chunks, and none depends on how the
network cut the body. Bodies may be incomplete: a format keeps every message that is whole. Nothing here
knows a provider.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from payi_transport.framing.eventstream import split_eventstream
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.framing.sse import begins_sse, split_sse

__all__ = ["Framing", "Messages", "find_framing", "find_stated_framing", "is_stream"]

# (name, data) of each message, in order.
Messages = list[tuple[str, bytes]]
Framing = Callable[[bytes], Messages]

_STREAMS: dict[str, Framing] = {
    "text/event-stream": split_sse,
    "application/vnd.amazon.eventstream": split_eventstream,
    "application/x-ndjson": split_ndjson,
    # The type of the streams of Cohere's first API version.
    "application/stream+json": split_ndjson,
}


def find_framing(content_type: str, body: bytes) -> Framing:
    """Return the framing of a body with this Content-Type value.

    Some servers and gateways leave the type of a stream out or call it JSON, and SDKs read the stream
    anyway. So a body that begins like server-sent events is read as such. Everything else is one document,
    or an array of them.
    """
    # A stated stream type is trusted without a look at the body. JSON is not: gateways use that type for
    # streams too.
    return find_stated_framing(content_type) or (split_sse if begins_sse(body) else split_json)


# A process sees few different values, and sees them with every response.
@lru_cache(maxsize=256)
def find_stated_framing(content_type: str) -> Framing | None:
    """Return the framing of a stream whose Content-Type value states it, None for any other value."""
    return _STREAMS.get(content_type.partition(";")[0].strip().lower())


def is_stream(framing: Framing) -> bool:
    """Whether a framing is that of a stream, which a caller may leave early."""
    # An array may be a stream of Google's, but nothing outside the body tells it from any other JSON.
    return framing is not split_json
