"""What Claude Code and Codex send, as their sources and their makers' documentation show it.

Sources: https://code.claude.com/docs/en/llm-gateway-protocol and https://github.com/openai/codex
(`codex-rs/core/src/model_provider_info.rs`, `codex-rs/codex-api/src`).
"""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "CLAUDE_HEADERS",
    "CLAUDE_REQUEST",
    "CODEX_EVENTS",
    "CODEX_HEADERS",
    "CODEX_REQUEST",
    "MESSAGE_EVENTS",
]

CLAUDE_HEADERS = {
    "anthropic-beta": "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14",
    "user-agent": "claude-cli/2.1.220 (external, cli)",
    "x-app": "cli",
    "anthropic-dangerous-direct-browser-access": "true",
    "x-claude-code-session-id": "5e8f9a40-0c1d-4b6e-9f5b-1f2e3d4c5b6a",
}
CLAUDE_REQUEST: dict[str, Any] = {
    "model": "claude-opus-4-5",
    "max_tokens": 32000,
    "system": [
        {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Fix the tést ✓"}]}],
    "tools": [{"name": "Bash", "description": "Run", "input_schema": {"type": "object", "properties": {}}}],
    "metadata": {"user_id": "user_1_account__session_2"},
    "thinking": {"type": "enabled", "budget_tokens": 31999},
}
CODEX_HEADERS = {
    "originator": "codex_cli_rs",
    "version": "0.98.0",
    "openai-beta": "responses=experimental",
    "user-agent": "codex_cli_rs/0.98.0 (Ubuntu 24.4.0; x86_64) xterm",
    "session_id": "0199d1c2-7b3a-7f10-8d5e-6a1b2c3d4e5f",
    "x-codex-beta-features": "unified_exec",
}
CODEX_REQUEST: dict[str, Any] = {
    "model": "gpt-5",
    "instructions": "You are a coding agent.",
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix it ✓"}]}],
    "tools": [{"type": "function", "name": "shell", "parameters": {"type": "object"}, "strict": False}],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199d1c2-7b3a-7f10-8d5e-6a1b2c3d4e5f",
}


def _write(*data: dict[str, Any]) -> list[bytes]:
    return [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in data]


_MESSAGE: dict[str, Any] = {
    "id": "msg_cli",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-5",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {
        "input_tokens": 1000,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 2000,
        "output_tokens": 1,
    },
}
MESSAGE_EVENTS = _write(
    {"type": "message_start", "message": _MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Dönë ✓"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}},
    {"type": "message_stop"},
)

_RESPONSE: dict[str, Any] = {
    "id": "resp_cli",
    "object": "response",
    "created_at": 1,
    "status": "in_progress",
    "model": "gpt-5",
    "output": [],
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
}
_ITEM = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Dönë ✓", "annotations": []}],
}
_USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 200},
    "output_tokens": 500,
    "output_tokens_details": {"reasoning_tokens": 100},
    "total_tokens": 1500,
}
CODEX_EVENTS = _write(
    {"type": "response.created", "sequence_number": 0, "response": _RESPONSE},
    {
        "type": "response.output_text.delta",
        "sequence_number": 1,
        "item_id": "m1",
        "output_index": 0,
        "content_index": 0,
        "delta": "Dönë ✓",
        "logprobs": [],
    },
    {"type": "response.output_item.done", "sequence_number": 2, "output_index": 0, "item": _ITEM},
    {
        "type": "response.completed",
        "sequence_number": 3,
        "response": {**_RESPONSE, "status": "completed", "output": [_ITEM], "usage": _USAGE},
    },
)
