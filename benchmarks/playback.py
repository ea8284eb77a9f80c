"""Calls as a hook records them, without an HTTP library, so that this library alone is measured."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from benchmarks.corpus import ANSWER_HEADERS, OBSERVED_URL, REQUEST_HEADERS, RESPONSE_ID, Script
from benchmarks.soak import start_ingest
from payi_transport import Event, PayiInstrumentConfig, Receipt, Sink, payi_instrument, payi_uninstrument
from payi_transport.capture.exchange import Exchange, OpenResponse
from payi_transport.capture.rewrites import HookAbilities
from payi_transport.client.account import PayiAccount
from payi_transport.decode.decode import decode
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.routing.routes import Route
from payi_transport.sinks.payi import PayiSink
from payi_transport.values.headers import Headers

__all__ = [
    "ASLEEP",
    "CountingSink",
    "Player",
    "check_event",
    "make_events",
    "make_exchanges",
    "open_sink",
    "record_to",
]

# With this, the worker leaves all that comes where it is until somebody flushes.
ASLEEP: PayiInstrumentConfig = {"delivery": {"flush_interval": 3600, "max_batch": 65536}}

_HEADERS = tuple(chain.from_iterable((key.encode(), text.encode()) for key, text in REQUEST_HEADERS.items()))
_ID = RESPONSE_ID.encode()


class CountingSink:
    """Counts events and lets go of them, so that memory stays flat however long a run is."""

    batch_limit = None

    def __init__(self) -> None:
        self.count = 0

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        self.count += len(batch)
        return Receipt()

    def fork(self) -> None:
        self.count = 0

    def close(self) -> None:
        """Nothing to let go of."""


@contextlib.contextmanager
def open_sink() -> Iterator[PayiSink]:
    """The sink of the library's own choice, to an ingest server in another process."""
    with start_ingest() as url:
        yield PayiSink(PayiAccount(url, "payi-key"))


@contextlib.contextmanager
def record_to(
    sink: Sink, config: PayiInstrumentConfig | None = None, *, content: bool = True
) -> Iterator[Pipeline]:
    """The pipeline that `payi_instrument()` builds; `content` says whether events hold the bodies."""
    payi_instrument(sink=sink, config=config, log_prompt_and_response=content)
    # The benchmark drives the pipeline directly, and no public name leads to it.
    pipeline = get_active()
    assert pipeline is not None
    try:
        yield pipeline
    finally:
        payi_uninstrument()


class Player:
    """Plays calls of one script. All bytes are new objects each time, as a socket gives them.

    Each call has an id of its own. The worker takes another way for one that has come before.
    """

    def __init__(self, pipeline: Pipeline, script: Script) -> None:
        route = pipeline.routes.find("POST", "https", "api.openai.com", None, "/v1/chat/completions")
        assert route is not None and route.uri == OBSERVED_URL
        self._route: Route = route
        self._pipeline = pipeline
        self._request = script.request
        self._answer = script.answer_with_usage or script.answer
        self._head = (b"content-type", self._answer.content_type.encode(), *chain(*ANSWER_HEADERS))
        self._numbers = itertools.count()
        # Bytes of content a call.
        self.size = len(script.request) + sum(map(len, self._answer.chunks))

    def play(self) -> None:
        """A call from its beginning to its end."""
        response, size = self._receive()
        response.finish(size=size)

    def make(self) -> Exchange:
        """A call from its beginning to its end whose exchange no worker gets."""
        ended: list[Exchange] = []
        response, size = self._receive(ended.append)
        response.finish(size=size)
        return ended[0]

    def _receive(self, on_end: Callable[[Exchange], None] | None = None) -> tuple[OpenResponse, int]:
        """A call whose response has arrived but not ended, and the size of its body in bytes."""
        request = self._pipeline.begin(
            self._route, _renew_all(_HEADERS), _renew(self._request), HookAbilities()
        )
        assert request is not None
        if on_end is not None:
            request.on_end = on_end
        response = request.start_response(200, _renew_all(self._head))
        # A limit below any size makes the first chunk open the buffer, as in the hooks.
        size, limit = 0, -1
        for chunk in self._answer.chunks:
            first = not size
            size += len(chunk)
            if size > limit:
                append, limit = response.open_buffer(size)
            # Readers take the id of a stream from its first chunk.
            append(self._number(chunk) if first else _renew(chunk))
        return response, size

    def _number(self, chunk: bytes) -> bytes:
        return chunk.replace(_ID, _ID[:-9] + b"%09d" % next(self._numbers))


def make_exchanges(script: Script, count: int, *, content: bool) -> list[Exchange]:
    """Finished calls that no worker gets, so that they still hold their bodies."""
    with record_to(CountingSink(), content=content) as pipeline:
        player = Player(pipeline, script)
        return [player.make() for _ in range(count)]


def make_events(script: Script, count: int, *, content: bool) -> list[Event]:
    """All of them different objects, as they are in a batch."""
    exchanges = make_exchanges(script, count, content=content)
    return [check_event(decode(exchange), content=content) for exchange in exchanges]


def check_event(event: object, *, content: bool) -> Event:
    """Return the event, which must have units, and bodies if they are wanted. Anything else measures nothing.

    Raises RuntimeError.
    """
    if not isinstance(event, Event) or not event.units:
        raise RuntimeError(f"a call was decoded without units: {event!r:.500}")
    bodies = event.provider_request_json, event.provider_response_json
    if [body is not None for body in bodies] != [content, content]:
        raise RuntimeError(f"an event has bodies where it should have none, or lacks them: {event!r:.500}")
    return event


def _renew(data: bytes) -> bytes:
    return bytes(memoryview(data))


def _renew_all(headers: Headers) -> Headers:
    return tuple(map(_renew, headers))
