"""Chat completions as OpenAI and compatible hosts send them: whole, in chunks, and their usage."""

from __future__ import annotations

from typing import Any

from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse
from tests.providers.shapes import make_messages

__all__ = ["COMPLETION", "USED", "chunk", "read", "usage_of"]

USED = {"prompt_tokens": 9, "completion_tokens": 1}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-5-2026-01-01",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


def usage_of(
    prompt: Any = 100, completion: Any = 50, prompt_details: Any = None, completion_details: Any = None
) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": 150,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": completion_details,
    }


def chunk(delta: Any = None, finish: Any = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "gpt-5-2026-01-01",
        "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}],
        **more,
    }


def read(*bodies: Any, read_to_end: bool = True) -> ParsedResponse:
    return read_chat(RawResponse(make_messages(*bodies), read_to_end))
