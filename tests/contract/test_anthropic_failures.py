"""Calls with the Anthropic SDK that are refused or break: each attempt is an event, what is raised stays."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from payi_transport import MemorySink
from tests.contract.anthropic_calls import UNARY, by_name, either_side, open_stream, replay
from tests.contract.anthropic_clients import Setup
from tests.contract.calls import instrument, make_response, run
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin


@either_side
@pytest.mark.parametrize("status", [429, 529])
def test_each_attempt_of_the_sdk_is_an_event_with_its_number(
    setup: Setup, status: int, origin: Origin, sink: MemorySink
) -> None:
    refused = by_name[f"error_{status}"]
    busy = CannedResponse([refused.response], status, {**refused.headers, "retry-after-ms": "1"})
    origin.responses = [busy, busy, make_response(UNARY)]
    instrument(setup, origin, sink, category="system.anthropic")
    run(setup, origin.url, lambda client: replay(client, UNARY), max_retries=3)
    events = events_of(sink)
    statuses = [(e.http_status_code, (e.properties or {}).get("system.retry")) for e in events]
    assert statuses == [(status, None), (status, "1"), (200, "2")]
    assert [bool(event.units) for event in events] == [False, False, True]


@either_side
def test_a_message_stream_that_is_refused_when_it_is_opened_is_an_event(
    setup: Setup, origin: Origin, sink: MemorySink
) -> None:
    case = by_name["error_529"]
    origin.responses = [make_response(case)]
    instrument(setup, origin, sink, category="system.anthropic")

    async def scenario(client: Any) -> None:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async with open_stream(client):
                raise AssertionError("it was opened")

    run(setup, origin.url, scenario)
    [event] = events_of(sink)
    assert shown(event, case.mapped_event) == case.mapped_event


FAILURES = {
    "reset before the head": CannedResponse(end="reset"),
    "reset in the body": CannedResponse(UNARY.chunks(), end="reset"),
    "body cut": CannedResponse([UNARY.response[:50]], end="cut"),
    "no JSON": CannedResponse([b"<html>"], headers={"content-type": "text/html"}),
}


@either_side
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_what_breaks_reaches_the_caller_as_before_and_is_an_event(
    setup: Setup, failure: CannedResponse, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [failure]
    without = run(setup, origin.url, lambda client: replay(client, UNARY))
    instrument(setup, origin, sink, category="system.anthropic")
    within = run(setup, origin.url, lambda client: replay(client, UNARY))
    [event] = events_of(sink)
    assert within == without
    assert event.http_status_code == (200 if failure.chunks else 299)
    assert bool(event.units) is (failure.chunks == UNARY.chunks())
    assert ("system.failure" in (event.properties or {})) is (failure.end != "well")
