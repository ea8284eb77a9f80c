"""The types in which a provider says how the messages of a WebSocket are understood.

A connection is a session: both sides send messages at any time, and each response is made of some of those
that arrived. A turn is one response with the message that asked for it. A `TurnReader` sorts the messages of
one session into turns, one message at a time, and forgets a turn once it has returned it. It runs on the
worker's thread. The request path only looks at a bounded part of each message, by the two functions of a
`SessionRules`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

__all__ = ["END", "KEEP", "SKIP", "Look", "SessionRules", "SocketMessage", "Turn", "TurnReader"]

# What the request path does with a message. Skip what holds media and nothing else. Keep what is only
# understood together with later messages. Wake the worker for what may end a response.
SKIP: Final = 0
KEEP: Final = 1
END: Final = 2

# Returns one of the three for a message. Runs on the caller's thread for each message, so it must look at a
# bounded part of it. Whatever it can't tell is an END.
Look = Callable[[bytes], int]


class SocketMessage(NamedTuple):
    """A message of a session: who sent it, its bytes, and when, from `perf_counter()`.

    `data` is empty for the first of several messages that were skipped, which tells when they began.

    `scope` is the frame of the scope in which the program sent it, None outside all scopes. `caller` is
    what is remembered of its context, if anything is.
    """

    sent: bool
    data: bytes
    time: float
    scope: Any = None
    caller: Any = None


class Turn:
    """One response of a session, complete or not.

    `request` is the message that asked for it, None if the server started it by itself. `context` holds what
    else was sent before it, and `messages` the bytes that arrived. `model` is the one that served it, if the
    messages don't name it, and `status` the HTTP status of an error, if the provider states one. `first` and
    `ended` are the times of the first and the last message.
    """

    __slots__ = ("context", "ended", "finished", "first", "messages", "model", "request", "size", "status")

    def __init__(self, request: SocketMessage | None = None, model: str | None = None) -> None:
        self.request = request
        self.model = model
        self.context: list[bytes] = []
        self.messages: list[bytes] = []
        self.first: float | None = None
        self.ended: float | None = None
        self.finished = False
        self.status: int | None = None
        self.size = 0

    def add(self, message: SocketMessage, limit: int) -> None:
        """Add a message that arrived. Beyond `limit` bytes, the beginning and the last message are kept."""
        if self.first is None:
            self.first = message.time
        self.ended = message.time
        if not message.data:
            return
        self.size += len(message.data)
        if self.size > limit and len(self.messages) > 1:
            # The usage comes last.
            self.size -= len(self.messages.pop())
        self.messages.append(message.data)

    def finish(self) -> Turn:
        """Mark it as complete, and return it."""
        self.finished = True
        return self


class TurnReader(Protocol):
    """Sorts the messages of one session into turns. Must not raise, whatever a message holds."""

    def read(self, message: SocketMessage) -> list[Turn]:
        """Return the turns that a message completes."""
        ...

    def close(self) -> list[Turn]:
        """Return the turns that are still open at the end of the session, and forget everything."""
        ...

    def skip(self) -> None:
        """Forget the turns that are open, because messages were lost."""
        ...


class SessionRules(msgspec.Struct, frozen=True):
    """How the messages of a WebSocket API are understood.

    `make_reader(model, limit)` makes the reader of one session. `model` is what the URL names, if it does,
    and `limit` is how many bytes of one response are kept. `model_parameters` are the names of the query
    parameters that name the model, the first one present counts.
    """

    look_sent: Look
    look_received: Look
    make_reader: Callable[[str | None, int], TurnReader]
    model_parameters: tuple[str, ...] = ()
