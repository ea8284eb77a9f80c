"""Paths of other APIs are not calls, and deployments, endpoints, and models in a path are the resource."""

from __future__ import annotations

import pytest

from payi_transport.routing.paths import find_operation, find_resource


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/moderations"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/gpt-4.1"),
        ("GET", "/openai/deployments"),
        ("GET", "/v1/responses"),
        ("GET", "/v1/responses/resp_1/input_items"),
        ("GET", "/v1/responses/other"),
        ("POST", "/v1/responses/input_tokens"),
        ("POST", "/v1/files"),
        ("POST", "/v1/batches"),
        ("POST", "/xcompletions"),
        ("POST", "/v1/xagents/completions"),
        ("POST", "/code/completions"),
        ("POST", "/v1/code/completions"),
        ("POST", "/orders/1/cancel"),
        ("POST", "/cancel"),
        ("POST", "/compact"),
        ("POST", "/translations"),
        ("POST", "/edits"),
        ("POST", "/serving-endpoints/invocations"),
        ("POST", "/invocations"),
        ("POST", "/v1/xresponses"),
        ("POST", "/v1/decisions/1"),
        ("POST", "/model/my.model/count-tokens"),
        ("POST", "/model/my.model/invoke-with-bidirectional-stream"),
        ("POST", "/async-invoke"),
        ("GET", "/async-invoke/arn%3Aaws%3Abedrock"),
        ("POST", "/model/invoke"),
        ("POST", "/converse"),
        ("POST", "/functions/my-function/invoke"),
        ("POST", "/guardrail/gr1/apply"),
        ("POST", "/jobs/1/apply"),
        ("POST", "/messages"),
        ("POST", "/v1/threads/thread_1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/sessions/sesn_1/events"),
        ("GET", "/v1/messages/batches/msgbatch_1/results"),
        ("POST", "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict"),
        ("POST", "/v1/projects/p/locations/l/publishers/other/models/m:rawPredict"),
        ("POST", "/v1/projects/p/locations/l/endpoints/1:rawPredict"),
        ("POST", "/v1beta/models/gemini-x:countTokens"),
        ("POST", "/v1beta/models/gemini-x:generatecontent"),
        ("POST", "/v1beta/models/gemini-x"),
        ("POST", "/v1beta/models/gemini-x:asyncBatchEmbedContent"),
        ("POST", "/v1beta/models/veo-x:predictLongRunning"),
        ("POST", "/v1/projects/p/locations/l/endpoints/4711:predict"),
        ("POST", "/v1/models/my-model:predict"),
        ("POST", "/v1/projects/p/locations/l/publishers/google/models/gemini-x:computeTokens"),
        ("POST", "/v1beta/cachedContents"),
        ("POST", "/:generateContent"),
        ("GET", "/v1beta/models"),
        ("GET", "/v1beta/interactions"),
        ("POST", "/social/interactions"),
        ("GET", "/social/interactions/4"),
    ],
)
def test_other_requests_are_not_observed(method: str, path: str) -> None:
    assert find_operation(method, path) is None


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/openai/deployments/my-gpt/chat/completions", "my-gpt"),
        ("/openai/deployments/my%2Fgpt%20%C3%BC/embeddings", "my/gpt ü"),
        ("/serving-endpoints/my%20model/invocations", "my model"),
        ("/model/us.amazon.nova-pro-v1:0/converse", "us.amazon.nova-pro-v1:0"),
        ("/proxy/model/my.model-v1%3A0/invoke-with-response-stream", "my.model-v1:0"),
        ("/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ax%2Fy/converse-stream", "arn:aws:bedrock:eu:1:x/y"),
        ("/model/arn:aws:bedrock:eu:1:x/y/invoke", "arn:aws:bedrock:eu:1:x/y"),
        ("/guardrail/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ag%2Fgr1/version/2/apply", "arn:aws:bedrock:eu:1:g/gr1"),
        ("/guardrail-checks/invoke", None),
        ("/publishers/anthropic/models/claude-x@20250929:rawPredict", "claude-x@20250929"),
        ("/publishers/anthropic/models/claude%40x%3By:streamRawPredict", "claude@x;y"),
        ("/v1/models/gpt:4.1/x", None),
        ("/serving-endpoints/chat/completions", None),
        ("/openai/v1/responses", None),
        ("/v1/chat/completions", None),
        ("/openai/deployments/", None),
        ("/v1beta/models/gemini-x:generateContent", "gemini-x"),
        ("/v1beta/tunedModels/my%20model:generateContent", "my model"),
        ("/v1/publishers/google/models/e@001:predict", "e@001"),
        ("/v1/projects/p/locations/l/endpoints/4711:streamGenerateContent", "4711"),
        ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", None),
        ("/v1beta/models/gemini-x", None),
        ("", None),
    ],
)
def test_deployments_and_endpoints_in_the_path_are_the_resource(path: str, resource: str | None) -> None:
    assert find_resource(path) == resource
