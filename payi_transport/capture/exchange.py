"""One call, as the request path remembers it. No I/O and no parsing.

A call is one of three types, by its state. A hook gets a `SentRequest` from the pipeline and sends the
request. `start_response` makes it an `OpenResponse`, and the hook appends each chunk of the body to the
buffer that `open_buffer` returns. `finish`, or `fail` in either state, makes it an `Exchange`: a plain
record that waits in the ring and is decoded later. Whichever of these ends the call first counts; later
ones do nothing. So a hook may report the end of a stream, its close and its garbage collection without
keeping track of which came first.

All three are msgspec Structs. One of each is made for every call, and Struct fields are set in C. The garbage
collector does not track an `Exchange`. It would visit each one again and again while it waits in the ring.
That is safe because a cycle through it could only lead through the ring, which the worker empties. The other
two must be tracked: the context of a caller may hold the response whose end they wait for.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any
from weakref import ReferenceType

import msgspec

from payi_transport.capture.buffers import TAIL_CHUNKS, find_limit
from payi_transport.capture.outcome import Outcome
from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.context.results import Result, ResultSlot
from payi_transport.routing.routes import Route
from payi_transport.runtime.clock import perf_counter, time
from payi_transport.values.error_text import describe_error
from payi_transport.values.event import Event
from payi_transport.values.headers import KeptHeaders

__all__ = ["Exchange", "Listener", "OpenResponse", "OpenResponses", "Outcome", "SentRequest"]

Append = Callable[[bytes], None]
# Called on a worker thread with the sink's response to a delivered event. Must never raise.
Listener = Callable[[Mapping[str, Any]], None]


class Exchange(msgspec.Struct, eq=False, gc=False):
    """A finished call. `timestamp` is from `time()`, other times from `perf_counter()`, all in seconds.

    `status` is None if no response came. `decoded` says that the HTTP library has already undone the content
    coding. `tail` has the last chunks of a body that is longer than `body_limit` bytes. `size` counts the
    bytes of the body in `chunks` and `tail`.
    """

    route: Route
    context: Frame
    log_content: bool
    request_headers: KeptHeaders
    request_body: bytes | None
    body_limit: int
    status: int | None
    response_headers: KeptHeaders
    decoded: bool
    chunks: list[bytes]
    tail: deque[bytes] | None
    size: int
    outcome: Outcome
    error: tuple[str, str] | None
    timestamp: float
    started: float
    first_byte: float | None
    ended: float
    caller: Context | Mapping[str, Any] | None = None  # As in `SentRequest`.
    result_slot: ResultSlot | None = None
    transcode: Callable[[bool, bytes], bytes] | None = None  # As in `SentRequest`.
    # Set by inline delivery, which decodes the event before the exchange gets into the ring.
    event: Event | None = None
    listener: Listener | None = None
    framed: bool = False  # Each chunk is a whole message of a WebSocket.

    @property
    def weight(self) -> int:
        """Bytes of content in memory, of request and response together."""
        return self.size + len(self.request_body or b"")

    @property
    def has_gap(self) -> bool:
        """Whether the middle of the body is missing because it was over the limit."""
        return self.tail is not None and len(self.tail) == TAIL_CHUNKS

    @property
    def result(self) -> Result | None:
        """Pay-i's result for the call, if it is known yet."""
        return None if self.result_slot is None else self.result_slot.result

    def take_result(self, result: Result) -> None:
        """Show the caller Pay-i's result for the call."""
        if self.result_slot is not None:
            self.result_slot.result = result

    def forget(self) -> None:
        """Drop all content and the caller's context, even if something still holds this exchange."""
        self.chunks.clear()
        if self.tail is not None:
            self.tail.clear()
        self.request_body = self.error = None
        self.caller = self.listener = self.event = None


# What is still open, so that shutdown can end it. A call that remembers its caller's context is here by its
# id, and weakly: a strong reference would keep that context alive, including the response whose garbage
# collection is what ends an abandoned call. Other calls are here as they are, which takes half of the time.
OpenResponses = dict[Any, "OpenResponse | ReferenceType[Any]"]


class SentRequest(msgspec.Struct, eq=False):
    """A request that was sent and has no response yet.

    `on_end` takes the finished exchange. `waits` says that the end of the call waits until it is reported, so
    that Pay-i's result can be part of the response; `result_slot` is where the caller looks for it.
    `collected` says that an outer hook adds the result (see `attempts.py`). `transcode(is_request, message)`
    makes JSON of a binary message.
    """

    on_end: Callable[[Exchange], None]
    route: Route
    context: Frame
    log_content: bool
    headers: KeptHeaders
    body: bytes | None
    body_limit: int
    open_responses: OpenResponses
    rewrite: RequestRewrite | None = None
    waits: bool = False
    result_slot: ResultSlot | None = None
    caller: Context | Mapping[str, Any] | None = None  # For the user's logger, or OpenTelemetry's own.
    collected: bool = False
    transcode: Callable[[bool, bytes], bytes] | None = None
    timestamp: float = msgspec.field(default_factory=time)
    started: float = msgspec.field(default_factory=perf_counter)
    ended: float = 0.0  # 0.0 while the call is open.
    _done_callbacks: list[Callable[[SentRequest], None]] | None = None
    # One item, emptied when the call ends. `list.pop` is atomic, so exactly one thread ends it.
    _unfinished: list[bool] = msgspec.field(default_factory=[True].copy)

    def start_response(
        self,
        status: int,
        headers: KeptHeaders,
        decoded: bool = False,
        *,
        request_headers: KeptHeaders | None = None,
        route: Route | None = None,
    ) -> OpenResponse:
        """Record the status and headers; the body is still to come.

        `request_headers` and `route` replace those of the request if the library has added headers of its own
        or followed a redirect.
        """
        response = OpenResponse(self, status, headers, decoded, request_headers, route)
        if self.caller is None:
            self.open_responses[self] = response
        else:
            self.open_responses[id(self)] = ReferenceType(response)
        return response

    def fail(self, error: BaseException) -> None:
        """End the call with an exception, before any response."""
        self.end(None, Outcome.FAILED, error, 0)

    def discard(self) -> None:
        """End the call without an event, as for a redirect."""
        self._unfinished.clear()
        self.open_responses.pop(self if self.caller is None else id(self), None)
        self.body = self.caller = None

    def add_done_callback(self, callback: Callable[[SentRequest], None]) -> None:
        """Call `callback` once the call has ended, or now if it has. It must never raise."""
        callbacks = self._done_callbacks = self._done_callbacks or []
        callbacks.append(callback)
        if self.ended:
            self._run_done_callbacks()

    @property
    def brings_result(self) -> bool:
        """Whether Pay-i's result may be known at the end: from the call's report, or from the proxy."""
        return self.waits or (self.rewrite is not None and self.rewrite.counted)

    @property
    def result(self) -> Result | None:
        """Pay-i's result for the call, if it is known yet."""
        return None if self.result_slot is None else self.result_slot.result

    def end(
        self, response: OpenResponse | None, outcome: Outcome, error: BaseException | None, size: int
    ) -> None:
        """End the call, as `finish` and `fail` do, which call this.

        All content moves into the finished record, because the caller may keep the response for a long time.
        """
        # Nearly every call gets here twice, the second time from `close` or a finalizer.
        if not self._unfinished:
            return
        try:
            self._unfinished.pop()
        except IndexError:
            return
        self.open_responses.pop(self if self.caller is None else id(self), None)
        self.ended = perf_counter()
        if response is None:
            response = OpenResponse(self, 0, ())  # Without a status: nothing came.
        # `size` is right if the hook counted the body and all of it was kept.
        if response.tail is not None or not size:
            size = sum(map(len, response.chunks)) + sum(map(len, response.tail or ()))
        exchange = Exchange(
            response.route or self.route,
            self.context,
            self.log_content,
            response.request_headers or self.headers,
            self.body,
            self.body_limit,
            response.status or None,
            response.headers,
            response.decoded,
            response.chunks,
            response.tail,
            size,
            outcome,
            None if error is None else describe_error(error),
            self.timestamp,
            self.started,
            response.first_byte,
            self.ended,
            self.caller,
            self.result_slot,
            self.transcode,
        )
        self.body = None
        if self.caller is not None:
            self.caller = None
        # Called in one step, a function in a field would be looked up as a method first.
        on_end = self.on_end
        on_end(exchange)
        if self._done_callbacks is not None:
            self._run_done_callbacks()

    def _run_done_callbacks(self) -> None:
        while self._done_callbacks:
            self._done_callbacks.pop()(self)


class OpenResponse(msgspec.Struct, eq=False, weakref=True):
    """A response whose body is still arriving."""

    request: SentRequest
    status: int
    headers: KeptHeaders
    decoded: bool = False
    request_headers: KeptHeaders | None = None
    route: Route | None = None
    chunks: list[bytes] = []
    tail: deque[bytes] | None = None
    first_byte: float | None = None

    def open_buffer(self, size: int) -> tuple[Append, int]:
        """Return where to append chunks of a body that has reached `size` bytes, and up to which size.

        Call it for the first chunk, and again when the body outgrows the returned size; from then on only
        the last chunks are kept.
        """
        if self.first_byte is None:
            self.first_byte = perf_counter()
        limit = find_limit(self.request.body_limit, size, self.headers, self.decoded)
        if size <= limit:
            return self.chunks.append, limit
        self.tail = deque(maxlen=TAIL_CHUNKS)
        return self.tail.append, sys.maxsize

    def append(self, body: bytes) -> None:
        """Record a whole body at once."""
        self.open_buffer(len(body))[0](body)

    def finish(self, outcome: Outcome = Outcome.EXHAUSTED, size: int = 0) -> None:
        """End the call. `size` is that of the whole body in bytes, where the hook has counted it."""
        self.request.end(self, outcome, None, size)

    def fail(self, error: BaseException) -> None:
        """End the call with an exception.

        Only its type and text are kept. The object itself refers to stack frames, and they to the request.
        """
        self.request.end(self, Outcome.FAILED, error, 0)

    def finish_for_result(self) -> Result | None:
        """End the call, wait for its report if it `waits`, and return Pay-i's result."""
        self.finish()
        return self.request.result
