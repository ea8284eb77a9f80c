"""What becomes of a call that is in flight while the program instruments anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.api.instrument import instrument_instead
from tests.support.calls import URL, call
from tests.support.wire_cases import UNARY


def call_during(change: Callable[[], Any]) -> None:
    """Make a call, and the change while it is in flight."""

    def respond(request: httpx.Request) -> httpx.Response:
        change()
        return httpx.Response(UNARY.status, headers=UNARY.headers, content=UNARY.response)

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        client.post(URL, content=UNARY.request)


def instrument_anew(sink: MemorySink, times: int = 1) -> None:
    for _ in range(times):
        payi_uninstrument()
        payi_instrument(sink=sink)


@pytest.mark.parametrize("times", [1, 3])
def test_it_is_lost_in_the_counts_of_what_is_active(times: int, caplog: pytest.LogCaptureFixture) -> None:
    first, second = MemorySink(), MemorySink()
    payi_instrument(sink=first)
    call_during(lambda: instrument_anew(second, times))
    call()
    assert payi_flush(30)
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.lost) == (2, 1, {"shutdown": 1})
    assert (len(first.events), len(second.events)) == (0, 1)
    assert caplog.text.count("counted as lost") == 1


def test_it_is_lost_in_the_counts_of_what_was_active_last(caplog: pytest.LogCaptureFixture) -> None:
    for end in (payi_uninstrument, payi_shutdown):
        payi_instrument(sink=MemorySink())
        call_during(end)
        assert payi_stats().lost == {"shutdown": 1}
    assert caplog.records == []


def test_a_pipeline_that_comes_back_counts_its_own(caplog: pytest.LogCaptureFixture) -> None:
    sink = MemorySink()
    payi_instrument(sink=sink)

    def replace() -> None:
        with instrument_instead(MemorySink(), None, "test"):
            pass

    call_during(replace)
    assert payi_flush(30)
    assert (len(sink.events), payi_stats().lost) == (1, {})
    call_during(payi_uninstrument)
    assert payi_stats().lost == {"shutdown": 1}
    assert caplog.records == []


def test_a_child_that_is_forked_meanwhile_does_not_count_it() -> None:
    payi_instrument(sink=MemorySink())
    codes: list[int] = []

    def fork() -> None:
        instrument_anew(MemorySink())
        pid = os.fork()
        if pid:
            codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    parent = os.getpid()
    call_during(fork)
    if os.getpid() != parent:
        os._exit(0 if payi_stats().lost == {} and payi_stats().captured == 0 else 1)
    assert codes == [0]
    assert payi_stats().lost == {"shutdown": 1}
