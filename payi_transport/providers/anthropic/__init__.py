"""Anthropic's Messages API, at Anthropic and on Google's Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.provider import Forwarding, HostRule, Operation, Provider, Readers, post
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

# Vertex AI serves the counting of tokens as a model, too.
_CLAUDE_ON_VERTEX = r"publishers/anthropic/models/(?!count-tokens:)[^/]+"


def _deny(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "permission_error", "message": message}}


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.anthropic.readers import READERS

    return READERS


PROVIDER = Provider(
    name="anthropic",
    load_readers=_load_readers,
    names_requests=True,
    hosts=(
        HostRule("api.anthropic.com", PayiCategories.anthropic),
        # Anthropic's own API, sold through other clouds. Source: the clients AnthropicAWS and
        # AnthropicGoogleCloud of its SDK 2.14.
        HostRule(
            lazy_compile(r"aws-external-anthropic\.[a-z0-9-]+\.api\.aws"),
            PayiCategories.anthropic,
            example="aws-external-anthropic.us-east-1.api.aws",
            forwarded=False,
        ),
        HostRule("claude.googleapis.com", PayiCategories.anthropic),
    ),
    operations=(
        Operation(
            name="anthropic.messages",
            category=PayiCategories.anthropic,
            paths=(post(r"v\d\w*/messages"),),
            example="/v1/messages",
        ),
        Operation(
            name="anthropic.vertex",
            category=PayiCategories.google_vertex,
            paths=(post(f"{_CLAUDE_ON_VERTEX}:rawPredict"), post(f"{_CLAUDE_ON_VERTEX}:streamRawPredict")),
            example="/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/my-claude:rawPredict",
        ),
    ),
    forwarded=(
        Forwarding("anthropic", PayiCategories.anthropic, lazy_compile("/v1/messages"), "api.anthropic.com"),
    ),
    make_denial=_deny,
)
