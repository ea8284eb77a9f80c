"""Instrument, call, fork, flush, fail, shut down, and uninstrument in any order.

`tests/test_any_order.py` runs this module as a program. A process of its own forks many times faster than one
that has imported every SDK.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from payi_transport import (
    Event,
    PayiStats,
    Receipt,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    payi_uninstrument,
    track_context,
)
from tests.support.calls import URL
from tests.support.polling import wait_until
from tests.support.wire_cases import UNARY

__all__ = ["AnyOrder"]

RUNS = int(os.environ.get("PAYI_FUZZ_RUNS", "40"))
MODES = st.sampled_from(["takes", "raises", "retries", "rejects", "denies", "takes half", "talks nonsense"])
# Only in the long run, because files make each run slower.
SPOOLS = st.sampled_from([False, False, True]) if RUNS > 40 else st.just(False)
# The name of this library's threads.
WORKER = "payi-transport"
TIMEOUTS = st.sampled_from([0.0, 0.02])
DELIVERY: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from(["bulk", "single", "inline"]),
    "flush_interval": st.sampled_from([0.001, 60.0]),
    "ring_capacity": st.sampled_from([1, 3, 1000]),
    "max_batch": st.sampled_from([1, 2, 100]),
}


class FickleSink:
    """A sink that does what `mode` says, and knows the ids of what it took."""

    batch_limit: int | None = None

    def __init__(self) -> None:
        self.mode = "takes"
        self.taken: Counter[str] = Counter()
        # Exceptions of a sink are faults.
        self.faulty = False

    def deliver(self, batch: Sequence[Event]) -> Any:
        everything = range(len(batch))
        self.faulty = self.faulty or self.mode in ("raises", "talks nonsense")
        half = everything[::2] if self.mode == "takes half" else ()
        if self.mode in ("takes", "takes half"):
            self.taken.update(
                str(event.provider_response_id) for i, event in enumerate(batch) if i not in half
            )
            return Receipt(retry=list(half))
        if self.mode == "retries":
            return Receipt(retry=list(everything), wait=0.0)
        if self.mode == "rejects":
            return Receipt(rejected=dict.fromkeys(everything, "disliked"))
        if self.mode == "denies":
            return Receipt(retry=list(everything), denied=True)
        if self.mode == "talks nonsense":
            return Receipt(retry=[-7, 10_000], rejected={-1: "x"})
        raise ConnectionError("away")

    def fork(self) -> None:
        self.mode = "takes"
        self.taken.clear()

    def close(self) -> None:
        """There is nothing to close."""


def respond(request: httpx.Request) -> httpx.Response:
    name = request.headers["x-name"]
    if name.startswith("failing"):
        raise httpx.ConnectError("away")
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    body = json.dumps({"id": name, "model": "gpt-4.1", "choices": [], "usage": usage}).encode()
    if name.startswith("stream"):
        return httpx.Response(200, headers=UNARY.headers, stream=Chunks([body[:9], body[9:]]))
    return httpx.Response(200, headers=UNARY.headers, content=body)


class Chunks(httpx.SyncByteStream):
    """A body that has not arrived yet."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


class AnyOrder(RuleBasedStateMachine):
    """A program, and what became of its calls as far as that is certain."""

    def __init__(self) -> None:
        super().__init__()
        # Of other tests, which may have left one that waits for a server that is gone.
        self.earlier = find_workers()
        self.folder = tempfile.TemporaryDirectory()
        self.sink = FickleSink()
        self.client = httpx.Client(transport=httpx.MockTransport(respond))
        # Responses that are still read, with the generation that they began in.
        self.open: list[tuple[int, httpx.Response]] = []
        # How often instrumenting has begun, and how many calls have ended since.
        self.generation = self.made = self.calls = 0
        self.hooked = self.stopped = False
        self.exact = True

    def post(self, kind: str) -> dict[str, Any]:
        """Return what to post for one more call."""
        self.calls += 1
        return {"json": {"model": "gpt-4.1"}, "headers": {"x-name": f"{kind}{self.calls}"}}

    @rule(delivery=st.fixed_dictionaries({}, optional=DELIVERY), spools=SPOOLS)
    def instrument(self, delivery: dict[str, Any], spools: bool) -> None:
        if not self.hooked or self.stopped:
            self.generation += 1
            self.sink, self.made, self.exact = FickleSink(), 0, True
            self.hooked, self.stopped = True, False
        if spools:
            delivery = {**delivery, "spool_directory": f"{self.folder.name}/{self.generation}"}
        config: Any = {
            "delivery": delivery,
            "ingest_retry": {"queue_interval": 0.001, "max_inline_retries": 0},
        }
        payi_instrument(sink=self.sink, config=config)

    @rule(user=st.sampled_from([None, "ada"]))
    def call(self, user: str | None) -> None:
        with track_context(user_id=user):
            assert self.client.post(URL, **self.post("whole")).json()["id"].startswith("whole")
        self.made += self.hooked

    @rule()
    def call_twice_at_once(self) -> None:
        async def send() -> None:
            async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
                request = client.build_request("POST", URL, **self.post("async"))
                await asyncio.gather(client.send(request), client.send(request))

        asyncio.run(send())
        self.made += 2 * self.hooked

    @rule()
    def call_what_fails(self) -> None:
        with pytest.raises(httpx.ConnectError, match="away"):
            self.client.post(URL, **self.post("failing"))
        self.made += self.hooked

    @rule()
    def open_a_stream(self) -> None:
        request = self.client.build_request("POST", URL, **self.post("stream"))
        self.open.append((self.generation * self.hooked, self.client.send(request, stream=True)))

    @precondition(lambda self: self.open)
    @rule(reads=st.booleans())
    def end_a_stream(self, reads: bool) -> None:
        generation, response = self.open.pop()
        if reads:
            assert response.read()
        response.close()
        if generation == self.generation:
            self.made += self.hooked
            # Whether it still counts once nothing is instrumented is not promised.
            self.exact = self.exact and self.hooked

    @rule(mode=MODES)
    def change_the_sink(self, mode: str) -> None:
        self.sink.mode = mode

    @rule(timeout=TIMEOUTS)
    def flush(self, timeout: float) -> None:
        payi_flush(timeout)

    @rule(timeout=TIMEOUTS)
    def shut_down(self, timeout: float) -> None:
        payi_shutdown(timeout)
        self.stop()

    def stop(self) -> None:
        """Count the responses that are still read: they are reported as far as they arrived."""
        if self.hooked and not self.stopped:
            self.made += sum(generation == self.generation for generation, _ in self.open)
            self.open = [(0, response) for _, response in self.open]
        self.stopped = True

    @rule()
    def uninstrument(self) -> None:
        # A sink that takes nothing would be waited for.
        payi_shutdown(0.02)
        payi_uninstrument()
        self.stop()
        self.hooked = False

    @rule()
    def fork(self) -> None:
        with warnings.catch_warnings():
            # From Python 3.12 on: there are threads.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            self.end_as_child()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def end_as_child(self) -> None:
        """Call as the child of a fork, whose account starts at zero."""
        try:
            self.client.post(URL, **self.post("child"))
            payi_shutdown(10)
            stats = payi_stats()
            check_sum(stats)
            assert stats.captured == self.hooked or not self.hooked
            assert stats.delivered + sum(stats.lost.values()) == stats.captured, stats
            assert stats.replayed == 0, stats
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    @invariant()
    def the_account_adds_up(self) -> None:
        stats = payi_stats()
        check_sum(stats)
        # Until the first, the counts are those of the run before.
        assert stats.faults == 0 or self.sink.faulty or not self.generation
        if self.generation and self.exact:
            assert stats.captured == self.made

    def teardown(self) -> None:
        try:
            self.uninstrument()
            self.the_account_adds_up()
            if self.generation:
                # What no sink took when all was stopped stays queued, and the log says so.
                wait_until(lambda: payi_stats().delivered == sum(self.sink.taken.values()))
        finally:
            for _, response in self.open:
                response.close()
            self.client.close()
            # Workers that nobody waited for may still write to it.
            wait_until(lambda: find_workers() <= self.earlier)
            self.folder.cleanup()


def find_workers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == WORKER}


def check_sum(stats: PayiStats) -> None:
    parts = [stats.delivered, stats.queued, stats.spooled, *stats.lost.values(), *stats.skipped.values()]
    assert stats.captured == sum(parts) and min(parts) >= 0


if __name__ == "__main__":
    patient = settings(
        max_examples=RUNS, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(AnyOrder, settings=patient)
