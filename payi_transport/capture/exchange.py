"""One request and the bytes of its answer, as the request path remembers them. No I/O and no parsing.

An adapter calls `begin_answer` when the head of the answer is there, appends each chunk to what `open_lane`
hands out, and ends with `finish` or `fail`: whichever comes first counts, the rest is ignored.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from enum import Enum
from functools import partial
from time import perf_counter, time
from typing import Any, NamedTuple, Protocol
from weakref import ReferenceType

import msgspec

from payi_transport.context.frame import Frame
from payi_transport.context.results import Result, ResultSlot
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event
from payi_transport.values.headers import Headers

__all__ = ["BlockedResponse", "Exchange", "Listener", "Outcome", "RequestRewrite", "ResponseRewriter"]

Append = Callable[[bytes], None]
Listener = Callable[[Mapping[str, Any]], None]

# How many of the last chunks of a body over its limit are kept: usage comes last.
TAIL_CHUNKS = 64


class Outcome(Enum):
    """How an answer ended."""

    EXHAUSTED = "exhausted"  # read to its end
    CLOSED = "closed"  # closed by the caller before its end
    ABANDONED = "abandoned"  # never closed: collected as garbage, or open when the reporting ended
    FAILED = "failed"  # an exception, a cancellation among them


class BlockedResponse(NamedTuple):
    """An answer of our own, to a request that is not sent at all."""

    status: int
    headers: Headers
    body: bytes


class RequestRewrite(NamedTuple):
    """What goes out in place of the caller's request; what is None or empty stays as it is.

    `base` takes the place of the URL's scheme and host, its path and query stay behind it. `headers` replace
    those of the same name, `without` are names (lower case) that are left out. `plain`: the answer is to come
    without a content coding, as it is changed on its way. `hides_usage`: the body asks for a usage chunk that
    the caller did not ask for. `counted`: Pay-i sees the call by itself, so there is nothing to report.
    `refusal` is answered instead, and nothing is sent.
    """

    base: str | None = None
    headers: Headers = ()
    without: frozenset[bytes] = frozenset()
    body: bytes | None = None
    plain: bool = False
    hides_usage: bool = False
    counted: bool = False
    refusal: BlockedResponse | None = None


class ResponseRewriter(Protocol):
    """Changes what the caller sees of a stream. Must never raise."""

    def feed(self, chunk: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


def _text_of(error: BaseException) -> str:
    # The caller's own exceptions pass here too, and what their __str__ raises is not to take their place.
    try:
        text = str(error)
    except Exception:
        return ""
    # Lone surrogates have no encoding.
    return text.encode("utf-8", "replace").decode()


class Exchange(msgspec.Struct, eq=False, weakref=True):
    """A call in the making; a plain record once it is finished.

    A Struct since one is made a call, and its C code sets the fields in a third of the time.
    """

    # Takes the exchange once it has ended.
    push: Callable[[Exchange], None]
    route: Route
    context: Frame
    log_content: bool
    request_headers: Headers
    request_body: bytes | None
    body_limit: int
    # Where it is to be found by its id from the head of its answer to its end. Weakly: were it held, so would
    # be what its caller's context variables hold, and that may be the very answer that ends when let go of.
    answering: dict[int, ReferenceType[Exchange]] = {}
    # The caller's context variables at the time of the request, where somebody will want them.
    caller: Context | None = None
    # Is told the destination's answer once the event is delivered, on a worker's thread. Never raises.
    listener: Listener | None = None
    # Is called behind the end of the answer, once. Never raises.
    then: Callable[[Exchange], None] | None = None
    detour: RequestRewrite | None = None
    rewriter: ResponseRewriter | None = None
    # With inline delivery, the end of the exchange waits for its own report, and has its result then.
    waits: bool = False
    # Where the caller is to see what Pay-i says of the call.
    result_slot: ResultSlot | None = None
    # A hook further out shows the result, see begun.py.
    collected: bool = False
    event: Event | None = None
    status: int | None = None
    response_headers: Headers = ()
    decoded: bool = False
    chunks: list[bytes] = []
    tail: deque[bytes] | None = None
    size: int = 0
    outcome: Outcome = Outcome.EXHAUSTED
    error: tuple[str, str] | None = None
    timestamp: float = msgspec.field(default_factory=time)
    started: float = msgspec.field(default_factory=perf_counter)
    first_byte: float | None = None
    ended: float = 0.0
    # Emptied by whoever ends the exchange: list.pop is atomic, so there is only one.
    _unfinished: list[bool] = msgspec.field(default_factory=partial(list, (True,)))

    def begin_answer(self, status: int, headers: Headers) -> None:
        """The head of the answer is there."""
        self.status = status
        self.response_headers = headers
        self.answering[id(self)] = ReferenceType(self)

    def open_lane(self, size: int) -> tuple[Append, int]:
        """Where to append chunks, and up to which number of bytes, once the body has reached `size`.

        Asked for the first chunk and again when the body outgrows the number given: from there on only its
        tail is kept.
        """
        if self.first_byte is None:
            self.first_byte = perf_counter()
        if size <= self.body_limit:
            return self.chunks.append, self.body_limit
        self.tail = deque(maxlen=TAIL_CHUNKS)
        return self.tail.append, sys.maxsize

    def feed_whole(self, body: bytes) -> None:
        """The body of an answer that the transport had read and decoded already."""
        self.decoded = True
        append, _ = self.open_lane(len(body))
        append(body)

    def finish(self, outcome: Outcome = Outcome.EXHAUSTED) -> None:
        """The answer is over."""
        self._end(outcome, None)

    def fail(self, error: BaseException) -> None:
        """The call, or the reading of its answer, ended in an exception.

        Only its name and text are kept: the object holds frames, and they hold the request.
        """
        self._end(Outcome.FAILED, error)

    def _end(self, outcome: Outcome, error: BaseException | None) -> None:
        # Every call comes by here again, at close and as garbage: asking is cheaper than an exception.
        if not self._unfinished:
            return
        try:
            self._unfinished.pop()
        except IndexError:
            return
        self.answering.pop(id(self), None)
        self.ended = perf_counter()
        self.outcome = outcome
        if error is not None:
            self.error = type(error).__name__, _text_of(error)
        # Who read the whole of it knows the size; over the limit that is not what is held.
        if self.tail or not self.size:
            self.size = sum(map(len, self.chunks)) + sum(map(len, self.tail or ()))
        self.push(self)
        then, self.then = self.then, None
        if then is not None:
            then(self)

    @property
    def brings_result(self) -> bool:
        """Whether Pay-i's result may be known at the end: of a report that is waited for, or by its proxy."""
        return self.waits or (self.detour is not None and self.detour.counted)

    @property
    def result(self) -> Result | None:
        """What Pay-i said of the call, if it did so already."""
        return None if self.result_slot is None else self.result_slot.result

    def take_result(self, result: Result) -> None:
        """Pay-i said this of the call."""
        if self.result_slot is not None:
            self.result_slot.result = result

    def settle(self) -> Result | None:
        """The answer is over; what Pay-i says of it, where the exchange waits for that."""
        self.finish()
        return self.result

    def discard(self) -> None:
        """The answer needs no event, as a redirect does not."""
        self._unfinished.clear()
        self.answering.pop(id(self), None)

    @property
    def weight(self) -> int:
        """Bytes of content that this exchange holds, once it is finished."""
        return self.size + len(self.request_body or b"")

    @property
    def has_gap(self) -> bool:
        """Whether the middle of the body was left out, as it was over its limit."""
        return self.tail is not None and len(self.tail) == TAIL_CHUNKS

    def forget(self) -> None:
        """Let go of every byte of content, whoever may still hold this exchange."""
        self.chunks.clear()
        self.tail = None
        self.request_body = None
        self.error = None
