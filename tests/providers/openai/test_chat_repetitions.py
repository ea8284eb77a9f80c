"""A stream is read the same whether chunks that only have a text are looked at or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.text_chunks import TextChunk
from tests.providers.shapes import make_messages

TOOL = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{"}}]}
DELTAS: list[dict[str, Any]] = [
    {"content": "Hello"},
    {"content": 'a "quoted" \\ text'},
    {"reasoning_content": "Hm"},
    {"content": "x", **TOOL},
    {**TOOL, "content": "x"},
    {"content": "x", "function_call": {"name": "g", "arguments": "1"}},
    {"content": "x", "usage": {"prompt_tokens": 3}},
    {"content": None},
]
CHOICES: list[dict[str, Any]] = [
    {"finish_reason": None},
    {"finish_reason": "stop"},
    {"finish_reason": "error"},
    {"usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    {"error": {"code": "c"}},
]
FIELDS: list[dict[str, Any]] = [
    {},
    {"usage": None, "obfuscation": "abc"},
    {"usage": {"prompt_tokens": 5, "completion_tokens": 1}},
    {"service_tier": "flex"},
    {"service_tier": "default", "model": "m"},
    {"error": "broken"},
    {"object": "error", "message": "content"},
    {"x_groq": {"usage": {"prompt_tokens": 7}}},
    {"base_resp": {"status_code": 5}},
]


@st.composite
def chunks(draw: Any) -> dict[str, Any]:
    delta, choice, fields = (draw(st.sampled_from(values)) for values in (DELTAS, CHOICES, FIELDS))
    name = draw(st.sampled_from(["delta", "message"]))
    return {"id": "c", **fields, "choices": [{"index": 0, name: delta, **choice}]}


@given(st.lists(st.tuples(chunks(), st.integers(1, 3)), max_size=6))
def test_skipping_chunks_changes_nothing(stream: list[tuple[dict[str, Any], int]]) -> None:
    raw = RawResponse(make_messages(*(chunk for chunk, times in stream for _ in range(times))))
    skipping = read_chat(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextChunk, "find_other", lambda self, messages: next(messages, ("", None))[1])
        assert read_chat(raw) == skipping
