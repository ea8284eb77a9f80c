"""Bedrock's InvokeModel: bodies as the model's family has them, with what Bedrock says beside.

Source: AWS's API reference, and its inference parameters of each family. The family is told by the body: an
ARN or the id of a profile need not name it. Bedrock's own counts are in headers, and on streams in the last
event, `amazon-bedrock-invocationMetrics`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.dialects.anthropic import read_message
from payi_transport.dialects.bedrock import Conversation, read_exception
from payi_transport.dialects.bedrock_guardrail import Guardrail
from payi_transport.dialects.bedrock_usage import describe_service, map_usage
from payi_transport.dialects.counts import count
from payi_transport.dialects.openai import read_chat
from payi_transport.dialects.reply import Reply
from payi_transport.dialects.values import decode, text
from payi_transport.event import Answer, Units
from payi_transport.framing import Frames
from payi_transport.framing.eventstream import EXCEPTION

__all__ = ["read_invocation", "unwrap_chunks"]

_COUNT_HEADERS = {
    "inputTokenCount": "x-amzn-bedrock-input-token-count",
    "outputTokenCount": "x-amzn-bedrock-output-token-count",
    "cacheReadInputTokenCount": "x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokenCount": "x-amzn-bedrock-cache-write-input-token-count",
}


class _Chunk(msgspec.Struct):
    bytes: str


class _Beside(msgspec.Struct):
    """What Bedrock puts beside the fields of a model's body."""

    metrics: Any = msgspec.field(default=None, name="amazon-bedrock-invocationMetrics")
    trace: Any = msgspec.field(default=None, name="amazon-bedrock-trace")
    action: Any = msgspec.field(default=None, name="amazon-bedrock-guardrailAction")


class _Counts(msgspec.Struct):
    """Counts of Llama, and of Titan's texts and embeddings; of streams, they are cumulative."""

    prompt_token_count: Any = None
    generation_token_count: Any = None
    inputTextTokenCount: Any = None  # noqa: N815 (the wire's name)
    totalOutputTextTokenCount: Any = None  # noqa: N815
    results: Any = None
