"""Calls with the Anthropic SDK: what was recorded, made again, and a question as its helpers ask it."""

from __future__ import annotations

import contextlib
import inspect
import json
from typing import Any

import pytest

from tests.contract.anthropic_clients import SETUPS
from tests.contract.clients import each, entered, result
from tests.support.wire_cases import CASES, WireCase

__all__ = [
    "QUESTION",
    "STREAM",
    "TEXT",
    "UNARY",
    "by_name",
    "either_side",
    "every_setup",
    "open_stream",
    "replay",
]

by_name = {case.name.removeprefix("anthropic/"): case for case in CASES}
UNARY, STREAM = by_name["message_unary"], by_name["message_stream"]
QUESTION: Any = {
    "model": "claude-haiku-4-5",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "What is the weather in Boston?"}],
}
TEXT = "Hello! How can I help?"

either_side = pytest.mark.parametrize("setup", SETUPS[:2], ids=lambda setup: setup.name)
every_setup = pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)


async def replay(client: Any, case: WireCase, beta: bool = False) -> Any:
    """Make the recorded request; what the caller sees of the response, or the exception."""
    create = (client.beta.messages if beta else client.messages).create
    known = inspect.signature(create).parameters
    request = {"model": case.route.get("resource"), **json.loads(case.request)}
    # Bedrock's path says whether it is to stream.
    request |= {"stream": True} if case.streams else {}
    body = {name: value for name, value in request.items() if name not in known}
    options = {name: value for name, value in request.items() if name in known}
    try:
        response = await result(create(**options, extra_body=body))
        if case.streams:
            return [event.model_dump(warnings=False) async for event in each(response)]
        return response.model_dump(warnings=False)
    except Exception as exc:
        return type(exc), str(exc), getattr(exc, "body", None), getattr(exc, "status_code", None)


def open_stream(client: Any, beta: bool = False) -> contextlib.AbstractAsyncContextManager[Any]:
    """The stream of a message, as the SDK's helper gives it."""
    return entered((client.beta.messages if beta else client.messages).stream(**QUESTION))
