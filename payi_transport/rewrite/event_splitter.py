"""Split a stream of server-sent events into events as it arrives, in time linear in its size.

An event may be megabytes long, as one with an image is, and come in thousands of chunks. So what has arrived
of it is kept in pieces, and only the bytes that are new are searched for its end.
"""

from __future__ import annotations

from typing import Final

from payi_transport.values.patterns import lazy_compile

__all__ = ["EVENT_ENDS", "EventSplitter"]

# A blank line ends an event; lines end with \n, \r or both.
EVENT_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_END: Final = lazy_compile(rb"(?<=\n\n)|(?<=\n\r\n)|(?<=\r\r)")
# The most bytes before a chunk that, with its first byte, can end an event.
_BEFORE: Final = 2


class EventSplitter:
    """Take chunks, and return the events that each completes. `size` is that of the incomplete event."""

    __slots__ = ("_pieces", "_tail", "size")

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        # The last bytes of the pieces.
        self._tail = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events that end in `chunk`, each with its blank line."""
        # Nearly always a chunk is one event. Check that first, as the pattern tests every position.
        if not self.size and len(chunk) > 1 and chunk.find(b"\n\n") == len(chunk) - 2 and b"\r" not in chunk:
            return [chunk]
        # The last byte of an event's end is one of these. Bytes of an image have neither.
        if b"\n" not in chunk and b"\r" not in chunk:
            self.keep(chunk)
            return []
        offset = len(self._tail)
        ends = [
            match.start() - offset
            for match in _END.finditer(self._tail + chunk)
            # What ended before this chunk was no end then.
            if match.start() > offset
        ]
        events: list[bytes] = []
        start = 0
        for end in ends:
            events.append(b"".join((*self.take_rest(), chunk[start:end])))
            start = end
        self.keep(chunk[start:])
        return events

    def take_rest(self) -> list[bytes]:
        """Return the pieces of the incomplete event, and forget them."""
        pieces, self._pieces = self._pieces, []
        self.size, self._tail = 0, b""
        return pieces

    def keep(self, rest: bytes) -> None:
        """Add bytes of the incomplete event, in which it does not end."""
        if rest:
            self._pieces.append(rest)
            self.size += len(rest)
            self._tail = (self._tail + rest[-_BEFORE:])[-_BEFORE:]

    def join_rest(self) -> bytes:
        """Return the incomplete event so far, and keep it."""
        rest = b"".join(self._pieces)
        self._pieces = [rest] if rest else []
        return rest
