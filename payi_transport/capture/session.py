"""A WebSocket connection, as the request path remembers it. No I/O and no parsing.

A hook calls `send` and `receive` for each message, in the order in which they pass, and `finish` at the
end. Messages are kept by reference in a deque. What may end a response gives the worker a `SessionWork`,
which only says where to look: the worker takes everything out of the deque, understands it, and forgets it.
A deque needs no lock, although the two directions may belong to two threads. A message of audio is recognized
by its beginning and not kept at all, so a session of any length occupies little memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from payi_transport.capture.exchange import Outcome
from payi_transport.context.entered import find_entered
from payi_transport.context.frame import Frame
from payi_transport.providers.shared.turns import END, SKIP, SessionRules, SocketMessage, TurnReader
from payi_transport.routing.routes import Route
from payi_transport.runtime.clock import perf_counter, time
from payi_transport.values.headers import Headers

__all__ = ["Session", "SessionWork"]

# The worker looks at least once for so many bytes, so that messages which end nothing do not pile up.
_MAX_BYTES = 1 << 18


class Session:
    """A connection that is open. `frame` is that of the scope in which it was opened, None outside all scopes
    if only calls in scopes are recorded.

    `push` gives the worker something to look at; it returns False if there is no room, and then the messages
    since the last look are lost. `reader` belongs to the worker.
    """

    def __init__(
        self,
        push: Callable[[SessionWork], bool],
        rules: SessionRules,
        route: Route,
        frame: Frame | None,
        request_headers: Headers = (),
        *,
        model: str | None = None,
        log_content: bool = True,
        body_limit: int = 1 << 24,
        remember: Callable[[], Any] | None = None,
    ) -> None:
        self.route = route
        self.frame = frame
        self.request_headers = request_headers
        self.response_headers: Headers = ()
        self.log_content = log_content
        self.body_limit = body_limit
        self.remember = remember
        # That of the connection. A message has its own.
        self.caller = None if remember is None else remember()
        self.model = model
        self.timestamp = time()
        self.started = perf_counter()
        self.messages: deque[SocketMessage] = deque()
        self.reader: TurnReader = rules.make_reader(model, body_limit)
        # The status and the body of a response that refused the connection.
        self.refusal: tuple[int, bytes] | None = None
        # Set once messages are lost, until the worker has seen it.
        self.has_lost = False
        entered = find_entered()
        # Identifies the scope around the connection. What headers have set in it must not be lost to a
        # message that is sent in the same scope.
        self._opened_in = None if entered is None else entered.frame
        self._push = push
        self._look_sent = rules.look_sent
        self._look_received = rules.look_received
        self._skips = False
        self._bytes = 0
        # How many messages since the last look may end a response.
        self._ends = 0
        self._unfinished = [True]

    def send(self, data: bytes) -> None:
        """Remember a message that the program has sent."""
        kind = self._look_sent(data)
        if kind == SKIP:
            return
        entered = find_entered()
        frame = None if entered is None or entered.frame is self._opened_in else entered.frame
        caller = None if self.remember is None else self.remember()
        self.messages.append(SocketMessage(True, data, perf_counter(), frame, caller))
        self._bytes += len(data)
        if self._bytes > _MAX_BYTES:
            self._hand_over()

    def receive(self, data: bytes) -> None:
        """Remember a message that has arrived."""
        kind = self._look_received(data)
        if kind == SKIP:
            # What is skipped may be the first of a response, and then says when it began.
            if not self._skips:
                self._skips = True
                self.messages.append(SocketMessage(False, b"", perf_counter()))
            return
        self._skips = False
        self.messages.append(SocketMessage(False, data, perf_counter()))
        self._bytes += len(data)
        if kind == END:
            self._ends += 1
            self._hand_over()
        elif self._bytes > _MAX_BYTES:
            self._hand_over()

    def finish(self, outcome: Outcome = Outcome.CLOSED, error: tuple[str, str] | None = None) -> None:
        """End the session. Only the first call counts; `error` has the type and text of what cut it."""
        try:
            self._unfinished.pop()
        except IndexError:
            return
        self._hand_over(outcome, error)

    def _hand_over(self, outcome: Outcome | None = None, error: tuple[str, str] | None = None) -> None:
        weight, ends = self._bytes, self._ends
        self._bytes = self._ends = 0
        if not self._push(SessionWork(self, weight, ends, outcome, error)):
            self.has_lost = True
            self.messages.clear()

    def __del__(self) -> None:
        self.finish(Outcome.ABANDONED)


class SessionWork:
    """What gives the worker something to look at: `weight` bytes of messages since the last look.

    `ends` is how many responses they may end. `outcome` and `error` are those of the session, None while it
    is open.
    """

    __slots__ = ("ended", "ends", "error", "outcome", "session", "weight")

    def __init__(
        self,
        session: Any,
        weight: int,
        ends: int,
        outcome: Outcome | None = None,
        error: tuple[str, str] | None = None,
    ) -> None:
        self.session: Session = session
        self.weight = weight
        self.ends = ends
        self.outcome = outcome
        self.error = error
        self.ended = perf_counter()
