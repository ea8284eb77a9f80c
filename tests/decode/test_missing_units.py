"""A call that succeeds without readable units says so, is counted, and is warned about, whatever its API."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from msgspec.structs import replace

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.capture.exchange import Outcome
from payi_transport.decode.missing_units import find_missing_units, has_missing_units
from payi_transport.providers.registry import REGISTRY
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Event, ParsedResponse, Units
from tests.support.calls import call
from tests.support.exchanges import decode_case, make_exchange, shown
from tests.support.wire_cases import UNARY, WireCase, by_name

BODIES = {"empty": b"", "not JSON": b"<html>", "another shape": b'{"result": {"tokens": 5}}', "list": b"[1]"}
# A background job has no event until it reports its usage.
JOBS = {"openai.batch.again", "openai.video", "openai.video.again"}


def answer(body: bytes, operation: str = "openai.chat", **more: Any) -> Event:
    route = {"category": REGISTRY.operations[operation].category}
    headers = {"content-type": "application/json"}
    return decode_case(WireCase("made", b"{}", body, more.pop("status", 200), headers, {}, operation, route))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("operation", sorted(set(REGISTRY.operations) - JOBS))
def test_a_success_without_readable_units_says_that_they_are_missing(operation: str, body: bytes) -> None:
    event = answer(body, operation)
    assert not event.units
    assert has_missing_units(event)


OVER_LIMIT = "it is over capture.max_body_bytes"
USED = ParsedResponse(units={"text": Units(1)})
NONE, ZEROS = ParsedResponse(), ParsedResponse(has_usage=True)
PARTIAL = {"system.stream": "partial"}
LACKS, MISSES = {"system.units.reason": OVER_LIMIT}, {"system.units": "missing"}
CUT, UNREAD = {"is_cut": True}, {"unread": "no package"}
LEFT: dict[str, Any] = {"read_to_end": False}
WHY = {"system.units.reason": "no package"}


@pytest.mark.parametrize(
    ("response", "properties", "raw", "expected"),
    [
        (USED, {}, {}, {}),
        (USED, {}, CUT, {}),
        (USED, PARTIAL, {}, {}),
        (USED, PARTIAL, CUT, LACKS),
        (USED, PARTIAL, {**CUT, **LEFT}, {}),
        (USED, PARTIAL, UNREAD, WHY),
        (USED, PARTIAL, {**UNREAD, **LEFT}, WHY),
        (USED, PARTIAL, {**UNREAD, **CUT}, WHY),
        (ZEROS, {}, {}, {}),
        (ZEROS, PARTIAL, CUT, LACKS),
        (NONE, {}, {}, MISSES),
        (NONE, {}, LEFT, MISSES),
        (NONE, {}, CUT, {**MISSES, **LACKS}),
        (NONE, {}, {**CUT, **LEFT}, MISSES),
        (NONE, PARTIAL, {}, MISSES),
        (NONE, PARTIAL, LEFT, {}),
        (NONE, PARTIAL, {**CUT, **LEFT}, {}),
        (NONE, PARTIAL, {**UNREAD, **LEFT}, {**MISSES, **WHY}),
        (NONE, {"system.failure": "x"}, CUT, {}),
    ],
)
def test_units_are_missing_where_nothing_else_explains_it(
    response: ParsedResponse, properties: dict[str, str], raw: dict[str, Any], expected: dict[str, str]
) -> None:
    exchange = make_exchange(UNARY)
    assert find_missing_units(exchange, response, RawResponse([], **raw), properties) == expected
    for status in (None, 400, 503):
        failed = replace(exchange, status=status)
        assert find_missing_units(failed, response, RawResponse([], **raw), properties) == {}


TOKENS = b'data: {"token": "a"}\n\ndata: {"token": "b", "usage_info": {"tok": 3}}\n\n'


@pytest.mark.parametrize("operation", sorted(set(REGISTRY.operations) - JOBS))
def test_a_stream_of_an_unknown_kind_says_so_unless_it_was_left_early(operation: str) -> None:
    case = WireCase("made", b"{}", TOKENS, 200, {"content-type": "text/event-stream"}, {}, operation)
    whole, left = (decode_case(case, outcome=outcome) for outcome in (Outcome.EXHAUSTED, Outcome.CLOSED))
    assert whole.units == left.units == {}
    assert has_missing_units(whole)
    if (left.properties or {}).get("system.stream") == "partial":
        assert not has_missing_units(left)


def test_json_that_is_called_a_stream_is_read() -> None:
    unary = by_name["openai/chat_unary"]
    event = decode_case(unary, headers={"content-type": "text/event-stream"})
    assert shown(event, ["units", "properties", "provider_response_id"]) == {
        name: unary.event[name] for name in ("units", "provider_response_id")
    }


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        (b'{"usage": {"prompt_tokens": 0, "completion_tokens": 0}}', "openai.chat"),
        (b'{"results": [], "meta": {"billed_units": {"search_units": 1}}}', "cohere.search"),
        (b'{"results": [], "meta": {"billed_units": {"search_units": 1}}}', "cohere.rerank"),
        (b'{"usage": {"topicPolicyUnits": 0}, "action": "NONE", "assessments": []}', "bedrock.guardrail"),
        (b'{"usage": {"contentFilter": {"textUnits": 0}}}', "bedrock.checks"),
        (b'{"model": "m", "done": true, "done_reason": "load"}', "ollama.generation"),
        (b'{"model": "m", "done": true, "done_reason": "unload"}', "ollama.generation"),
    ],
)
def test_a_usage_of_zero_or_in_other_measures_is_not_missing(body: bytes, operation: str) -> None:
    assert not has_missing_units(answer(body, operation))


@pytest.mark.parametrize(("completed", "missing"), [(3, True), (0, False)])
def test_a_batch_that_ended_without_usage_lacks_it_if_any_request_was_completed(
    completed: int, missing: bool
) -> None:
    body = b'{"id": "batch_1", "status": "completed", "request_counts": {"completed": %d}}' % completed
    assert has_missing_units(answer(body, "openai.batch.again")) == missing


def test_an_error_is_not_missing_units() -> None:
    for status in (400, 500):
        assert not has_missing_units(answer(b"{}", status=status))
    assert has_missing_units(answer(b"{}", status=399))
    assert not has_missing_units(answer(b'{"error": {"message": "no", "code": "x"}}'))


def test_a_stream_that_was_left_early_is_explained_by_that() -> None:
    cut = decode_case(by_name["openai/chat_stream_cut"], outcome=Outcome.CLOSED)
    assert cut.properties == {"system.stream": "partial"}


def test_calls_are_counted_and_their_host_is_warned_about_once(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    payi_instrument(sink=sink)
    call(UNARY)
    for _ in range(3):
        call(by_name["openai/chat_usage_absent"])
    assert payi_flush(10)
    assert payi_stats().missing_units == 3
    assert [has_missing_units(event) for event in sink.events] == [False, True, True, True]
    assert len([record for record in caplog.records if "has no usage" in record.getMessage()]) == 1


def test_inline_delivery_counts_them_too(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"delivery": {"mode": "inline"}})
    call(by_name["openai/chat_usage_absent"])
    assert payi_stats().missing_units == 1
    assert has_missing_units(sink.events[0])
