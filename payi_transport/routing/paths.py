"""Which wire format a request speaks, by its method and path: the paths are the providers' own."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

__all__ = ["PATH_RULES", "find_operation", "find_resource", "may_be_call"]


class _PathRule(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    operation: str


def _rule(method: str, pattern: str, operation: str) -> _PathRule:
    return _PathRule(method, re.compile(rf"(.*/)?{pattern}"), operation)


# Google serves the counting of tokens as a model, too.
_CLAUDE = r"publishers/anthropic/models/(?!count-tokens:)[^/]+"

# Where a server that was mapped has its API at its root, as LiteLLM's proxy does too.
_AT_ROOT = "(?<![^/]/)"
_INTERACTIONS = r"(v\d\w*|locations/[^/]+)/interactions"
# By the path's last segment, or its verb where it has one (`/models/m:predict`): a request costs one look-up.
PATH_RULES = {
    "completions": (
        # Mistral's agents are asked as a model is.
        _rule("POST", "(chat|agents)/completions", "openai.chat"),
        _rule(
            "POST",
            rf"({_AT_ROOT}|(v\d\w*|beta|fim|openai|deployments/[^/]+|serving-endpoints)/)completions",
            "openai.completions",
        ),
    ),
    "invocations": (_rule("POST", "serving-endpoints/[^/]+/invocations", "databricks.invocations"),),
    "responses": (_rule("POST", "responses", "openai.responses"),),
    "compact": (_rule("POST", "responses/compact", "openai.responses"),),
    "decisions": (_rule("POST", "decisions", "openai.decisions"),),
    "cancel": (
        _rule("POST", r"responses/[^/]+/cancel", "openai.responses.again"),
        _rule("POST", rf"{_INTERACTIONS}/[^/]+/cancel", "google.interactions.again"),
    ),
    "embeddings": (_rule("POST", "embeddings", "openai.embeddings"),),
    "generations": (_rule("POST", "images/generations", "openai.images"),),
    "edits": (_rule("POST", "images/edits", "openai.images"),),
    "variations": (_rule("POST", "images/variations", "openai.images"),),
    "transcriptions": (_rule("POST", "audio/transcriptions", "openai.transcription"),),
    "translations": (_rule("POST", "audio/translations", "openai.transcription"),),
    "messages": (_rule("POST", r"v\d\w*/messages", "anthropic.messages"),),
    ":rawPredict": (_rule("POST", _CLAUDE + ":rawPredict", "anthropic.vertex"),),
    ":streamRawPredict": (_rule("POST", _CLAUDE + ":streamRawPredict", "anthropic.vertex"),),
    "converse": (_rule("POST", "model/.+/converse", "bedrock.converse"),),
    "converse-stream": (_rule("POST", "model/.+/converse-stream", "bedrock.converse"),),
    "invoke": (
        _rule("POST", "model/.+/invoke", "bedrock.invoke"),
        _rule("POST", "guardrail-checks/invoke", "bedrock.checks"),
    ),
    "invoke-with-response-stream": (_rule("POST", "model/.+/invoke-with-response-stream", "bedrock.invoke"),),
    "apply": (_rule("POST", "guardrail/.+/version/[^/]+/apply", "bedrock.guardrail"),),
    "videos": (_rule("POST", "videos", "openai.video"),),
    "remix": (_rule("POST", "videos/[^/]+/remix", "openai.video"),),
    "chat": (
        _rule("POST", "v[12]/chat", "cohere.chat"),
        _rule("POST", "api/chat", "ollama.generation"),
    ),
    "embed": (
        _rule("POST", "v[12]/embed", "cohere.search"),
        _rule("POST", "api/embed", "ollama.generation"),
    ),
    "rerank": (_rule("POST", "v[12]/rerank", "cohere.search"),),
    "generate": (_rule("POST", "api/generate", "ollama.generation"),),
    "speech": (_rule("POST", "audio/speech", "openai.speech"),),
    ":generateContent": (_rule("POST", "[^/]+:generateContent", "google.content"),),
    ":streamGenerateContent": (_rule("POST", "[^/]+:streamGenerateContent", "google.content"),),
    ":embedContent": (_rule("POST", "[^/]+:embedContent", "google.embeddings"),),
    ":batchEmbedContents": (_rule("POST", "[^/]+:batchEmbedContents", "google.embeddings"),),
    # Elsewhere it asks models of the caller's own, on Vertex AI and on servers of TensorFlow.
    ":predict": (
        _rule("POST", r"(publishers/google/models/|v\d\w*/models/imagen-)[^/]+:predict", "google.predict"),
    ),
    "interactions": (_rule("POST", _INTERACTIONS, "google.interactions"),),
}
# What is asked for again, by an id that is the path's last segment.
_AGAIN = (
    _rule("GET", r"responses/resp_[^/]+", "openai.responses.again"),
    _rule("GET", r"batches/batch_[^/]+", "openai.batch.again"),
    _rule("GET", r"videos/video_[^/]+", "openai.video.again"),
    _rule("GET", rf"{_INTERACTIONS}/[^/]+", "google.interactions.again"),
)
# Azure's deployments and Databricks' endpoints stand for a model; Google's paths end with it and a verb. In
# Bedrock's, it may be an ARN with slashes, and a guardrail has its place.
_RESOURCE = re.compile(
    r"/deployments/([^/]+)/|/serving-endpoints/([^/]+)/invocations|/([^/:]+):[A-Za-z]+\Z"
    r"|/model/(.+)/(?:converse|converse-stream|invoke|invoke-with-response-stream)\Z"
    r"|/guardrail/(.+)/version/[^/]+/apply\Z"
)


def find_operation(method: str, path: str) -> str | None:
    """The operation whose wire format a request to `path` speaks, or None."""
    for rule in PATH_RULES.get(_key_of(path), _AGAIN):
        if rule.method == method and rule.pattern.fullmatch(path):
            return rule.operation
    return None


def may_be_call(path: str) -> bool:
    """A quick look whether a path ends as an LLM call's does."""
    return _key_of(path) in PATH_RULES


def find_resource(path: str) -> str | None:
    """The model, deployment, endpoint or guardrail that a path names."""
    found = _RESOURCE.search(path)
    return unquote(next(filter(None, found.groups()))) if found else None


def _key_of(path: str) -> str:
    last = path[path.rfind("/") + 1 :]
    verb = last.rfind(":")
    return last if verb < 0 else last[verb:]
