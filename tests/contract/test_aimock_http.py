"""Real SDKs against a server by others: what the SDK shows as usage is in the event, call by call.

In its chaos modes, the server fails half of the requests, each time in one way. Every request is an event.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from google import genai

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.values.event import Event
from tests.support.aimock import needs_aimock, serve_aimock
from tests.support.bedrock_client import connect_bedrock

pytestmark = [needs_aimock, pytest.mark.slow]

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "input_tokens": 11,
    "output_tokens": 7,
    "total_tokens": 18,
}
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
Counts = tuple[int, int]


def chat(netloc: str) -> Counts:
    with openai.OpenAI(base_url=f"http://{netloc}/v1", api_key="sk-1", max_retries=0) as client:
        usage: Any = client.chat.completions.create(model="gpt-4.1", messages=HELLO).usage
    return usage.prompt_tokens, usage.completion_tokens


def chat_stream(netloc: str) -> Counts:
    with openai.OpenAI(base_url=f"http://{netloc}/v1", api_key="sk-1", max_retries=0) as client:
        chunks = client.chat.completions.create(
            model="gpt-4.1", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    return usage.prompt_tokens, usage.completion_tokens


def response(netloc: str) -> Counts:
    with openai.OpenAI(base_url=f"http://{netloc}/v1", api_key="sk-1", max_retries=0) as client:
        usage: Any = client.responses.create(model="gpt-4.1", input="hello").usage
    return usage.input_tokens, usage.output_tokens


def response_stream(netloc: str) -> Counts:
    with openai.OpenAI(base_url=f"http://{netloc}/v1", api_key="sk-1", max_retries=0) as client:
        events = list(client.responses.create(model="gpt-4.1", input="hello", stream=True))
    usage: Any = next(event.response.usage for event in events if event.type == "response.completed")
    return usage.input_tokens, usage.output_tokens


def message(netloc: str) -> Counts:
    with anthropic.Anthropic(base_url=f"http://{netloc}", api_key="sk-1", max_retries=0) as client:
        usage = client.messages.create(model="claude-opus-4-8", max_tokens=9, messages=HELLO).usage
    return usage.input_tokens, usage.output_tokens


def message_stream(netloc: str) -> Counts:
    with (
        anthropic.Anthropic(base_url=f"http://{netloc}", api_key="sk-1", max_retries=0) as client,
        client.messages.stream(model="claude-opus-4-8", max_tokens=9, messages=HELLO) as stream,
    ):
        usage = stream.get_final_message().usage
    return usage.input_tokens, usage.output_tokens


def _google(netloc: str) -> genai.Client:
    return genai.Client(api_key="k", http_options={"base_url": f"http://{netloc}", "api_version": "v1beta"})


def content(netloc: str) -> Counts:
    with _google(netloc) as client:
        usage: Any = client.models.generate_content(model="gemini-3-flash", contents="hello").usage_metadata
    return usage.prompt_token_count, usage.candidates_token_count


def content_stream(netloc: str) -> Counts:
    with _google(netloc) as client:
        chunks = list(client.models.generate_content_stream(model="gemini-3-flash", contents="hello"))
    usage: Any = chunks[-1].usage_metadata
    return usage.prompt_token_count, usage.candidates_token_count


_MODEL = "anthropic.claude-opus-4-8-v1:0"


def converse(netloc: str) -> Counts:
    talk = [{"role": "user", "content": [{"text": "hello"}]}]
    usage = connect_bedrock(netloc).converse(modelId=_MODEL, messages=talk)["usage"]
    return usage["inputTokens"], usage["outputTokens"]


def invoke(netloc: str) -> Counts:
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": HELLO})
    usage = json.load(connect_bedrock(netloc).invoke_model(modelId=_MODEL, body=body)["body"])["usage"]
    return usage["input_tokens"], usage["output_tokens"]


cohere: Any = importlib.import_module("cohere") if importlib.util.find_spec("cohere") else None
_ONCE = {"max_retries": 0}


@contextmanager
def _cohere(netloc: str) -> Iterator[Any]:
    with httpx.Client() as client:
        yield cohere.ClientV2("k", base_url=f"http://{netloc}", httpx_client=client)


def cohere_chat(netloc: str) -> Counts:
    with _cohere(netloc) as client:
        chat = client.chat(model="command-r", messages=HELLO, request_options=_ONCE)
    units = chat.usage.billed_units
    return int(units.input_tokens), int(units.output_tokens)


def cohere_stream(netloc: str) -> Counts:
    with _cohere(netloc) as client:
        *_, last = client.chat_stream(model="command-r", messages=HELLO, request_options=_ONCE)
    units = last.delta.usage.billed_units
    return int(units.input_tokens), int(units.output_tokens)


CALLS: list[Callable[[str], Counts]] = [
    chat,
    chat_stream,
    response,
    response_stream,
    message,
    message_stream,
    content,
    content_stream,
    converse,
    invoke,
    *([cohere_chat, cohere_stream] if cohere else []),
]
# What the SDKs and the HTTP library raise, and what follows from half a response.
FAILURES = (
    openai.OpenAIError,
    anthropic.AnthropicError,
    *([importlib.import_module("cohere.core.api_error").ApiError] if cohere else []),
    httpx.HTTPError,
    httpx2.HTTPError,
    genai.errors.APIError,
    BotoCoreError,
    ClientError,
    KeyError,
    ValueError,
    AttributeError,
    AssertionError,
    StopIteration,
)
CHAOS = {
    "drop": ("--chaos-drop", "0.5"),
    "malformed": ("--chaos-malformed", "0.5"),
    "disconnect": ("--chaos-disconnect", "0.5"),
    "ratelimit": ("--chaos-ratelimit", "0.5"),
}


@contextmanager
def recorded(folder: Path, sink: MemorySink, *options: str) -> Iterator[str]:
    with serve_aimock(folder, USAGE, *options) as netloc:
        mapping: Any = {netloc: {"price_as_category": "system.openai"}}
        payi_instrument(sink=sink, config={"host_mappings": mapping})
        yield netloc
        assert payi_flush(30)
        assert payi_stats().faults == 0


def counts(event: Event) -> Counts:
    text = event.units["text"]
    return text.input or 0, text.output or 0


def test_the_usage_that_an_sdk_shows_is_in_the_event(tmp_path: Path, sink: MemorySink) -> None:
    with recorded(tmp_path, sink) as netloc:
        shown = [call(netloc) for call in CALLS]
    assert [counts(event) for event in sink.events] == shown
    assert shown[0] == (11, 7)


@pytest.mark.parametrize("options", CHAOS.values(), ids=CHAOS)
def test_every_request_to_a_failing_server_is_an_event(
    options: tuple[str, str], tmp_path: Path, sink: MemorySink
) -> None:
    shown: list[Counts | None] = []
    with recorded(tmp_path, sink, *options) as netloc:
        for call in CALLS * 6:
            try:
                shown.append(call(netloc))
            except FAILURES:
                shown.append(None)
    assert len(sink.events) == len(shown)
    for event, usage in zip(sink.events, shown, strict=True):
        if usage is not None:
            assert counts(event) == usage
        elif event.http_status_code == 200:
            properties = event.properties or {}
            assert event.units or {"system.units", "system.stream", "system.failure"} & properties.keys()
        else:
            assert event.http_status_code in (299, 429, 500)
            assert not event.units
    assert None in shown and any(shown)
