"""InvokeModel: the body decides the family, and Bedrock's own counts fill in what it does not report."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing import Messages
from payi_transport.providers.bedrock.invoke import read_invocation, unwrap_chunks
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show

HEADERS = {"x-amzn-bedrock-input-token-count": "14", "x-amzn-bedrock-output-token-count": "26"}
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 14, "outputTokenCount": 26}}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5",
    "content": [],
    "stop_reason": "end_turn",
}


def read(body: Any, **more: Any) -> ParsedResponse:
    return read_invocation(RawResponse(make_messages(body), **more))


def stream(*events: Any, **more: Any) -> ParsedResponse:
    messages = [
        event if isinstance(event, tuple) else ("chunk", json.dumps(event).encode()) for event in events
    ]
    return read_invocation(RawResponse(messages, **more))


def wrap(data: bytes) -> bytes:
    return json.dumps({"bytes": base64.b64encode(data).decode(), "p": "abcd"}).encode()


def test_events_are_taken_out_of_their_chunks() -> None:
    messages: Messages = [("chunk", wrap(b'{"a":1}')), ("exception:throttlingException", b'{"message":"x"}')]
    assert unwrap_chunks(messages) == [("chunk", b'{"a":1}'), messages[1]]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"{", b'{"bytes":7}', b'{"bytes":"A"}', b'{"bytes":"\xc3\xbc"}', *DEEP]
)
@pytest.mark.parametrize("name", ["chunk", ""])
def test_anything_but_a_chunk_stays_as_it_is(name: str, data: bytes) -> None:
    assert unwrap_chunks([(name, data)]) == [(name, data)]


def test_a_document_is_not_a_chunk() -> None:
    assert unwrap_chunks([("", wrap(b"{}"))]) == [("", wrap(b"{}"))]


FAMILIES: dict[str, tuple[dict[str, Any], Shown]] = {
    "Anthropic": ({**MESSAGE, "usage": {"input_tokens": 1, "output_tokens": 2}}, {"text": (1, 2)}),
    "OpenAI": ({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}, {"text": (1, 2)}),
    "Nova": (
        {"output": {"message": {"content": []}}, "usage": {"inputTokens": 1, "outputTokens": 2}},
        {"text": (1, 2)},
    ),
    "Llama": ({"generation": "Hi", "prompt_token_count": 1, "generation_token_count": 2}, {"text": (1, 2)}),
    "Titan": ({"inputTextTokenCount": 1, "results": [{"tokenCount": 2}, {}, 7]}, {"text": (1, 2)}),
    "Titan, nothing written": ({"inputTextTokenCount": 1, "results": [{"tokenCount": 0}]}, {"text": (1, 0)}),
    "results of a search": ({"results": [{"index": 0, "relevance_score": 0.5}]}, {"text": (14, 26)}),
    "Titan's embeddings": ({"embedding": [0.5], "inputTextTokenCount": 1}, {"text": (1, None)}),
    "images": ({"images": ["AAAA", "BBBB"], "error": None}, {"image": (None, 2)}),
    "no image": ({"images": [], "error": "blocked"}, {"text": (14, 26)}),
    "embeddings of images": (
        {"images": [{"width": 1}], "embeddings": [[0.5]], "response_type": "embeddings_floats"},
        {"text": (14, 26)},
    ),
    "Anthropic's older texts": (
        {"type": "completion", "completion": " Hi", "stop": None},
        {"text": (14, 26)},
    ),
    "Mistral": ({"outputs": [{"text": "Hi"}]}, {"text": (14, 26)}),
    "DeepSeek": ({"choices": [{"text": "Hi", "stop_reason": "stop"}]}, {"text": (14, 26)}),
    "Cohere": ({"generations": [{"text": "Hi"}]}, {"text": (14, 26)}),
    "Cohere's embeddings": (
        {"embeddings": [[0.5]], "response_type": "embeddings_floats"},
        {"text": (14, 26)},
    ),
    "AI21's older texts": ({"completions": [{"data": {"text": "Hi"}}]}, {"text": (14, 26)}),
    "an unknown family": ({"reply": "Hi"}, {"text": (14, 26)}),
    "half of Llama's": ({"prompt_token_count": None, "generation_token_count": 2}, {"text": (14, 2)}),
    "the other half": ({"prompt_token_count": 1, "generation_token_count": None}, {"text": (1, 26)}),
    "half of Anthropic's": ({**MESSAGE, "usage": {"input_tokens": 1}}, {"text": (1, 26)}),
    "half of OpenAI's": ({"choices": [], "usage": {"completion_tokens": 2}}, {"text": (14, 2)}),
    "half of Nova's": ({"output": {}, "usage": {"inputTokens": 1}}, {"text": (1, 26)}),
    "counts of other types": (
        {"prompt_token_count": "x", "results": {}, "generation_token_count": None},
        {"text": (14, 26)},
    ),
}


@pytest.mark.parametrize("asked", [None, "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"])
@pytest.mark.parametrize(("body", "units"), FAMILIES.values(), ids=FAMILIES)
def test_the_body_decides_the_family_and_headers_count_what_it_does_not(
    body: dict[str, Any], units: Shown, asked: str | None
) -> None:
    parsed = read(body, response_headers=HEADERS, requested_model=asked)
    assert show(parsed.units) == units
    assert parsed.finished
    assert parsed.response_id is None


@pytest.mark.parametrize("body", [body for body, units in FAMILIES.values() if units == {"text": (14, 26)}])
def test_in_a_stream_the_metrics_of_the_last_event_count_what_it_does_not(body: dict[str, Any]) -> None:
    parsed = stream(body, {**body, **METRICS}, response_headers={"x-amzn-bedrock-invocation-latency": "3"})
    assert show(parsed.units) == {"text": (14, 26)}
    assert parsed.finished


def test_the_counts_of_a_titan_stream_are_cumulative_and_need_no_metrics() -> None:
    parsed = stream(
        {"outputText": "Hi", "index": 0, "inputTextTokenCount": 3, "totalOutputTextTokenCount": 1},
        {"outputText": " there", "index": 0, "inputTextTokenCount": None, "totalOutputTextTokenCount": 4},
    )
    assert show(parsed.units) == {"text": (3, 4)}


def test_a_message_that_stopped_short_of_its_output_has_the_metrics_of_its_last_event() -> None:
    parsed = stream(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1, "cache_read_input_tokens": 3}}},
        {"type": "message_stop", **METRICS},
    )
    assert show(parsed.units) == {"text": (1, 26), "text_cache_read": (3, None)}


def test_headers_complete_the_metrics() -> None:
    events = [{"outputs": []}, {"outputs": [], "amazon-bedrock-invocationMetrics": {"outputTokenCount": 2}}]
    assert show(stream(*events, response_headers=HEADERS).units) == {"text": (14, 2)}


@pytest.mark.parametrize("usage", [{}, {"output_tokens": 2}])
@pytest.mark.parametrize(("tokens", "name"), [("200000", "text"), ("200001", "text_large_context")])
def test_a_large_context_of_anthropic_is_one_whoever_counted_it(
    usage: dict[str, int], tokens: str, name: str
) -> None:
    headers = {
        **HEADERS,
        "x-amzn-bedrock-input-token-count": tokens,
        "x-amzn-bedrock-output-token-count": "2",
    }
    assert show(read({**MESSAGE, "usage": usage}, response_headers=headers).units) == {name: (int(tokens), 2)}
    assert show(read({"generation": "Hi"}, response_headers=headers).units) == {"text": (int(tokens), 2)}


def test_a_large_context_that_the_message_reports_is_completed_as_one() -> None:
    body = {**MESSAGE, "usage": {"input_tokens": 100_000, "cache_read_input_tokens": 100_001}}
    assert show(read(body, response_headers=HEADERS).units) == {
        "text_large_context": (100_000, 26),
        "text_cache_read_large_context": (100_001, None),
    }


def test_the_counts_of_a_stream_are_cumulative() -> None:
    events = [
        {"generation": "Hi", "prompt_token_count": 1, "generation_token_count": 1},
        {"generation": "!", "prompt_token_count": None, "generation_token_count": 2},
    ]
    assert show(stream(*events).units) == {"text": (1, 2)}


def test_metrics_have_caches_and_a_latency() -> None:
    metrics = {
        "inputTokenCount": 1,
        "outputTokenCount": 2,
        "cacheReadInputTokenCount": 3,
        "invocationLatency": 4,
    }
    parsed = stream({"outputs": []}, {"outputs": [], "amazon-bedrock-invocationMetrics": metrics})
    assert show(parsed.units) == {"text": (1, 2), "text_cache_read": (3, None)}
    assert parsed.properties == {"provider.metrics.latencyMs": "4"}


@pytest.mark.parametrize(
    ("events", "finished"),
    [
        ([{"generation": "Hi"}], False),
        ([{"generation": "Hi"}, {"generation": "", **METRICS}], True),
        ([{"generation": "Hi"}, ("exception:modelTimeoutException", b"{}")], True),
        ([{"type": "message_start", "message": {**MESSAGE, "stop_reason": None}}], False),
        ([{"messageStart": {}}, {"metadata": {"usage": {"inputTokens": 1}}}], True),
        ([], False),
    ],
)
def test_a_stream_is_over_when_its_last_word_was_seen(events: list[Any], finished: bool) -> None:
    assert stream(*events).finished is finished


@pytest.mark.parametrize("read_to_end", [True, False])
def test_a_document_is_over_when_it_was_read(read_to_end: bool) -> None:
    assert read({"generation": "Hi"}, read_to_end=read_to_end).finished is read_to_end


def test_a_guardrail_is_the_one_in_the_headers_that_were_sent() -> None:
    sent = {"x-amzn-bedrock-guardrailidentifier": "gr1", "x-amzn-bedrock-guardrailversion": "2"}
    trace = {"guardrail": {"input": {"gr1": {"invocationMetrics": {"usage": {"topicPolicyUnits": 3}}}}}}
    parsed = read(
        {**MESSAGE, "amazon-bedrock-guardrailAction": "INTERVENED", "amazon-bedrock-trace": trace},
        request_headers=sent,
    )
    assert show(parsed.units) == {"guardrail_topic": (3, None)}
    assert parsed.failure == Failure(code="INTERVENED", message="Bedrock Guardrails intervened")
    assert parsed.properties == {
        "system.aws.bedrock.guardrail.id": "gr1",
        "system.aws.bedrock.guardrail.version": "2",
        "system.aws.bedrock.guardrail.action": "INTERVENED",
    }


def test_a_trace_after_the_end_of_a_message_counts() -> None:
    trace = {"guardrail": {"outputs": [{"gr1": {"invocationMetrics": {"usage": {"topicPolicyUnits": 3}}}}]}}
    parsed = stream(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop", "amazon-bedrock-trace": trace, **METRICS},
    )
    assert show(parsed.units) == {"text": (1, 2), "guardrail_topic": (3, None)}


def test_an_exception_is_a_failure_and_keeps_what_came_before() -> None:
    parsed = stream(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}},
        ("exception:modelStreamErrorException", b'{"message":"broke"}'),
    )
    assert parsed.failure == Failure(code="modelStreamErrorException", message="broke")
    assert show(parsed.units) == {"text": (1, 1)}


def test_the_tier_and_the_latency_are_in_headers() -> None:
    headers = {
        "x-amzn-bedrock-service-tier": "flex",
        "x-amzn-bedrock-performanceconfig-latency": "optimized",
        "x-amzn-bedrock-invocation-latency": "640",
    }
    assert read({"generation": "Hi"}, response_headers=headers).properties == {
        "provider.service_tier": "flex",
        "provider.performanceConfig.latency": "optimized",
        "provider.metrics.latencyMs": "640",
    }


@pytest.mark.parametrize(
    ("headers", "uncounted"), [({}, ("Be kind.", "Hi")), (HEADERS, ())], ids=["nobody counted", "headers did"]
)
def test_a_prompt_without_a_count_is_left_to_a_tokenizer(
    headers: dict[str, str], uncounted: tuple[str, ...]
) -> None:
    request = b'{"system":"Be kind.","prompt":"Hi"}'
    assert (
        read({"outputs": [{"text": "Ho"}]}, request_body=request, response_headers=headers).uncounted
        == uncounted
    )


def test_texts_to_embed_are_left_to_a_tokenizer_whoever_counted_them() -> None:
    body = {"embeddings": [[0.5]], "response_type": "embeddings_floats"}
    parsed = read(body, request_body=b'{"texts":["Hi"]}', response_headers=HEADERS)
    assert parsed.uncounted == ("Hi",)


@pytest.mark.parametrize("value", [None, 7, "x", [1]])
def test_what_bedrock_adds_may_be_of_any_type(value: Any) -> None:
    names = ("invocationMetrics", "trace", "guardrailAction")
    parsed = read({"generation": "Hi", **{f"amazon-bedrock-{name}": value for name in names}})
    assert parsed.units == {} and parsed.failure is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7", b"\xff", *DEEP])
def test_bodies_that_can_not_be_read_report_nothing(body: bytes) -> None:
    assert read(body).units == {}
    assert stream(("chunk", body)).units == {}


NAMES = (
    "type", "message", "usage", "input_tokens", "choices", "output", "messageStart", "metadata", "generation",
    "images", "prompt_token_count", "results", "tokenCount", "embedding", "embeddings", "texts", "delta",
    "amazon-bedrock-invocationMetrics", "amazon-bedrock-trace", "amazon-bedrock-guardrailAction",
)  # fmt: skip
bodies = objects_of(NAMES)


@given(st.lists(bodies, max_size=4), bodies)
def test_events_of_any_shape_raise_nothing(events: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    stream(*events, request_body=json.dumps(asked).encode(), response_headers=HEADERS)
    read(events[0] if events else asked)
