"""Anthropic's Messages API, at Anthropic and on Google's Vertex AI."""

from __future__ import annotations

from typing import Any

from payi_transport.providers.anthropic.messages import is_repeatable, read_message
from payi_transport.providers.anthropic.text import read_output_text, read_prompt_texts
from payi_transport.providers.google.content import read_error as read_google_error
from payi_transport.providers.provider import Forwarding, HostRule, Operation, Provider, Readers, post
from payi_transport.providers.shared.failures import read_error
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

_MESSAGES = Readers(
    read_message, read_error, read_output_text, read_prompt_texts, is_repeatable=is_repeatable
)
# Vertex AI serves the counting of tokens as a model, too.
_CLAUDE_ON_VERTEX = r"publishers/anthropic/models/(?!count-tokens:)[^/]+"


def _deny(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "permission_error", "message": message}}


PROVIDER = Provider(
    name="anthropic",
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
            readers=_MESSAGES,
        ),
        Operation(
            name="anthropic.vertex",
            category=PayiCategories.google_vertex,
            paths=(post(f"{_CLAUDE_ON_VERTEX}:rawPredict"), post(f"{_CLAUDE_ON_VERTEX}:streamRawPredict")),
            example="/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/my-claude:rawPredict",
            # An error has Anthropic's shape or Google's, and Google's reader reads both. Models of Google
            # and of Anthropic share this category, so a prefix tells them apart.
            readers=_MESSAGES._replace(read_error=read_google_error, prefix="anthropic."),
        ),
    ),
    forwarded=(
        Forwarding("anthropic", PayiCategories.anthropic, lazy_compile("/v1/messages"), "api.anthropic.com"),
    ),
    make_denial=_deny,
)
