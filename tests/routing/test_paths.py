"""The path decides the operation, and may name the model."""

from __future__ import annotations

import re

import pytest

from payi_transport.providers.provider import GRPC, WEBSOCKET
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.paths import find_operation, find_resource, may_be_call

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "chat/completions",
        "/openai/deployments/my-gpt/chat/completions",
        "/openai/deployments/my%2Fgpt%20x/chat/completions",
        "/openai/v1/chat/completions",
        "/serving-endpoints/chat/completions",
        "/models/chat/completions",
        "/api/v1/proxy/chat/completions/v1/chat/completions",
        "//chat/completions",
        "/v1/agents/completions",
    ],
)
def test_chat_completions_are_recognized_by_the_end_of_the_path(path: str) -> None:
    assert find_operation("POST", path) == "openai.chat"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", CHAT),
        ("DELETE", CHAT),
        ("post", CHAT),
        ("GET", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/chat/completions/chatcmpl-1"),
        ("POST", "/v1/xchat/completions"),
        ("POST", "/v1/chat/Completions"),
        ("POST", "/v1/chat%2Fcompletions"),
        ("POST", "/v1/chat/completionsx"),
        ("POST", "/v1/chat/xcompletions"),
        ("POST", "/v1/models"),
        ("POST", "/"),
        ("POST", ""),
    ],
)
def test_requests_that_only_look_similar_are_not_calls(method: str, path: str) -> None:
    assert find_operation(method, path) is None


OPERATIONS = {
    "/v1/completions": "openai.completions",
    "/completions": "openai.completions",
    "completions": "openai.completions",
    "//completions": "openai.completions",
    "/openai/completions": "openai.completions",
    "/openai/deployments/d%20x/completions": "openai.completions",
    "/serving-endpoints/completions": "openai.completions",
    "/serving-endpoints/my-model/invocations": "databricks.invocations",
    "/ai-gateway/mlflow/v1/chat/completions": "openai.chat",
    "/v1/responses": "openai.responses",
    "/openai/v1/responses": "openai.responses",
    "/api/projects/p/openai/v1/responses": "openai.responses",
    "/v1/responses/compact": "openai.responses",
    "/v1/responses/resp_1/cancel": "openai.responses.again",
    "/v1/decisions": "openai.decisions",
    "/openai/v1/decisions": "openai.decisions",
    "/v1/embeddings": "openai.embeddings",
    "/v1/images/generations": "openai.images",
    "/openai/deployments/d/images/generations": "openai.images",
    "/v1/images/edits": "openai.images",
    "/v1/images/variations": "openai.images",
    "/v1/audio/transcriptions": "openai.transcription",
    "/v1/audio/translations": "openai.transcription",
    "/v1/audio/speech": "openai.speech",
    "/v1/videos": "openai.video",
    "/v1/videos/video_1/remix": "openai.video",
    "/v1/chat": "cohere.chat",
    "/v2/chat": "cohere.chat",
    "/v2/embed": "cohere.search",
    "/v1/rerank": "cohere.search",
    "/rerank": "cohere.rerank",
    "/inference/rerank": "cohere.rerank",
    "/v1/ocr": "mistral.documents",
    "/v1/conversations/conv_1/restart": "mistral.conversations",
    "/v1/projects/p/locations/l/publishers/mistralai/models/m@1:rawPredict": "google.mistral",
    "/v1/projects/p/locations/l/publishers/mistralai/models/m:streamRawPredict": "google.mistral",
    "/api/chat": "ollama.generation",
    "/api/embed": "ollama.generation",
    "/api/generate": "ollama.generation",
    "/model/us.amazon.nova-pro-v1:0/converse": "bedrock.converse",
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fmy.profile/converse": "bedrock.converse",
    "/model/arn:aws:bedrock:us-east-1:1:inference-profile/my.profile/converse-stream": "bedrock.converse",
    "/api/v1/proxy/aws.bedrock/model/my.model/converse": "bedrock.converse",
    "/model/my.model-v1%3A0/invoke": "bedrock.invoke",
    "/model/my.model-v1%3A0/invoke-with-response-stream": "bedrock.invoke",
    "/guardrail/gr1/version/DRAFT/apply": "bedrock.guardrail",
    "/guardrail/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aguardrail%2Fgr1/version/1/apply": "bedrock.guardrail",
    "/guardrail-checks/invoke": "bedrock.checks",
    "/v1/messages": "anthropic.messages",
    "/anthropic/v1/messages": "anthropic.messages",
    "/v1/projects/p/locations/global/workspaces/w/invoke/v1/messages": "anthropic.messages",
    "/serving-endpoints/anthropic/v1/messages": "anthropic.messages",
    "/v1/projects/p/locations/global/publishers/anthropic/models/claude@2:rawPredict": "anthropic.vertex",
    "/v1/projects/p/locations/eu/publishers/anthropic/models/claude%3Bx:streamRawPredict": "anthropic.vertex",
    "/v1beta/models/gemini-x:generateContent": "google.content",
    "/v1beta/tunedModels/my-model:generateContent": "google.content",
    "/v1/publishers/google/models/gemini-x:streamGenerateContent": "google.content",
    "/v1beta1/projects/p/locations/l/publishers/google/models/gemini-x:generateContent": "google.content",
    "/v1/projects/p/locations/l/endpoints/4711:streamGenerateContent": "google.content",
    "/v1beta/models/gemini-embedding-x:embedContent": "google.embeddings",
    "/v1beta/models/gemini-embedding-x:batchEmbedContents": "google.embeddings",
    "/v1/projects/p/locations/l/publishers/google/models/e:predict": "google.predict",
    "/v1beta/models/imagen-x:predict": "google.predict",
    "/v1beta/interactions": "google.interactions",
    "/v1beta1/projects/p/locations/l/interactions": "google.interactions",
    "/v1beta/interactions/v1_a/cancel": "google.interactions.again",
    "/v1beta/openai/chat/completions": "openai.chat",
    "/v1/projects/p/locations/l/endpoints/openapi/chat/completions": "openai.chat",
}


SOCKETS = {
    "/v1/responses": "openai.responses.websocket",
    "/openai/v1/responses": "openai.responses.websocket",
    "/v1/realtime": "openai.realtime",
    "/openai/realtime": "openai.realtime",
    "/v1/live/sessions": "openai.live.again",
    "/v1/live/sessions/live_1/attach": "openai.live.again",
    "/v1/live/sessions/live_1/fork": "openai.live.again",
    "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent": "google.live",
    **{
        f"/ws/google.ai.generativelanguage.{version}.GenerativeService.{name}": "google.live"
        for version in ("v1alpha", "v1beta", "v1")
        for name in ("BidiGenerateContent", "BidiGenerateContentConstrained")
    },
}


RPCS = {
    "/xai_api.Chat/GetCompletion": "xai.chat",
    "/xai_api.Chat/GetCompletionChunk": "xai.chat",
    "/google.cloud.aiplatform.v1.PredictionService/GenerateContent": "google.content",
    "/google.cloud.aiplatform.v1beta1.PredictionService/StreamGenerateContent": "google.content",
    "/google.cloud.aiplatform.v1.PredictionService/EmbedContent": "google.embeddings",
}


@pytest.mark.parametrize(("path", "operation"), RPCS.items())
def test_a_call_of_grpc_is_recognized_by_service_and_method(path: str, operation: str) -> None:
    assert find_operation(GRPC, path) == operation
    assert find_operation("POST", path) is None


@pytest.mark.parametrize(("path", "operation"), SOCKETS.items())
def test_a_websocket_is_recognized_by_its_path(path: str, operation: str) -> None:
    assert find_operation(WEBSOCKET, path) == operation
    assert find_operation("GET", path) is None


@pytest.mark.parametrize(("path", "operation"), OPERATIONS.items())
def test_a_path_decides_the_operation(path: str, operation: str) -> None:
    assert find_operation("POST", path) == operation
    assert find_operation("GET", path) is None
    assert find_operation("POST", f"{path}/x") is None


def test_every_rule_has_a_path_here() -> None:
    assert all(map(may_be_call, OPERATIONS))
    # Apart, because a path below this one is a call, too.
    known = {**OPERATIONS, **SOCKETS, **RPCS, "/v1/conversations": "mistral.conversations"}
    assert {re.split(r"/|(?=:)", path)[-1] for path in known} == set(REGISTRY.paths)
    operations = {path.operation for paths in REGISTRY.paths.values() for path in paths}
    assert operations == set(known.values())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1//chat//completions//",
        "/openai/deployments/d/chat/completions/",
    ],
)
def test_slashes_that_servers_ignore_do_not_hide_a_call(path: str) -> None:
    assert may_be_call(path)
    assert find_operation("POST", path) == "openai.chat"
    assert find_resource("//deployments//d//chat/completions/") == "d"


@pytest.mark.parametrize("path", ["", "/", "//", ":", "/:", "/x:", "/chat/completions/x"])
def test_a_path_without_a_call_at_its_end_is_none(path: str) -> None:
    assert not may_be_call(path)
    assert find_operation("POST", path) is None


@pytest.mark.parametrize(
    "path", ["/v1/responses/resp_1", "/openai/v1/responses/resp_a%2Fb", "responses/resp_1"]
)
def test_fetching_a_response_is_not_the_same_operation_as_creating_one(path: str) -> None:
    assert find_operation("GET", path) == "openai.responses.again"
    assert find_operation("POST", path) is None
    assert find_operation("DELETE", path) is None


@pytest.mark.parametrize(
    ("path", "operation"),
    [("/v1/batches/batch_1", "openai.batch.again"), ("/v1/videos/video_1", "openai.video.again")],
)
def test_jobs_are_polled_by_their_ids(path: str, operation: str) -> None:
    assert find_operation("GET", path) == operation
    assert find_operation("POST", path) is None
    assert find_operation("GET", f"{path}/content") is None


@pytest.mark.parametrize(
    "path", ["/v1beta/interactions/v1_a", "/v1beta1/projects/p/locations/l/interactions/v1_a:b"]
)
def test_fetching_an_interaction_is_not_the_same_operation_as_creating_one(path: str) -> None:
    assert find_operation("GET", path) == "google.interactions.again"
    assert find_operation("POST", path) is None
    assert find_operation("DELETE", path) is None
