"""Converse: documents and events are read alike, whatever is missing or of another type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing import Messages
from payi_transport.providers.bedrock.converse import read_converse, read_exception
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show

USAGE = {"inputTokens": 14, "outputTokens": 26, "totalTokens": 40}
METADATA = ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}})
ROUTED = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-v1:0"


def events_of(*events: tuple[str, Any]) -> Messages:
    return [(name, make_messages(data)[0][1]) for name, data in events]


def read(body: Any, **more: Any) -> ParsedResponse:
    return read_converse(RawResponse(make_messages(body), **more))


def stream(*events: tuple[str, Any], **more: Any) -> ParsedResponse:
    return read_converse(RawResponse(events_of(*events), **more))


def use(name: Any = "get_weather", **more: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "t", "name": name, **more}}


def said(*blocks: Any) -> dict[str, Any]:
    return {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "usage": USAGE}


CALLS: dict[str, tuple[list[Any], list[FunctionCall]]] = {
    "no call": ([{"text": "Hi"}], []),
    "a call": (
        [{"text": "I look."}, use(input={"city": "Bonn"})],
        [FunctionCall("get_weather", '{"city": "Bonn"}')],
    ),
    "two of a name": (
        [use(input={}), use(input={"a": 1})],
        [FunctionCall("get_weather", "{}"), FunctionCall("get_weather", '{"a": 1}')],
    ),
    "no input": ([use()], [FunctionCall("get_weather")]),
    "a null input": ([use(input=None)], [FunctionCall("get_weather")]),
    "what the host itself uses": ([use(type="server_tool_use", input={})], []),
    "no name": ([use(None), use(""), use(7)], []),
    "blocks of other types": (
        [None, 7, "x", [], {"toolUse": 7}, use(input={})],
        [FunctionCall("get_weather", "{}")],
    ),
}


@pytest.mark.parametrize(("blocks", "calls"), CALLS.values(), ids=CALLS)
def test_the_calls_of_a_document(blocks: list[Any], calls: list[FunctionCall]) -> None:
    assert list(read(said(*blocks)).function_calls) == calls


@pytest.mark.parametrize("output", [None, 7, [], {}, {"message": None}, {"message": {"content": None}}])
def test_an_output_of_another_shape_costs_its_calls_alone(output: Any) -> None:
    parsed = read({"output": output, "usage": USAGE})
    assert show(parsed.units) == {"text": (14, 26)}
    assert parsed.function_calls == ()


def begin(index: Any, name: Any = "get_weather") -> tuple[str, Any]:
    return "contentBlockStart", {"contentBlockIndex": index, "start": use(name)}


def more(index: Any, text: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}}


STREAMED_CALLS: dict[str, tuple[list[tuple[str, Any]], list[FunctionCall]]] = {
    "deltas in turn": (
        [begin(0), more(0, '{"a":'), begin(1, "get_time"), more(1, "{}"), more(0, "1}")],
        [FunctionCall("get_weather", '{"a":1}'), FunctionCall("get_time", "{}")],
    ),
    "no delta": ([begin(0)], [FunctionCall("get_weather")]),
    "an empty delta": ([begin(0), more(0, "")], [FunctionCall("get_weather")]),
    "a delta that nothing began": ([more(0, "{}")], []),
    "deltas of other types": (
        [begin(0), more(0, None), more(0, 7), ("contentBlockDelta", {"delta": 7})],
        [FunctionCall("get_weather")],
    ),
    "no index": ([begin(None), more(None, "{}")], [FunctionCall("get_weather", "{}")]),
    "an index of another type": ([begin({"a": []}), more([], "{}")], [FunctionCall("get_weather", "{}")]),
    "a start of another type": ([("contentBlockStart", {"contentBlockIndex": 0, "start": 7})], []),
}


@pytest.mark.parametrize(("events", "calls"), STREAMED_CALLS.values(), ids=STREAMED_CALLS)
def test_the_calls_of_a_stream(events: list[tuple[str, Any]], calls: list[FunctionCall]) -> None:
    assert list(stream(*events, METADATA).function_calls) == calls


def test_arguments_are_as_on_the_wire() -> None:
    body = (
        b'{"output":{"message":{"content":[{"toolUse":{"name":"f","input":{ "a" : 1.50 ,"b":"\\u00fc"}}}]}}}'
    )
    assert read(body).function_calls == (FunctionCall("f", '{ "a" : 1.50 ,"b":"\\u00fc"}'),)


@pytest.mark.parametrize(
    ("events", "read_to_end", "finished"),
    [
        ([("messageStart", {}), ("messageStop", {"stopReason": "end_turn"}), METADATA], True, True),
        ([("messageStart", {}), ("messageStop", {"stopReason": "end_turn"}), METADATA], False, True),
        ([("messageStart", {}), ("messageStop", {"stopReason": "end_turn"})], True, False),
        ([("messageStart", {})], False, False),
        ([("messageStart", {}), ("exception:throttlingException", {"message": "x"})], True, True),
        ([("", {"usage": USAGE})], False, True),
        ([("", {"usage": None})], True, True),
        ([("", b'{"usage":{"inputTo')], False, False),
        ([("", {})], False, False),
    ],
)
def test_the_last_word_of_a_stream_is_its_usage(
    events: list[tuple[str, Any]], read_to_end: bool, finished: bool
) -> None:
    assert stream(*events, read_to_end=read_to_end).finished is finished


def test_an_exception_in_a_stream_is_a_failure_and_keeps_what_came_before() -> None:
    parsed = stream(
        METADATA, ("exception:modelStreamErrorException", {"message": "broke", "originalStatusCode": 1})
    )
    assert parsed.failure == Failure(code="modelStreamErrorException", message="broke")
    assert show(parsed.units) == {"text": (14, 26)}


def test_an_exception_wins_over_an_intervention() -> None:
    stopped = ("messageStop", {"stopReason": "guardrail_intervened"})
    assert stream(stopped, METADATA).failure == Failure(
        code="guardrail_intervened", message="Bedrock Guardrails intervened"
    )
    failure = stream(stopped, ("exception:throttlingException", b"no JSON")).failure
    assert failure == Failure(code="throttlingException")


def test_an_exception_without_a_name_is_one() -> None:
    assert read_exception("exception:", b"") == Failure(code="exception")


@pytest.mark.parametrize(
    ("asked", "routed", "streams", "units"),
    [
        ("openai.gpt-5.6", None, True, {"text": (2, 1), "text_cache_read": (10, None)}),
        ("us.openai.gpt-5.6", None, True, {"text": (2, 1), "text_cache_read": (10, None)}),
        (
            "arn:aws:bedrock:x::foundation-model/openai.gpt",
            None,
            True,
            {"text": (2, 1), "text_cache_read": (10, None)},
        ),
        ("my-router", "openai.gpt-5.6", True, {"text": (2, 1), "text_cache_read": (10, None)}),
        ("openai.gpt-5.6", None, False, {"text": (12, 1), "text_cache_read": (10, None)}),
        ("myopenai.gpt", None, True, {"text": (12, 1), "text_cache_read": (10, None)}),
        ("us.amazon.nova-pro-v1:0", None, True, {"text": (12, 1), "text_cache_read": (10, None)}),
        (None, None, True, {"text": (12, 1), "text_cache_read": (10, None)}),
    ],
)
def test_streams_of_openai_count_what_was_cached_once(
    asked: str | None, routed: str | None, streams: bool, units: Shown
) -> None:
    body = {
        "usage": {"inputTokens": 12, "outputTokens": 1, "cacheReadInputTokens": 10},
        "trace": {"promptRouter": {"invokedModelId": routed}},
    }
    parsed = (
        stream(("metadata", body), requested_model=asked) if streams else read(body, requested_model=asked)
    )
    assert show(parsed.units) == units
    assert parsed.resource == routed


@pytest.mark.parametrize(
    ("asked", "cached", "suffix"),
    [
        ("anthropic.claude-sonnet-4-5", 199_986, ""),
        ("anthropic.claude-sonnet-4-5", 199_987, "_large_context"),
        (ROUTED, 199_987, "_large_context"),
        ("us.amazon.nova-premier-v1:0", 300_000, ""),
    ],
)
def test_a_large_context_of_anthropic_has_its_own_units(asked: str, cached: int, suffix: str) -> None:
    parsed = read({"usage": {**USAGE, "cacheReadInputTokens": cached}}, requested_model=asked)
    assert show(parsed.units) == {f"text{suffix}": (14, 26), f"text_cache_read{suffix}": (cached, None)}


PROFILE = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"


@pytest.mark.parametrize(
    ("asked", "routed", "priced", "name"),
    [
        (PROFILE, None, "anthropic.claude-sonnet-4-5", "text_large_context"),
        (PROFILE, None, PROFILE, "text"),
        (PROFILE, None, None, "text"),
        (PROFILE, None, "my-claude", "text"),
        ("us.anthropic.claude-sonnet-4-5", None, "my-claude", "text_large_context"),
        (None, None, "anthropic.claude-sonnet-4-5", "text_large_context"),
        (PROFILE, "us.meta.llama3-3-70b-instruct-v1:0", "anthropic.claude-sonnet-4-5", "text"),
    ],
)
def test_the_priced_model_names_the_family_if_the_model_that_responded_does_not(
    asked: str | None, routed: str | None, priced: str | None, name: str
) -> None:
    body = {
        "usage": {"inputTokens": 200_001, "outputTokens": 1},
        "trace": {"promptRouter": {"invokedModelId": routed}},
    }
    assert show(read(body, requested_model=asked, priced_model=priced).units) == {name: (200_001, 1)}


def test_the_priced_model_identifies_openais_streams_which_count_cached_tokens_twice() -> None:
    body = {"usage": {"inputTokens": 12, "outputTokens": 1, "cacheReadInputTokens": 10}}
    parsed = stream(("metadata", body), requested_model=PROFILE, priced_model="openai.gpt-5.6")
    assert show(parsed.units) == {"text": (2, 1), "text_cache_read": (10, None)}


@pytest.mark.parametrize("config", [None, 7, [], {"guardrailIdentifier": 7}])
def test_a_guardrail_of_another_type_has_no_name(config: Any) -> None:
    request = json.dumps({"guardrailConfig": config}).encode()
    assert read({"usage": USAGE}, request_body=request).properties == {}


@pytest.mark.parametrize("value", [None, 7, "x", [1]])
def test_fields_next_to_the_usage_may_be_of_any_type(value: Any) -> None:
    parsed = read(
        {"usage": USAGE, "metrics": value, "trace": value, "serviceTier": value, "performanceConfig": value}
    )
    assert show(parsed.units) == {"text": (14, 26)}
    assert parsed.properties == {} and parsed.resource is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", *DEEP])
def test_bodies_that_can_not_be_read_report_nothing(body: bytes) -> None:
    parsed = read(body)
    assert parsed.units == {} and parsed.failure is None
    assert stream(("metadata", body), ("exception:x", body)).failure is not None


NAMES = (
    "output", "message", "content", "toolUse", "name", "input", "usage", "inputTokens", "cacheDetails",
    "trace", "guardrail", "promptRouter", "invokedModelId", "stopReason", "start", "delta", "type",
    "contentBlockIndex", "metrics", "latencyMs", "serviceTier", "performanceConfig", "guardrailConfig",
)  # fmt: skip
messages = st.lists(
    st.tuples(st.sampled_from(["", "metadata", "contentBlockDelta", "exception:x"]), objects_of(NAMES))
)


@given(messages, objects_of(NAMES), st.sampled_from([None, "openai.x", "anthropic.x"]))
def test_events_of_any_shape_raise_nothing(
    events: list[tuple[str, Any]], asked: dict[str, Any], model: str | None
) -> None:
    stream(*events, request_body=json.dumps(asked).encode(), requested_model=model)
