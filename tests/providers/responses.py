"""Responses as OpenAI sends them: whole, in progress, and their usage."""

from __future__ import annotations

from typing import Any

from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse
from tests.providers.shapes import make_messages

__all__ = ["CALL", "CREATED", "RESPONSE", "STARTED", "UNITS", "USAGE", "read"]

USAGE = {
    "input_tokens": 100,
    "output_tokens": 50,
    "total_tokens": 150,
    "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
    "output_tokens_details": {"reasoning_tokens": 20},
}
UNITS = {
    "text": (60, 30),
    "text_cache_read": (30, None),
    "text_cache_write": (10, None),
    "reasoning": (None, 20),
}
CALL = {"type": "function_call", "name": "f", "arguments": '{"a" : 1.0}', "call_id": "c-1"}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-5-2026-01-01",
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
    "usage": USAGE,
    "service_tier": "default",
    "error": None,
}
STARTED = {**RESPONSE, "status": "in_progress", "output": [], "usage": None, "service_tier": "auto"}
CREATED = {"type": "response.created", "response": STARTED}


def read(*bodies: Any, read_to_end: bool = True) -> ParsedResponse:
    return read_response(RawResponse(make_messages(*bodies), read_to_end))
