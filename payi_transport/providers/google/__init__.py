"""Google's Gemini API and Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.provider import (
    Forwarding,
    HostRule,
    Operation,
    Provider,
    Readers,
    connect,
    connect_to,
    get,
    post,
    rpc,
)
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

_GOOGLE = PayiCategories.google_vertex
_MISTRAL = "publishers/mistralai/models/[^/]+"
_GEMINI = "/v1beta/models/my-model"
# Vertex AI trains and stores, too. Writing a cache is billed like a prompt.
_MODELS = lazy_compile("/(models|endpoints)/[^/]+:|/v[^/]+/models/|/endpoints/openapi/|/cachedContents$")
_INTERACTIONS = r"(v\d\w*|locations/[^/]+)/interactions"
# Vertex AI over gRPC, whose messages are those of its HTTP API.
_PREDICTIONS = r"google\.cloud\.aiplatform\.v\w+\.PredictionService"
# The path of the Live API is the name of a service and its method.
_SERVICE = "google.ai.generativelanguage.{}.GenerativeService.BidiGenerateContent{}"
_LIVE_PATHS = tuple(
    connect_to(_SERVICE.format(version, token))
    for version in ("v1beta", "v1alpha", "v1")
    for token in ("", "Constrained")
)


def _deny(message: str) -> dict[str, Any]:
    return {"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}}


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.google.readers import READERS

    return READERS


PROVIDER = Provider(
    name="google",
    load_readers=_load_readers,
    names_requests=True,
    hosts=(
        HostRule("generativelanguage.googleapis.com", _GOOGLE),
        HostRule("aiplatform.googleapis.com", _GOOGLE, paid_paths=_MODELS),
        # Regions, multi-regions, and the addresses for clients with certificates.
        HostRule(
            lazy_compile(
                r"([a-z0-9-]+-aiplatform(\.mtls)?|aiplatform\.mtls|aiplatform\.[a-z0-9-]+\.rep"
                r"|generativelanguage\.mtls)\.googleapis\.com"
            ),
            _GOOGLE,
            example="us-central1-aiplatform.googleapis.com",
            paid_paths=_MODELS,
        ),
    ),
    operations=(
        Operation(
            name="google.content",
            category=_GOOGLE,
            paths=(
                post("[^/]+:generateContent"),
                post("[^/]+:streamGenerateContent"),
                rpc(f"{_PREDICTIONS}/GenerateContent"),
                rpc(f"{_PREDICTIONS}/StreamGenerateContent"),
            ),
            example=f"{_GEMINI}:generateContent",
        ),
        Operation(
            name="google.embeddings",
            category=_GOOGLE,
            paths=(
                post("[^/]+:embedContent"),
                post("[^/]+:batchEmbedContents"),
                rpc(f"{_PREDICTIONS}/EmbedContent"),
            ),
            example=f"{_GEMINI}:embedContent",
        ),
        Operation(
            name="google.predict",
            category=_GOOGLE,
            # Elsewhere `:predict` calls models of the caller's own, on Vertex AI and on TensorFlow servers.
            paths=(post(r"(publishers/google/models/|v\d\w*/models/imagen-)[^/]+:predict"),),
            example="/v1/projects/p/locations/global/publishers/google/models/my-model:predict",
        ),
        Operation(
            name="google.live",
            category=_GOOGLE,
            # Vertex AI has the method in a segment of its own.
            paths=(*_LIVE_PATHS, connect("BidiGenerateContent")),
            example=f"/ws/{_LIVE_PATHS[0].last}",
        ),
        Operation(
            # The API of the model's maker, which is OpenAI's shape. Claude's is `anthropic.vertex`.
            name="google.mistral",
            category=_GOOGLE,
            paths=(post(f"{_MISTRAL}:rawPredict"), post(f"{_MISTRAL}:streamRawPredict")),
            example="/v1/projects/p/locations/us-central1/publishers/mistralai/models/my-mistral:rawPredict",
        ),
        Operation(
            name="google.interactions",
            category=_GOOGLE,
            paths=(post(_INTERACTIONS),),
            example="/v1beta/interactions",
        ),
        Operation(
            # Each fetch reports the same usage, so these are apart from the requests that create an
            # interaction.
            name="google.interactions.again",
            category=_GOOGLE,
            paths=(get(f"{_INTERACTIONS}/[^/]+"), post(f"{_INTERACTIONS}/[^/]+/cancel")),
            example="/v1beta/interactions/v1_1",
        ),
    ),
    compatible=frozenset({"openai.chat", "openai.embeddings", "openai.images", "openai.decisions"}),
    # On Vertex AI alone, and for the models of every publisher there.
    forwarded=(
        Forwarding(
            "google.vertex",
            _GOOGLE,
            lazy_compile(
                r"/v\d\w*/projects/[^/]+/locations/[^/]+/publishers/[^/]+/models/[^/]+"
                ":(generateContent|streamGenerateContent|rawPredict|streamRawPredict)"
            ),
        ),
    ),
    make_denial=_deny,
    # The model is the segment before the verb, on both APIs and however long the path before it is.
    resources_in_paths=(r"/([^/:]+):[A-Za-z]+\Z",),
)
