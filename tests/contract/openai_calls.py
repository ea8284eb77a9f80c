"""Calls with the OpenAI SDK for chat completions: what was recorded, made again, and a question."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.clients import SETUPS, each, result
from tests.support.wire_cases import WireCase

__all__ = ["QUESTION", "every_setup", "replay", "stream_request"]

QUESTION: list[Any] = [{"role": "user", "content": "What is the weather in Boston?"}]

every_setup = pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)


async def replay(client: Any, case: WireCase) -> Any:
    """Make the recorded request; what the caller sees of the response, or the exception."""
    request = json.loads(case.request)
    try:
        response = await result(client.chat.completions.create(**request))
        if case.streams:
            return [chunk.model_dump() async for chunk in each(response)]
        return response.model_dump() if hasattr(response, "model_dump") else response
    except Exception as exc:
        return type(exc), str(exc), getattr(exc, "body", None), getattr(exc, "status_code", None)


def stream_request() -> dict[str, Any]:
    """The question, to be answered in a stream that tells its usage."""
    return {
        "model": "gpt-4.1",
        "messages": QUESTION,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
