"""Pay-i's result in what botocore returns: in the dict, or in the last event of a stream."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import botocore.eventstream
import pytest

from payi_transport.capture.exchange import SentRequest
from payi_transport.context.results import ResultSlot
from payi_transport.hooks.botocore.results import _add_to_last, _add_to_last_async, attach_result
from tests.support.exchanges import ROUTE, make_request

RESULT = {"request_id": "r-1"}
TEXT: dict[str, Any] = {"contentBlockDelta": {"delta": {"text": "Hello"}}}
FIRST: dict[str, Any] = {"metadata": {"usage": {"inputTokens": 1}}}
SECOND: dict[str, Any] = {"metadata": {"usage": {"inputTokens": 2}}}


def make_call(operation: str = "bedrock.converse", **options: Any) -> SentRequest:
    slot = ResultSlot()
    slot.result = RESULT
    return make_request(
        route=ROUTE._replace(operation=operation), **{"result_slot": slot, "waits": True, **options}
    )


def test_a_dict_gets_the_result_of_a_call_that_has_ended() -> None:
    request = make_call()
    request.start_response(200, ()).finish()
    output = {"output": "text"}
    assert attach_result(output, [request], in_streams=False) is output
    assert output == {"output": "text", "xproxy_result": RESULT}


def test_a_dict_gets_the_result_once_its_body_is_read() -> None:
    request = make_call()
    output = attach_result({"body": "unread"}, [request], in_streams=False)
    assert output == {"body": "unread"}
    request.start_response(200, ()).finish()
    assert output["xproxy_result"] == RESULT


def test_an_output_that_is_gone_when_the_call_ends_is_not_kept_alive() -> None:
    request = make_call()
    attach_result({"body": "unread"}, [request], in_streams=False)
    request.start_response(200, ()).finish()
    assert request.ended


@pytest.mark.parametrize(
    "attempts",
    [[], [make_call("openai.chat")], [make_call(waits=False)]],
    ids=["none", "other", "in the background"],
)
def test_an_output_stays_as_it_is_if_no_result_is_to_be_expected(attempts: list[SentRequest]) -> None:
    output: dict[str, Any] = {"output": "text"}
    assert attach_result(output, attempts, in_streams=True) is output
    assert output == {"output": "text"}


def test_an_output_that_is_not_a_dict_is_returned() -> None:
    assert attach_result("text", [make_call()], in_streams=True) == "text"


def copies(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(event)) for event in events]


def test_only_the_last_event_of_a_stream_gets_the_result() -> None:
    events = list(_add_to_last(iter(copies(TEXT, FIRST, TEXT, SECOND)), make_call()))
    assert events == [TEXT, FIRST, TEXT, {**SECOND, "xproxy_result": RESULT}]


def test_events_pass_at_once_unless_they_may_be_the_last() -> None:
    arrived: list[str] = []

    def arrive() -> Iterator[dict[str, Any]]:
        for name, event in (("text", TEXT), ("metadata", FIRST), ("end", SECOND)):
            arrived.append(name)
            yield dict(event)

    stream = _add_to_last(arrive(), make_call())
    assert (next(stream), arrived) == (TEXT, ["text"])
    assert (next(stream), arrived) == (FIRST, ["text", "metadata", "end"])


def test_a_stream_that_breaks_first_passes_on_what_was_held_back() -> None:
    def arrive() -> Iterator[dict[str, Any]]:
        yield dict(FIRST)
        raise OSError("gone")

    stream = _add_to_last(arrive(), make_call())
    assert next(stream) == FIRST
    with pytest.raises(OSError, match="gone"):
        next(stream)


def test_a_stream_that_is_closed_early_yields_nothing_more() -> None:
    stream: Any = _add_to_last(iter(copies(FIRST, SECOND, SECOND)), make_call())
    assert next(stream) == FIRST
    stream.close()
    assert list(stream) == []


async def arrive_async(*events: dict[str, Any], error: Exception | None = None) -> AsyncIterator[Any]:
    for event in copies(*events):
        yield event
    if error is not None:
        raise error


def test_only_the_last_event_of_an_async_stream_gets_the_result() -> None:
    async def read() -> list[Any]:
        return [event async for event in _add_to_last_async(arrive_async(FIRST, TEXT, SECOND), make_call())]

    assert asyncio.run(read()) == [FIRST, TEXT, {**SECOND, "xproxy_result": RESULT}]


def test_an_async_stream_that_breaks_first_passes_on_what_was_held_back() -> None:
    async def read() -> None:
        stream = _add_to_last_async(arrive_async(FIRST, error=OSError("gone")), make_call())
        assert await anext(stream) == FIRST
        with pytest.raises(OSError, match="gone"):
            await anext(stream)

    asyncio.run(read())


def test_an_async_stream_that_is_closed_early_yields_nothing_more() -> None:
    async def leave() -> list[Any]:
        stream: Any = _add_to_last_async(arrive_async(FIRST, SECOND, SECOND), make_call())
        assert await anext(stream) == FIRST
        # An event is held back now. To yield it here would be a RuntimeError in the caller's code.
        await stream.aclose()
        return [event async for event in stream]

    assert asyncio.run(leave()) == []


METRICS: dict[str, Any] = {"chunk": {"bytes": b'{"amazon-bedrock-invocationMetrics":{}}'}}
CHUNK: dict[str, Any] = {"chunk": {"bytes": b'{"type":"content_block_delta"}'}}


@pytest.mark.parametrize(
    ("event", "is_held_back"),
    [
        (FIRST, True),
        (METRICS, True),
        (CHUNK, False),
        (TEXT, False),
        ({"chunk": "no dict"}, False),
        ({"chunk": {}}, False),
    ],
)
def test_an_event_with_usage_may_be_the_last(event: dict[str, Any], is_held_back: bool) -> None:
    arrived: list[str] = []

    def arrive() -> Iterator[dict[str, Any]]:
        for name in ("one", "two"):
            arrived.append(name)
            yield dict(event)

    stream = _add_to_last(arrive(), make_call())
    next(stream)
    assert arrived == (["one", "two"] if is_held_back else ["one"])
    assert "xproxy_result" not in list(stream)[-1] or is_held_back


def test_the_result_is_that_of_the_last_attempt_at_bedrock() -> None:
    first, last = make_call(result_slot=ResultSlot()), make_call()
    others = [make_call("openai.chat", waits=False)]
    for request in (first, last):
        request.start_response(200, ()).finish()
    output: dict[str, Any] = {}
    attach_result(output, [first, last, *others], in_streams=False)
    assert output == {"xproxy_result": RESULT}
    output = {}
    attach_result(output, [last, first], in_streams=False)
    assert output == {}


def test_an_output_that_waits_for_its_result_is_pickled_as_a_plain_dict() -> None:
    output = attach_result({"body": "unread"}, [make_call()], in_streams=False)
    unpickled = pickle.loads(pickle.dumps(output))  # noqa: S301 (our own)
    assert (type(unpickled), unpickled) == (dict, {"body": "unread"})


class Stream(botocore.eventstream.EventStream):  # type: ignore[misc]  # botocore has no types
    """A stream of events that have arrived."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = copies(*events)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.events)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("in_streams", [True, False])
def test_a_stream_stays_of_its_class_and_has_the_result_if_it_is_to(in_streams: bool) -> None:
    output = {"stream": Stream(TEXT, FIRST), "other": Stream(FIRST), "text": "t"}
    assert attach_result(output, [make_call()], in_streams=in_streams) is output
    assert "xproxy_result" not in output
    stream: Any = output["stream"]
    assert isinstance(stream, Stream)
    assert (type(stream).__name__, type(stream).__module__) == ("Stream", __name__)
    last = {**FIRST, "xproxy_result": RESULT} if in_streams else FIRST
    assert list(stream) == [TEXT, last]
    assert list(output["other"]) == [FIRST]
    again: Any = Stream(FIRST)
    attach_result({"stream": again}, [make_call()], in_streams=in_streams)
    assert type(again) is type(stream)
