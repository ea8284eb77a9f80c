"""Requests that probably cost money and are not recorded are counted by host and reason."""

from __future__ import annotations

import logging
import os
import re

import httpx
import pytest

from payi_transport import MemorySink, payi_instrument, payi_stats
from payi_transport.pipeline.active import get_active
from payi_transport.routing.hosts import HostMapping, HostTable, parse_host
from payi_transport.routing.routes import Routes
from payi_transport.routing.unobserved import OTHER_HOSTS, Unobserved, find_unread_reason, is_free
from payi_transport.values.names import PROXY_CATEGORY

CHAT = "/v1/chat/completions"


def count(method: str, host: str, path: str, *, port: int | None = None, times: int = 1) -> dict[str, int]:
    mappings = {
        parse_host("mapped.test"): HostMapping("c", None),
        parse_host("gateway.test"): HostMapping("system.openai", None),
        parse_host("pay-i.test"): HostMapping(PROXY_CATEGORY, None),
    }
    routes = Routes(HostTable(mappings))
    for _ in range(times):
        assert routes.find(method, "https", host, port, path) is None
    counts = routes.unobserved.read()
    assert len(counts) <= 1
    return next(iter(counts.values()), {})


@pytest.mark.parametrize(
    ("host", "port", "path"),
    [
        ("llm.test", None, CHAT),
        ("llm.test", 8443, "/v1/embeddings/"),
        ("llm.test", None, "/v1/messages"),
        ("llm.test", None, "/v1/rerank"),
        ("llm.test", None, "//v2/rerank/"),
        ("llm.test", None, "/v1beta/models/m:generateContent"),
        ("ollama.test", 11434, "/api/chat"),
        ("ollama.test", 11434, "/api/embed"),
    ],
)
def test_each_call_to_an_unmapped_host_is_counted(host: str, port: int | None, path: str) -> None:
    assert count("POST", host, path, port=port, times=3) == {"unmapped": 3}


@pytest.mark.parametrize(
    ("method", "host", "path", "counts"),
    [
        ("WEBSOCKET", "api.openai.com", "/v1/live", {"websocket": 2}),
        ("WEBSOCKET", "api.openai.com", "/v1/realtime/translations", {"websocket": 2}),
        ("WEBSOCKET", "mapped.test", "/v1/live", {"websocket": 2}),
        ("WEBSOCKET", "pay-i.test", "/v1/live", {}),
        ("WEBSOCKET", "mine.cognitiveservices.azure.com", "/speech/recognition", {}),
        ("WEBSOCKET", "ws.test", "/v1/realtime", {"unmapped": 2}),
        ("WEBSOCKET", "ws.test", "/realtime", {}),
        ("GRPC", "api.x.ai", "/xai_api.Image/GenerateImage", {"grpc": 2}),
        ("GRPC", "api.x.ai", "/xai_api.Models/ListLanguageModels", {}),
        ("GRPC", "x.test", "/xai_api.Chat/GetCompletion", {"unmapped": 2}),
    ],
)
def test_connections_of_other_kinds_are_counted(
    method: str, host: str, path: str, counts: dict[str, int]
) -> None:
    assert count(method, host, path, times=2) == counts


UNREAD = [
    ("api.openai.com", "/v1/evals/e/runs"),
    ("api.openai.com", "/v1/vector_stores/v/search"),
    ("api.openai.com", "/v1/realtime/calls"),
    ("api.openai.com", "/v1/live/sessions"),
    ("api.openai.com", "/v1/threads/t/runs"),
    ("api.openai.com", "/v1/fine_tuning/jobs"),
    ("api.mistral.ai", "/v1/classifications"),
    ("api.voyageai.com", "/v1/multimodalembeddings"),
    ("mine.openai.azure.com", "/openai/deployments/d/unknown"),
    ("mine.cognitiveservices.azure.com", "/openai/v1/evals/e/runs"),
    ("us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/l/endpoints/1:rawPredict"),
    ("bedrock-agent-runtime.us-east-1.amazonaws.com", "/agents/a/agentAliases/b/sessions/c/text"),
    ("bedrock-agent-runtime.us-east-1.amazonaws.com", "/retrieveAndGenerate"),
    ("bedrock.us-east-1.amazonaws.com", "/model-customization-jobs"),
    ("bedrock-fips.us-gov-west-1.api.aws", "/provisioned-model-throughput"),
    ("generativelanguage.googleapis.com", "/v1beta/cachedContents"),
    ("aiplatform.googleapis.com", "/v1/projects/p/locations/global/cachedContents"),
    ("us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/us-central1/cachedContents"),
    ("runtime.sagemaker.us-east-1.amazonaws.com", "/endpoints/e/invocations"),
    ("a.cloud.databricks.com", "/serving-endpoints/e/rerank-it/score"),
]


@pytest.mark.parametrize(("host", "path"), UNREAD)
def test_a_call_to_a_known_host_that_no_rule_matches_is_counted(host: str, path: str) -> None:
    assert count("POST", host, path, times=2) == {"unread": 2}


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("POST", "api.anthropic.com", "/v1/messages/batches"),
        ("GET", "api.anthropic.com", "/v1/messages/batches/b/results"),
        ("POST", "generativelanguage.googleapis.com", "/v1beta/models/m:batchGenerateContent"),
        ("POST", "us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/l/batchPredictionJobs"),
        ("POST", "api.mistral.ai", "/v1/batch/jobs"),
        ("POST", "bedrock-runtime.us-east-1.amazonaws.com", "/async-invoke"),
        ("POST", "mapped.test", "/v1/messages/batches"),
        ("POST", "api.groq.com", "/openai/v1/batches"),
        ("POST", "api.together.xyz", "/v1/batches"),
        ("POST", "us-east-1.api.x.ai", "/v1/batches"),
        ("POST", "api.moonshot.ai", "/v1/batches"),
        ("POST", "dashscope.aliyuncs.com", "/compatible-mode/v1/batches"),
        ("POST", "openrouter.ai", "/api/v1/batches"),
        ("POST", "openrouter.ai", "/api/beta/batches/"),
        ("POST", "api.voyageai.com", "/v1/batches"),
        ("POST", "api.cohere.com", "/v2/batches"),
        ("POST", "generativelanguage.googleapis.com", "/v1beta/openai/batches"),
        ("POST", "mapped.test", "/v1/batches"),
        ("POST", "bedrock.us-east-1.amazonaws.com", "/model-invocation-job"),
        ("POST", "bedrock-fips.us-east-1.amazonaws.com", "/model-invocation-job"),
    ],
)
def test_a_batch_is_counted_as_one(method: str, host: str, path: str) -> None:
    assert count(method, host, path) == {"batch": 1}


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("GET", "api.openai.com", "/v1/models"),
        ("POST", "api.openai.com", "/v1/moderations"),
        ("POST", "api.openai.com", "/v1/files"),
        ("POST", "api.openai.com", "/v1/uploads/u/parts"),
        ("POST", "api.openai.com", "/v1/traces/ingest"),
        ("POST", "api.openai.com", "/v1/responses/input_tokens"),
        ("POST", "api.openai.com", "/v1/batches"),
        ("POST", "eu.api.openai.com", "/v1/batches"),
        ("POST", "mine.openai.azure.com", "/openai/batches"),
        ("POST", "mine.openai.azure.com", "/openai/v1/batches"),
        ("POST", "mine.services.ai.azure.com", "/openai/v1/batches"),
        ("POST", "gateway.test", "/v1/batches"),
        ("POST", "shop.test", "/v1/batches"),
        ("POST", "mapped.test", "/orders/batches"),
        ("POST", "api.groq.com", "/openai/v1/batches/batch_1/cancel"),
        ("POST", "bedrock.us-east-1.amazonaws.com", "/model-invocation-job/j/stop"),
        ("POST", "bedrock.us-east-1.amazonaws.com", "/guardrails"),
        ("POST", "api.openai.com", "/v1/conversations/c/items"),
        ("DELETE", "api.openai.com", "/v1/evals/e"),
        ("POST", "api.anthropic.com", "/v1/messages/count_tokens"),
        ("POST", "api.anthropic.com", "/v1/messages/batches/b/cancel"),
        ("POST", "generativelanguage.googleapis.com", "/v1beta/models/m:countTokens"),
        ("POST", "us-central1-aiplatform.googleapis.com", "/v1/projects/p/locations/l/datasets"),
        (
            "POST",
            "us-central1-aiplatform.googleapis.com",
            "/v1/publishers/anthropic/models/count-tokens:rawPredict",
        ),
        ("POST", "a.azuredatabricks.net", "/api/2.0/sql/statements"),
        ("POST", "mine.cognitiveservices.azure.com", "/vision/v3.2/analyze"),
        ("POST", "bedrock-agent-runtime.us-east-1.amazonaws.com", "/knowledgebases/k/retrieve"),
        ("POST", "mapped.test", "/v1/orders"),
        ("POST", "pay-i.test", "/api/v1/ingest"),
        ("POST", "shop.test", "/api/chat"),
        ("POST", "shop.test", "/v1/embed"),
        ("POST", "shop.test", "/orders/1/cancel"),
        ("GET", "shop.test", CHAT),
    ],
)
def test_what_costs_nothing_and_what_is_no_models_is_not_counted(method: str, host: str, path: str) -> None:
    assert count(method, host, path, times=2) == {}


def test_what_instruments_leave_out_is_not_missed() -> None:
    routes = Routes(HostTable(), frozenset({"system.anthropic"}))
    routes.find("POST", "https", "api.openai.com", None, "/v1/evals/e/runs")
    routes.find("POST", "https", "api.openai.com", None, CHAT)
    assert routes.unobserved.read() == {}


def test_the_number_of_hosts_and_of_paths_is_bounded() -> None:
    routes = Routes(HostTable())
    for number in range(5000):
        routes.find("POST", "https", f"h{number}.test", None, CHAT)
        routes.find("POST", "https", "api.openai.com", None, f"/v1/evals/{number}/runs")
    counts = routes.unobserved.read()
    assert len(counts) <= 1002
    assert sum(count["unmapped"] for host, count in counts.items() if host != "api.openai.com") == 5000
    assert counts["api.openai.com"] == {"unread": 5000}
    assert counts[OTHER_HOSTS]["unmapped"] > 3000
    assert len(routes._counters) <= 4096


def test_a_counter_is_the_same_for_the_same_host_and_reason() -> None:
    unobserved = Unobserved()
    assert unobserved.find_counter("h", "r") is unobserved.find_counter("h", "r")
    assert unobserved.read() == {"h": {"r": 0}}


def request(method: str, url: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={}))) as client:
        client.request(method, url)


def test_stats_show_what_is_not_observed_and_each_host_is_warned_about_once(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    payi_instrument(sink=sink)
    for _ in range(2):
        request("POST", "https://llm.test/v1/chat/completions")
        request("POST", "https://api.openai.com/v1/evals/e/runs")
        request("POST", "https://api.anthropic.com/v1/messages/batches")
        request("GET", "https://shop.test/")
    assert payi_stats().unobserved == {
        "llm.test": {"unmapped": 2},
        "api.openai.com": {"unread": 2},
        "api.anthropic.com": {"batch": 2},
    }
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 3
    assert '{"host_mappings": {"llm.test"' in messages[0]
    assert "POST /v1/evals/e/runs at api.openai.com is not reported" in messages[1]
    assert "batches" in messages[2] and "unobserved" in messages[2]
    assert sink.events == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_counts_from_zero(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    request("POST", "https://llm.test/v1/chat/completions")
    pipeline = get_active()
    assert pipeline is not None
    pipeline.reset_after_fork()
    assert payi_stats().unobserved == {}
    request("POST", "https://llm.test/v1/chat/completions")
    assert payi_stats().unobserved == {"llm.test": {"unmapped": 1}}


def test_a_thousand_counts_are_apart_and_the_others_together() -> None:
    unobserved = Unobserved()
    for number in range(1002):
        unobserved.find_counter(f"h{number}", "r").add()
    unobserved.find_counter("h0", "r").add()
    counts = unobserved.read()
    assert len(counts) == 1001
    assert (counts["h0"], counts["h999"], counts[OTHER_HOSTS]) == ({"r": 2}, {"r": 1}, {"r": 2})


@pytest.mark.parametrize(
    ("method", "path", "paid", "reads_batches", "reason"),
    [
        ("POST", "/v1/x", None, False, "unread"),
        ("POST", "/v1/x", "x$", False, "unread"),
        ("POST", "/v1/x", "y$", False, None),
        ("GET", "/v1/x", None, False, None),
        ("WEBSOCKET", "/v1/x", None, False, "websocket"),
        ("WEBSOCKET", "/v1/x", "y$", False, None),
        ("POST", "/v1/files", None, False, None),
        ("POST", "//v1//files//", None, False, None),
        ("POST", "/v1/batches", None, False, "batch"),
        ("POST", "/v1/batches", "y$", False, "batch"),
        ("POST", "/v1/batches", None, True, None),
        ("POST", "/v1/messages/batches", None, True, "batch"),
        ("GRPC", "/xai_api.Image/GenerateImage", "y$", False, "grpc"),
        ("POST", "/", None, False, None),
    ],
)
def test_the_reason_is_that_of_the_method_and_the_path(
    method: str, path: str, paid: str | None, reads_batches: bool, reason: str | None
) -> None:
    paid_paths = None if paid is None else re.compile(paid)
    assert find_unread_reason(method, path, paid_paths, None, reads_batches) == reason


def test_what_is_never_free_is_counted_where_it_costs_nothing_elsewhere() -> None:
    assert find_unread_reason("POST", "/v1/conversations", None) is None
    assert find_unread_reason("POST", "/v1/conversations", None, re.compile("conv")) == "unread"
    assert find_unread_reason("POST", "/v1/conversations", re.compile("other"), re.compile("conv")) is None


@pytest.mark.parametrize(
    ("path", "free"), [("/v1/files", True), ("/v1/files/", True), ("/", False), ("", False), ("/v1/x", False)]
)
def test_a_path_below_the_root_may_be_free(path: str, free: bool) -> None:
    assert is_free(path) is free
