"""Google's OpenAI-compatible endpoint: thoughts that only the total counts, and long prompts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.google.openai_compatible import read_chat
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse
from tests.providers.shapes import Shown, make_messages, objects_of, show


def read(usage: Any, asked: str | None = "gemini-2.5-flash") -> ParsedResponse:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}
    return read_chat(
        RawResponse(make_messages({"id": "c-1", "choices": [choice], "usage": usage}), requested_model=asked)
    )


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({"prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 14}, {"text": (8, 6)}),
        (
            {"prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 34},
            {"text": (8, 6), "reasoning": (None, 20)},
        ),
        ({"prompt_tokens": 8, "total_tokens": 28}, {"text": (8, 0), "reasoning": (None, 20)}),
        (
            {
                "prompt_tokens": 8,
                "completion_tokens": 6,
                "total_tokens": 34,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            {"text": (8, 6), "reasoning": (None, 20)},
        ),
        (
            {
                "prompt_tokens": 8,
                "completion_tokens": 26,
                "total_tokens": 34,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            {"text": (8, 6), "reasoning": (None, 20)},
        ),
        (
            {
                "prompt_tokens": 8,
                "completion_tokens": 6,
                "total_tokens": 34,
                "completion_tokens_details": None,
                "prompt_tokens_details": {"cached_tokens": 5},
            },
            {"text": (3, 6), "text_cache_read": (5, None), "reasoning": (None, 20)},
        ),
        ({"prompt_tokens": 8, "completion_tokens": 6}, {"text": (8, 6)}),
        ({"prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 3}, {"text": (8, 6)}),
        (None, {}),
    ],
    ids=repr,
)
def test_thoughts_are_the_total_minus_prompt_and_completion(usage: Any, units: Shown) -> None:
    assert show(read(usage).units) == units


@pytest.mark.parametrize("asked", ["gemini-2.5-pro", "google/gemini-2.5-pro", "models/gemini-2.5-pro"])
def test_a_long_prompt_has_its_own_units(asked: str) -> None:
    usage = {"prompt_tokens": 200_001, "completion_tokens": 6, "total_tokens": 200_017}
    assert show(read(usage, asked).units) == {
        "text_large_context": (200_001, 6),
        "reasoning_large_context": (None, 10),
    }
    assert show(read({**usage, "prompt_tokens": 200_000, "total_tokens": 200_006}, asked).units) == {
        "text": (200_000, 6)
    }
    assert "text" in read(usage, None).units


@given(objects_of(("prompt_tokens", "completion_tokens", "total_tokens", "completion_tokens_details")))
def test_any_usage_raises_nothing(usage: dict[str, Any]) -> None:
    read(usage)
