"""Headers that identify and describe a call are recorded, and never a secret."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.decode import recorded_headers as module
from payi_transport.decode.read_headers import ReadHeaders, read_headers
from payi_transport.decode.recorded_headers import (
    find_request_id,
    find_retry_count,
    make_request_id,
    select_request_headers,
    select_response_headers,
)
from payi_transport.values.event import Header
from payi_transport.values.names import SECRET_HEADERS


def headers_of(headers: dict[str, str]) -> ReadHeaders:
    return read_headers(tuple(part.encode("latin-1") for row in headers.items() for part in row))


def test_request_headers_are_those_on_the_allow_list_and_the_extra_ones() -> None:
    headers = {"user-agent": "x", "x-stainless-lang": "python", "x-team": "blue", "x-other": "1"}
    assert select_request_headers(headers_of(headers), ["x-team"]) == (
        Header("user-agent", "x"),
        Header("x-stainless-lang", "python"),
        Header("x-team", "blue"),
    )
    assert select_request_headers(headers_of({"x-other": "1"}), []) is None


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_a_secret_is_never_recorded_even_if_asked_for(name: str) -> None:
    assert select_request_headers(headers_of({name: "secret"}), [name]) is None
    assert select_response_headers(headers_of({name: "secret"})) is None


@pytest.mark.parametrize("name", ["content-type", "content-length", "transfer-encoding"])
def test_response_headers_about_the_body_are_left_out(name: str) -> None:
    assert select_response_headers(headers_of({name: "x", "x-ratelimit": "9"})) == (
        Header("x-ratelimit", "9"),
    )


@pytest.mark.parametrize(
    "name",
    [
        *("location", "operation-location", "azure-asyncoperation", "link", "refresh", "x-goog-upload-url"),
        *("x-request-url", "x-auth-token", "x-csrf-token", "authentication-info", "x-a-gateway-of-ours"),
        *("openai-session-token", "anthropic-api-key", "x-ratelimit-secret"),
    ],
)
def test_a_response_header_that_is_not_on_the_allow_list_is_left_out(name: str) -> None:
    assert select_response_headers(headers_of({name: "x", "cf-ray": "9"})) == (Header("cf-ray", "9"),)


@pytest.mark.parametrize(
    "name",
    [
        *("x-request-id", "cf-ray", "x-amzn-requestid", "x-amzn-bedrock-input-token-count", "retry-after"),
        *("openai-organization", "openai-processing-ms", "anthropic-ratelimit-input-tokens-remaining"),
        *("x-ratelimit-remaining-tokens", "ratelimit", "x-ms-region", "x-ms-deployment-name", "date"),
    ],
)
def test_ids_limits_times_and_places_of_a_response_are_recorded(name: str) -> None:
    assert select_response_headers(headers_of({name: "req-1.2"})) == (Header(name, "req-1.2"),)


# What the providers, gateways, and clouds document.
DOCUMENTED = (
    *("apim-request-id", "mistral-correlation-id", "request-id", "traceparent", "x-amz-cf-id"),
    *("x-amz-request-id", "x-amzn-trace-id", "x-cloud-trace-context", "x-correlation-id"),
    *("x-debug-trace-id", "x-litellm-call-id", "x-ms-client-request-id", "x-ms-request-id"),
    *("x-together-traceid", "x-trace-id", "x-vercel-id", "deprecation", "retry-after-ms", "sunset"),
    *("x-amzn-errortype", "x-api-warning", "x-ms-error-code", "x-should-retry", "azureml-model-group"),
    *("num_chars", "num_tokens", "server", "server-timing", "via", "x-cache", "x-compute-time"),
    *("x-compute-type", "x-databricks-org-id", "x-envoy-upstream-service-time", "x-generated-tokens"),
    *("x-inference-time", "x-litellm-model-id", "x-litellm-response-cost", "x-litellm-version"),
    *("x-metrics-e2e-ms", "x-ms-served-model", "x-prompt-tokens", "x-queue-time", "x-total-time"),
    *("x-validation-time", "x-zero-data-retention", "fireworks-server-processing-time"),
    *("x-gemini-service-tier", "x-groq-region", "x-kong-llm-model", "x-stainless-arch"),
)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_headers_that_describe_a_call_are_recorded_of_every_provider(name: str) -> None:
    assert select_response_headers(headers_of({name: "1"})) == (Header(name, "1"),)


@pytest.mark.parametrize("name", ["accept", "content-type", "anthropic-beta", "openai-organization"])
def test_headers_that_say_what_a_request_asks_for_are_recorded(name: str) -> None:
    assert select_request_headers(headers_of({name: "1", "host": "a"}), ()) == (Header(name, "1"),)


def test_the_values_of_recorded_headers_lose_queries_userinfo_and_tokens() -> None:
    headers = {"x-api-warning": "see https://u:pw@h/p?sig=a or Bearer abc", "x-request-id": "0af7" * 8}
    assert select_response_headers(headers_of(headers)) == (
        Header("x-api-warning", "see https://h/p or <removed>"),
        Header("x-request-id", "0af7" * 8),
    )
    assert select_request_headers(headers_of({"x-team": "https://u@h?k=1"}), ["x-team"]) == (
        Header("x-team", "https://h"),
    )


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid"])
def test_the_request_id_is_the_one_from_the_provider(name: str) -> None:
    assert find_request_id({name: "req_1"}) == "req_1"
    assert find_request_id({name: ""}) is find_request_id({}) is None


def test_a_request_without_an_id_gets_a_new_one() -> None:
    assert make_request_id().startswith("payi_")
    assert make_request_id() != make_request_id()


@pytest.mark.parametrize(
    ("name", "value", "retry_count"),
    [
        ("x-stainless-retry-count", "0", 0),
        ("x-stainless-retry-count", "2", 2),
        ("x-stainless-retry-count", "two", 0),
        ("x-stainless-retry-count", "9" * 5000, 0),
        ("amz-sdk-request", "attempt=1", 0),
        ("amz-sdk-request", "attempt=3", 2),
        ("amz-sdk-request", "ttl=20260101T000000Z; attempt=2; max=5", 1),
        ("amz-sdk-request", "attempt=0", 0),
        ("amz-sdk-request", "reattempt=4; max=5", 0),
        ("amz-sdk-request", "", 0),
        ("x-other", "3", 0),
    ],
)
def test_the_retry_count_is_read_from_the_header_of_each_sdk(name: str, value: str, retry_count: int) -> None:
    assert find_retry_count({name: value}) == retry_count


@pytest.mark.parametrize("cache", [module._choose_of_request, module._choose_of_response])
def test_names_that_a_server_makes_up_do_not_fill_the_memory(cache: Any) -> None:
    for number in range(2000):
        raw = (b"x-%d" % number, b"1")
        select_request_headers(read_headers(raw), ())
        select_response_headers(read_headers(raw))
    assert 0 < cache.cache_info().currsize < 2000


@pytest.mark.parametrize(
    "value",
    [
        *("312", "6ms", "1m30.5s", "2020-10-01", "cloudflare", "req_011CSHoEeqs5C35K2UUqR7Fy", "0af7" * 8),
        *("7b9c0f2e-52c4-4b0b-8f4b-7a0f0d4e5a11", "Sat, 28 Nov 2026 12:00:00 GMT", "proj_abc", "DYNAMIC"),
        *("gpt-4.1-mini-2025-04-14", "1.1 varnish, 1.1 google", "8f1a2b3c4d5e6f70-LHR", "my-org-2"),
    ],
)
def test_ordinary_values_of_headers_stay_as_they_are(value: str) -> None:
    assert select_response_headers(headers_of({"via": value})) == (Header("via", value),)


def test_the_same_header_is_the_same_object_in_every_event() -> None:
    first, second = (select_response_headers(headers_of({"via": "one", "server": "two"})) for _ in range(2))
    assert first is not None and second is not None
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_no_value_that_had_a_secret_is_remembered() -> None:
    values = {"via": "https://u:pw@h/a", "server": "Bearer abc"}
    select_response_headers(headers_of(values))
    assert not {(name, value.encode()) for name, value in values.items()} & module._known.keys()


def test_values_that_differ_each_time_do_not_fill_the_memory() -> None:
    for number in range(2000):
        select_response_headers(headers_of({"via": f"a-{number}", "server": f"a-{number} " * 200}))
        assert len(module._known) <= 1024
    assert module._known
    assert select_response_headers(headers_of({"via": "x " * 200 + "sk-abc1"})) == (
        Header("via", "x " * 200 + "<removed>"),
    )
