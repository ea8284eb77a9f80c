"""Calls as an adapter records them, without an HTTP library: what is measured then is this library alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain

from benchmarks.corpus import ANSWER_HEADERS, OBSERVED_URL, REQUEST_HEADERS, Script
from benchmarks.soak import start_ingest
from payi_transport import Event, PayiInstrumentConfig, Receipt, Sink, payi_instrument, payi_uninstrument
from payi_transport.capture.exchange import Exchange
from payi_transport.client.account import PayiAccount
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.routing.routes import Route
from payi_transport.sinks.payi import PayiSink
from payi_transport.values.headers import Headers

__all__ = ["ASLEEP", "CountingSink", "Player", "open_sink", "record_to"]

# With this, the worker leaves all that comes where it is until somebody flushes.
ASLEEP: PayiInstrumentConfig = {"delivery": {"flush_interval": 3600, "max_batch": 65536}}

_HEADERS = tuple(chain.from_iterable((key.encode(), text.encode()) for key, text in REQUEST_HEADERS.items()))


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
def record_to(sink: Sink, config: PayiInstrumentConfig | None = None) -> Iterator[Pipeline]:
    """The pipeline that `payi_instrument()` builds."""
    payi_instrument(sink=sink, config=config)
    pipeline = get_active()
    assert pipeline is not None
    try:
        yield pipeline
    finally:
        payi_uninstrument()


class Player:
    """Plays calls of one script. All bytes are new objects each time, as a socket gives them."""

    def __init__(self, pipeline: Pipeline, script: Script) -> None:
        route = pipeline.routes.find("POST", "https", "api.openai.com", None, "/v1/chat/completions")
        assert route is not None and route.uri == OBSERVED_URL
        self._route: Route = route
        self._pipeline = pipeline
        self._request = script.request
        self._answer = script.answer_with_usage or script.answer
        self._head = (b"content-type", self._answer.content_type.encode(), *chain(*ANSWER_HEADERS))
        # Bytes of content a call.
        self.size = len(script.request) + sum(map(len, self._answer.chunks))

    def play(self) -> None:
        """A call from its beginning to its end."""
        self.make().finish()

    def make(self) -> Exchange:
        """A call that has all of its answer, but is not ended, so that no worker gets it."""
        exchange = self._pipeline.begin(self._route, _renew_all(_HEADERS), _renew(self._request))
        assert exchange is not None
        exchange.begin_answer(200, _renew_all(self._head))
        size, room = 0, -1
        for chunk in self._answer.chunks:
            size += len(chunk)
            if size > room:
                append, room = exchange.open_lane(size)
            append(_renew(chunk))
        exchange.size = size
        return exchange


def _renew(data: bytes) -> bytes:
    return bytes(memoryview(data))


def _renew_all(headers: Headers) -> Headers:
    return tuple(map(_renew, headers))
