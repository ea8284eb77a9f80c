"""Every name by which dashboards find a call, and every name that providers and other libraries use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace import TracerProvider

from payi_transport.providers.registry import REGISTRY
from payi_transport.sinks.otel import names
from payi_transport.sinks.otel.attributes import describe_call, describe_usage, name_operation
from payi_transport.sinks.otel.foreign import KnownSpans, carries_usage, find_foreign
from payi_transport.sinks.otel.responses import strip_prefixes
from payi_transport.values.event import Units
from tests.support.exchanges import ROUTE, decode_case, make_exchange
from tests.support.wire_cases import UNARY

EVENT = decode_case(UNARY)
CONSTANTS = {
    "SCOPE": "payi_transport",
    "OPERATION": "gen_ai.operation.name",
    "PROVIDER": "gen_ai.provider.name",
    "REQUEST_MODEL": "gen_ai.request.model",
    "REQUEST_STREAM": "gen_ai.request.stream",
    "RESPONSE_MODEL": "gen_ai.response.model",
    "RESPONSE_ID": "gen_ai.response.id",
    "FINISH_REASONS": "gen_ai.response.finish_reasons",
    "FIRST_CHUNK": "gen_ai.response.time_to_first_chunk",
    "INPUT_TOKENS": "gen_ai.usage.input_tokens",
    "OUTPUT_TOKENS": "gen_ai.usage.output_tokens",
    "CACHE_READ": "gen_ai.usage.cache_read.input_tokens",
    "CACHE_CREATION": "gen_ai.usage.cache_creation.input_tokens",
    "REASONING": "gen_ai.usage.reasoning.output_tokens",
    "INPUT_MESSAGES": "gen_ai.input.messages",
    "OUTPUT_MESSAGES": "gen_ai.output.messages",
    "SYSTEM_INSTRUCTIONS": "gen_ai.system_instructions",
    "ERROR_TYPE": "error.type",
    "SERVER_ADDRESS": "server.address",
    "SERVER_PORT": "server.port",
    "AWS_REQUEST_ID": "aws.request_id",
    "AWS_REQUEST_HEADER": "x-amzn-requestid",
    "UNKNOWN_OPERATION": "call",
    "GEMINI_HOST": "generativelanguage.googleapis.com",
    "GEMINI": "gcp.gemini",
    "TRACE_ID": "trace_id",
    "SPAN_ID": "span_id",
    "USAGE_OBJECT": "langfuse.observation.usage_details",
    "TOKEN_USAGE": "gen_ai.client.token.usage",
    "TOKEN_TYPE": "gen_ai.token.type",
    "OPERATION_DURATION": "gen_ai.client.operation.duration",
    "OPERATION_FIRST_CHUNK": "gen_ai.client.operation.time_to_first_chunk",
    "COST": "payi.cost",
    "EVENTS_CAPTURED": "payi.events.captured",
    "EVENTS_DELIVERED": "payi.events.delivered",
    "EVENTS_LOST": "payi.events.lost",
    "QUEUE_LENGTH": "payi.queue.length",
    "WORKER_LAG": "payi.worker.lag",
    "SINK": "payi.sink",
    "REASON": "payi.reason",
}
OPERATIONS = {
    **dict.fromkeys(("openai.chat", "openai.responses", "openai.realtime", "openai.live"), "chat"),
    **dict.fromkeys(("cohere.chat", "ollama.generation", "anthropic.messages", "anthropic.vertex"), "chat"),
    **dict.fromkeys(("databricks.invocations", "bedrock.converse", "bedrock.invoke"), "chat"),
    **dict.fromkeys(("google.mistral", "mistral.conversations", "xai.chat"), "chat"),
    **dict.fromkeys(("google.content", "google.live", "google.interactions"), "generate_content"),
    **dict.fromkeys(("openai.embeddings", "google.embeddings"), "embeddings"),
    "openai.completions": "text_completion",
    "openai.images": "images",
    "bedrock.guardrail": "guardrail",
}
PROVIDERS = {
    "system.openai": "openai",
    "system.azureopenai": "azure.ai.openai",
    "system.azure": "azure.ai.inference",
    "system.anthropic": "anthropic",
    "system.aws.bedrock": "aws.bedrock",
    "system.google.vertex": "gcp.vertex_ai",
    "system.databricks.azure": "databricks",
    "system.databricks.aws": "databricks",
    "system.databricks.google": "databricks",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
    "groq": "groq",
}


def test_the_names_that_dashboards_know_stay_as_they_are() -> None:
    shown = {name: value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    assert shown == CONSTANTS


def test_operations_have_the_names_of_the_conventions() -> None:
    for suffix in ("", ".again", ".websocket"):
        assert {name: name_operation(name + suffix) for name in OPERATIONS} == OPERATIONS
    assert names.OPERATIONS.keys() <= OPERATIONS.keys()
    assert {name.removesuffix(".again").removesuffix(".websocket") for name in REGISTRY.operations} > {
        "openai.images"
    }


@pytest.mark.parametrize(("category", "provider"), PROVIDERS.items(), ids=PROVIDERS.keys())
def test_providers_have_the_names_of_the_conventions(category: str, provider: str) -> None:
    exchange = make_exchange(UNARY, route=ROUTE._replace(category=category))
    assert describe_call(exchange, EVENT)["gen_ai.provider.name"] == provider
    assert names.PROVIDERS.keys() <= PROVIDERS.keys()


def read_request(body: Any) -> dict[str, Any]:
    exchange = make_exchange(UNARY)
    exchange.request_body = json.dumps(body).encode()
    found = describe_call(exchange, EVENT)
    shown = ("max_tokens", "temperature", "top_p")
    return {name: found[f"gen_ai.request.{name}"] for name in shown if f"gen_ai.request.{name}" in found}


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        *((key, "max_tokens", 7) for key in ("max_completion_tokens", "max_output_tokens", "max_tokens")),
        *((key, "max_tokens", 7) for key in ("maxOutputTokens", "maxTokens", "num_predict")),
        ("temperature", "temperature", 0.5),
        *((key, "top_p", 0.5) for key in ("top_p", "topP", "p")),
    ],
)
@pytest.mark.parametrize(
    "place", [None, "generationConfig", "generation_config", "inferenceConfig", "options"]
)
def test_a_parameter_is_read_by_each_of_its_names(
    place: str | None, name: str, parameter: str, value: float
) -> None:
    assert read_request({name: value} if place is None else {place: {name: value}}) == {parameter: value}


@pytest.mark.parametrize(("limit", "kept"), [(2**63 - 1, True), (-(2**63) + 1, True), (2**63, False)])
def test_a_limit_may_be_as_large_as_an_exporter_can_encode(limit: int, kept: bool) -> None:
    assert read_request({"max_tokens": limit}) == ({"max_tokens": limit} if kept else {})


@pytest.mark.parametrize(
    ("unit", "units", "name"),
    [
        ("text", Units(5), "gen_ai.usage.text.input_tokens"),
        ("text", Units(None, 5), "gen_ai.usage.text.output_tokens"),
        ("audio", Units(5), "gen_ai.usage.audio.input_tokens"),
        ("audio", Units(None, 5), "gen_ai.usage.audio.output_tokens"),
        ("vision", Units(5), "gen_ai.usage.image.input_tokens"),
        ("image", Units(None, 5), "gen_ai.usage.image.output_tokens"),
        ("reasoning", Units(None, 5), "gen_ai.usage.reasoning.output_tokens"),
        ("video", Units(5), None),
    ],
)
def test_tokens_are_counted_by_their_modality(unit: str, units: Units, name: str | None) -> None:
    usage = describe_usage(replace(EVENT, units={unit: units}))
    totals = {"gen_ai.usage.input_tokens": units.input or 0, "gen_ai.usage.output_tokens": units.output or 0}
    assert usage == {**totals, **({name: 5} if name else {})}


def test_what_is_no_token_is_no_usage() -> None:
    units = {"web_search_request": Units(1), "guardrail_topic": Units(1)}
    assert describe_usage(replace(EVENT, units=units)) == describe_usage(replace(EVENT, units={})) == {}


def test_the_scope_of_a_call_is_in_its_attributes() -> None:
    texts = {name: name for name in ("use_case_name", "use_case_id", "use_case_step")}
    lists = {"limit_ids": ("a", "b"), "request_tags": ("t",)}
    event = replace(EVENT, **texts, user_id="u", account_name="acme", **lists)
    found = describe_call(make_exchange(UNARY), event)
    assert {name: value for name, value in found.items() if name.startswith("payi.")} == {
        "payi.use_case.name": "use_case_name",
        "payi.use_case.id": "use_case_id",
        "payi.use_case.step": "use_case_step",
        "payi.user.id": "u",
        "payi.account.name": "acme",
        "payi.limit.ids": ("a", "b"),
        "payi.request.tags": ("t",),
    }


@pytest.mark.parametrize("name", ["google.gemini-2", "anthropic.gemini-2", "gemini-2"])
def test_a_resource_names_its_model_after_a_prefix(name: str) -> None:
    assert strip_prefixes(name) == "gemini-2"
    assert strip_prefixes("mistral.large") == "mistral.large"


REQUESTS: list[dict[str, str]] = [
    *({"gen_ai.operation.name": name} for name in ("chat", "generate_content", "text_completion")),
    *({"gen_ai.operation.name": name} for name in ("embeddings", "completion")),
    *({"openinference.span.kind": kind} for kind in ("LLM", "EMBEDDING", "RERANKER")),
    *({"llm.request.type": kind} for kind in ("chat", "completion", "embedding", "rerank")),
    *({"langfuse.observation.type": kind} for kind in ("generation", "embedding")),
    {"gen_ai.request.model": "m"},
    {"gen_ai.response.model": "m"},
]
OTHERS: list[dict[str, str]] = [
    {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"},
    {"openinference.span.kind": "CHAIN"},
    {"llm.request.type": "tool"},
    {"langfuse.observation.type": "span"},
    {"http.request.method": "POST"},
]


@pytest.mark.parametrize(
    ("attributes", "is_request"), [*((one, True) for one in REQUESTS), *((one, False) for one in OTHERS)]
)
def test_the_spans_of_other_libraries_are_known_by_their_marks(
    attributes: dict[str, str], is_request: bool
) -> None:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("theirs", attributes=attributes)
    found: object = find_foreign(span, KnownSpans())
    assert found is (span if is_request else None)


@pytest.mark.parametrize(
    ("name", "has_usage"),
    [
        ("gen_ai.usage.input_tokens", True),
        ("llm.token_count.prompt", True),
        ("llm.usage.total_tokens", True),
        ("langfuse.observation.usage_details", True),
        ("gen_ai.request.max_tokens", False),
    ],
)
def test_the_usage_of_other_libraries_is_known_by_its_names(name: str, has_usage: bool) -> None:
    span: Any = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("theirs")
    span.set_attribute(name, 1)
    span.end()
    assert carries_usage(span) is has_usage


TOKENS = [
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
]
DETAILS = [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"), ("input", "output")]


@pytest.mark.parametrize(("sent", "received"), TOKENS + DETAILS)
def test_the_tokens_of_other_libraries_are_read_by_each_of_their_names(sent: str, received: str) -> None:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    theirs = provider.get_tracer("t").start_span("theirs", attributes={"gen_ai.operation.name": "chat"})
    counts = {sent: 3, received: 4}
    theirs.set_attributes(
        counts if (sent, received) in TOKENS else {"langfuse.observation.usage_details": json.dumps(counts)}
    )
    theirs.end()
    ours = provider.get_tracer("t").start_span("ours")
    assert known.find_twin(ours, 0, None, (4, 3)) is None
    assert known.find_twin(ours, 0, None, (3, 4)) == theirs.get_span_context()


def test_a_thousand_spans_of_other_libraries_are_remembered() -> None:
    known = KnownSpans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(known)
    tracer = provider.get_tracer("t")
    for number in range(1025):
        span = tracer.start_span("theirs", attributes={"gen_ai.operation.name": "chat"})
        span.set_attribute("gen_ai.usage.input_tokens", number)
        span.end()
    ours = tracer.start_span("ours")
    assert known.find_twin(ours, 0, None, (0, None)) is None
    assert known.find_twin(ours, 0, None, (1, None)) is not None
