"""How a body is cut into messages: pure functions `bytes -> frames`, one file a format. No provider here."""

from __future__ import annotations

from collections.abc import Callable

from payi_transport.framing.document import split_document
from payi_transport.framing.sse import split_sse

__all__ = ["Frames", "find_framing"]

# (name, data) of each message, in order.
Frames = list[tuple[str, bytes]]

_FRAMINGS: dict[str, Callable[[bytes], Frames]] = {"text/event-stream": split_sse}


def find_framing(content_type: str) -> Callable[[bytes], Frames]:
    """The framing of a Content-Type value; whatever is no stream is a document."""
    return _FRAMINGS.get(content_type.partition(";")[0].strip().lower(), split_document)
