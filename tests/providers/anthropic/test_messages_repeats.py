"""Which events of a stream of Anthropic's say nothing by being repeated, and where else a usage may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.anthropic.messages import is_repeatable, read_message
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import make_messages, show

TEXT: dict[str, Any] = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "a"},
}


@pytest.mark.parametrize(
    ("event", "repeatable"),
    [
        (TEXT, True),
        ({**TEXT, "index": 7}, True),
        ({**TEXT, "delta": {"type": "thinking_delta", "thinking": "a"}}, True),
        ({**TEXT, "unknown": 1}, True),
        ({**TEXT, "delta": {"type": "input_json_delta", "partial_json": "a"}}, False),
        ({**TEXT, "delta": {"type": "text_delta", "text": "a", "stop_reason": "end_turn"}}, False),
        ({**TEXT, "delta": "a"}, False),
        ({**TEXT, "delta": None}, False),
        ({**TEXT, "type": "message_delta"}, False),
        ({**TEXT, "usage": {"output_tokens": 1}}, False),
        ({**TEXT, "error": {"type": "t"}}, False),
        ({**TEXT, "base_resp": {"status_code": 1}}, False),
        ({**TEXT, "stop_reason": "end_turn"}, False),
        ({**TEXT, "content_block": {"type": "tool_use", "name": "f"}}, False),
        ([], False),
    ],
    ids=repr,
)
def test_an_event_of_text_alone_may_be_repeated(event: Any, repeatable: bool) -> None:
    assert is_repeatable(json.dumps(event).encode()) is repeatable


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[DONE]"])
def test_what_is_no_event_may_not_be_repeated(data: bytes) -> None:
    assert is_repeatable(data) is False


def test_a_gateway_may_put_the_usage_into_the_delta() -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "usage": {"output_tokens": 5}}}
    parsed = read_message(RawResponse(make_messages(start, end)))
    assert (show(parsed.units), parsed.finished) == ({"text": (9, 5)}, True)
