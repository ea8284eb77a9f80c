"""Behind `payi_shutdown()` and `payi_uninstrument()`: what is counted, and that it can begin again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import mock

import httpx
import pytest
import requests

from payi_transport import (
    Event,
    MemorySink,
    PayiConfigError,
    PayiInstrumentConfig,
    Receipt,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
    payi_uninstrument,
)
from payi_transport.pipeline.active import get_active
from tests.support.calls import URL, call
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import UNARY


def test_instrumenting_again_after_payi_uninstrument(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    call()
    payi_uninstrument()
    assert len(sink.events) == 1
    call()
    again = MemorySink()
    payi_instrument(sink=again)
    call()
    assert payi_flush()
    assert (len(sink.events), len(again.events)) == (1, 1)


def test_after_shutdown_calls_go_on_and_are_counted_as_lost(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    assert payi_shutdown()
    call()
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.lost) == (1, 0, {"shutdown": 1})


@pytest.mark.parametrize("end", [payi_shutdown, payi_uninstrument])
def test_the_counts_can_be_read_after_the_end_until_the_next_start(end: Any, sink: MemorySink) -> None:
    class Refusing(MemorySink):
        def deliver(self, batch: Sequence[Event]) -> Receipt:
            return Receipt(rejected=dict.fromkeys(range(len(batch)), "refused"))

    payi_instrument(sink=Refusing())
    call()
    end()
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued, stats.lost) == (1, 0, 0, {"refused": 1})
    payi_instrument(sink=sink)
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.queued, stats.lost) == (0, 0, 0, {})


def test_a_call_whose_response_comes_after_the_end_is_counted_as_lost(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def answer(request: httpx.Request) -> httpx.Response:
        payi_uninstrument()
        return httpx.Response(200, headers=UNARY.headers, stream=httpx.ByteStream(UNARY.response))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(URL, content=UNARY.request)
    stats = payi_stats()
    assert (stats.captured, stats.lost, sink.events) == (1, {"shutdown": 1}, [])


def test_a_call_whose_response_is_streaming_at_the_end_is_reported_as_far_as_it_came(
    sink: MemorySink,
) -> None:
    payi_instrument(sink=sink)
    reply = httpx.Response(200, headers=UNARY.headers, stream=httpx.ByteStream(UNARY.response))
    with httpx.Client(transport=httpx.MockTransport(lambda request: reply)) as client:
        with client.stream("POST", URL, content=UNARY.request) as response:
            payi_uninstrument()
            assert response.read() == UNARY.response
    stats = payi_stats()
    assert (stats.captured, stats.lost) == (1, {})
    assert [event.http_status_code for event in sink.events] == [200]


def test_instrumenting_again_after_shutdown_starts_anew(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"user_id": "first"})
    call()
    assert payi_shutdown()
    call()
    again = MemorySink()
    payi_instrument(sink=again, config={"user_id": "second"})
    call()
    assert payi_flush()
    assert [event.user_id for event in sink.events + again.events] == ["first", "second"]
    stats = payi_stats()
    assert (stats.captured, stats.delivered, stats.lost) == (1, 1, {})


def test_bad_input_after_shutdown_changes_nothing(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    assert payi_shutdown()
    first, hook = get_active(), httpx.Client._send_single_request
    with pytest.raises(PayiConfigError, match="nonsense"):
        payi_instrument(instruments={"nonsense"})
    assert get_active() is first
    assert httpx.Client._send_single_request is hook


def test_payi_uninstrument_after_a_second_start_removes_every_hook(sink: MemorySink) -> None:
    before = httpx.Client._send_single_request
    payi_instrument(sink=sink)
    payi_shutdown()
    payi_instrument(sink=sink)
    payi_uninstrument()
    assert httpx.Client._send_single_request is before
    assert get_active() is None


def test_a_hook_that_a_mock_took_away_is_put_back_by_the_next_call(origin: Origin, sink: MemorySink) -> None:
    origin.responses = [CannedResponse([UNARY.response])]
    config: PayiInstrumentConfig = {"host_mappings": {origin.url: {"price_as_category": "system.openai"}}}
    with mock.patch.object(requests.adapters.HTTPAdapter, "send"):
        # As in an application that is created in the first test of a suite.
        payi_instrument(sink=sink, config=config)
    payi_instrument(sink=sink, config=config)
    requests.post(f"{origin.url}/v1/chat/completions", data=UNARY.request, timeout=10)
    assert payi_flush(10)
    assert len(sink.events) == 1
