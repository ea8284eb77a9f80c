"""One request of each wire format, to tell what a path was meant to be."""

from __future__ import annotations

from typing import NamedTuple

from payi_transport.values.names import PayiCategories

__all__ = ["EXAMPLES", "Example"]


class Example(NamedTuple):
    """A request of a wire format, and the category of a host that usually speaks it."""

    method: str
    path: str
    category: str


_OPENAI = PayiCategories.openai
_GOOGLE = PayiCategories.google_vertex
_GEMINI = "/v1beta/models/my-model"
_VERTEX = "/v1/projects/p/locations/global/publishers/google/models/my-model"
_BEDROCK = PayiCategories.aws_bedrock
EXAMPLES = {
    "openai.chat": Example("POST", "/v1/chat/completions", _OPENAI),
    "openai.responses": Example("POST", "/v1/responses", _OPENAI),
    "openai.responses.again": Example("GET", "/v1/responses/resp_1", _OPENAI),
    "openai.decisions": Example("POST", "/v1/decisions", _OPENAI),
    "openai.embeddings": Example("POST", "/v1/embeddings", _OPENAI),
    "openai.images": Example("POST", "/v1/images/generations", _OPENAI),
    "openai.transcription": Example("POST", "/v1/audio/transcriptions", _OPENAI),
    "openai.speech": Example("POST", "/v1/audio/speech", _OPENAI),
    "openai.batch.again": Example("GET", "/v1/batches/batch_1", _OPENAI),
    "openai.video": Example("POST", "/v1/videos", _OPENAI),
    "openai.video.again": Example("GET", "/v1/videos/video_1", _OPENAI),
    "cohere.chat": Example("POST", "/v2/chat", _OPENAI),
    "cohere.search": Example("POST", "/v2/embed", _OPENAI),
    "ollama.generation": Example("POST", "/api/chat", _OPENAI),
    "openai.completions": Example("POST", "/v1/completions", _OPENAI),
    "anthropic.messages": Example("POST", "/v1/messages", PayiCategories.anthropic),
    "anthropic.vertex": Example(
        "POST",
        "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/my-claude:rawPredict",
        PayiCategories.google_vertex,
    ),
    "databricks.invocations": Example(
        "POST", "/serving-endpoints/my-endpoint/invocations", PayiCategories.databricks_aws
    ),
    "bedrock.converse": Example("POST", "/model/my-model/converse", _BEDROCK),
    "bedrock.invoke": Example("POST", "/model/my-model/invoke", _BEDROCK),
    "bedrock.guardrail": Example("POST", "/guardrail/my-guardrail/version/1/apply", _BEDROCK),
    "bedrock.checks": Example("POST", "/guardrail-checks/invoke", _BEDROCK),
    "google.content": Example("POST", f"{_GEMINI}:generateContent", _GOOGLE),
    "google.embeddings": Example("POST", f"{_GEMINI}:embedContent", _GOOGLE),
    "google.predict": Example("POST", f"{_VERTEX}:predict", _GOOGLE),
    "google.interactions": Example("POST", "/v1beta/interactions", _GOOGLE),
    "google.interactions.again": Example("GET", "/v1beta/interactions/v1_1", _GOOGLE),
}
