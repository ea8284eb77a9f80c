"""Usage that is written in another way, or in another place, than its API says: the tokens count.

Each row was billed by its provider, and was read as nothing, or as less, before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.support.eventstream import write_stream
from tests.support.exchanges import decode_case
from tests.support.wire_cases import WireCase

SSE = "text/event-stream"
TEXT = {"text": (19, 21)}
USAGE = {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40}
GOOGLE = {"promptTokenCount": 19, "candidatesTokenCount": 21, "totalTokenCount": 40}
# Deeper than half of the stack.
DEEP = json.loads('{"a":' * 600 + "1" + "}" * 600)


class Odd(NamedTuple):
    """A response by operation, and the units of its event."""

    operation: str
    body: bytes
    units: Mapping[str, tuple[int | None, int | None]] = TEXT
    media: str = "application/json"


def as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


def as_lines(*bodies: Any, end: bytes = b"\n") -> bytes:
    return b"".join(as_json(body) + end for body in bodies)


def as_sse(*bodies: Any) -> bytes:
    return b"".join(b"data: " + as_json(body) + b"\n\n" for body in bodies)


def as_chunks(*bodies: Any) -> bytes:
    return b"".join(write_stream(("chunk", {"bytes": body}) for body in bodies))


def chat(**usage: Any) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "message": {"content": "hi there"}}], "usage": usage}


def chunk(usage: Any = None, finish: str | None = None) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"delta": {"content": "hi"}, "finish_reason": finish}], "usage": usage}


def message(**usage: Any) -> dict[str, Any]:
    return {"type": "message", "id": "m1", "content": [], "stop_reason": "end_turn", "usage": usage}


def content(usage: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": "hi"}]}}], "usageMetadata": usage}


def with_controls(body: bytes) -> bytes:
    return body.replace(b"hi", b"h\ti\x01\n")


START = {"type": "message_start", "message": {"id": "m1", "usage": {"input_tokens": 19, "output_tokens": 1}}}
OLLAMA = ({"message": {"content": "hi"}}, {"done": True, "prompt_eval_count": 19, "eval_count": 21})
COHERE = {"input_tokens": 19.0, "output_tokens": 21.0}
ODD = {
    # Gateways that have both names of a count, and fill one.
    "two names: chat": Odd(
        "openai.chat",
        as_json(chat(prompt_tokens=0, completion_tokens=0, input_tokens=19, output_tokens=21)),
    ),
    "two names: responses": Odd(
        "openai.responses",
        as_json(
            {
                "id": "r1",
                "status": "completed",
                "usage": {**USAGE, "input_tokens": 0, "output_tokens": 0},
            }
        ),
    ),
    # Protobuf's JSON has 64-bit integers as strings, and pydantic accepts them.
    "strings: chat": Odd("openai.chat", as_json(chat(prompt_tokens="19", completion_tokens="21"))),
    "strings: a detail": Odd(
        "openai.chat",
        as_json(chat(prompt_tokens="19", completion_tokens=21, prompt_tokens_details={"cached_tokens": "9"})),
        {"text": (10, 21), "text_cache_read": (9, None)},
    ),
    "strings: responses": Odd(
        "openai.responses",
        as_json({"status": "completed", "usage": {"input_tokens": "19", "output_tokens": "21"}}),
    ),
    "strings: embeddings": Odd(
        "openai.embeddings", as_json({"usage": {"total_tokens": "8"}}), {"text": (8, None)}
    ),
    "strings: Anthropic": Odd(
        "anthropic.messages",
        as_json(message(input_tokens="19", output_tokens="21", server_tool_use={"web_search_requests": "3"})),
        {**TEXT, "web_search_request": (None, 3)},
    ),
    "strings: Google": Odd(
        "google.content",
        as_json(content({**GOOGLE, "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": "9"}]})),
        {"text": (10, 21), "vision": (9, None)},
    ),
    "strings: Converse": Odd(
        "bedrock.converse", as_json({"output": {}, "usage": {"inputTokens": "19", "outputTokens": "21"}})
    ),
    "strings: Llama": Odd(
        "bedrock.invoke", as_json({"prompt_token_count": "19", "generation_token_count": 21})
    ),
    "strings: Cohere": Odd(
        "cohere.chat", as_json({"usage": {"billed_units": {"input_tokens": "19", "output_tokens": "21"}}})
    ),
    # Whatever a model writes, some servers don't escape.
    "controls: chat": Odd("openai.chat", with_controls(as_json(chat(**USAGE)))),
    "controls: stream": Odd(
        "openai.chat",
        as_sse(chunk(USAGE, "stop")).replace(b"hi", b"h\ti\x01") + b"data: [DONE]\n\n",
        media=SSE,
    ),
    "controls: Llama": Odd(
        "bedrock.invoke",
        with_controls(as_json({"generation": "hi", "prompt_token_count": 19, "generation_token_count": 21})),
    ),
    "trailing: a word": Odd("openai.chat", as_json(chat(**USAGE)) + b"\n\nupstream closed"),
    "trailing: zero bytes": Odd(
        "anthropic.messages", as_json(message(input_tokens=19, output_tokens=21)) + b"\0"
    ),
    "trailing: in a stream": Odd(
        "openai.chat", as_sse(chunk(), chunk(USAGE, "stop")).replace(b"}\n\n", b"}}\n\n"), media=SSE
    ),
    # Streams of lines that a gateway calls something else.
    "lines: as JSON": Odd("ollama.generation", as_lines(*OLLAMA)),
    "lines: as text": Odd("ollama.generation", as_lines(*OLLAMA, end=b"\r\n"), media="text/plain"),
    "lines: chat": Odd("openai.chat", as_lines(chunk(), chunk(USAGE, "stop"))),
    "lines: Google": Odd("google.content", as_lines(content({"promptTokenCount": 19}), content(GOOGLE))),
    "events: after blanks": Odd("openai.chat", b"  \n" + as_sse(chunk(), chunk(USAGE, "stop"))),
    # Usage beside the place where it should be.
    "place: beside the response": Odd(
        "openai.responses",
        as_sse(
            {
                "type": "response.completed",
                "response": {"id": "r1", "status": "completed"},
                "usage": {"input_tokens": 19, "output_tokens": 21},
            }
        ),
        media=SSE,
    ),
    "place: in the delta": Odd(
        "anthropic.messages",
        as_sse(
            START,
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "usage": {"output_tokens": 21}}},
        ),
        media=SSE,
    ),
    "place: tokens alone": Odd("cohere.chat", as_json({"usage": {"tokens": COHERE}})),
    "place: nothing billed": Odd("cohere.chat", as_json({"usage": {"billed_units": None, "tokens": COHERE}})),
    # Later usage that says less than the one before.
    "less: Google": Odd(
        "google.content",
        as_sse(content(GOOGLE), content({"promptTokenCount": 19, "totalTokenCount": 19})),
        media=SSE,
    ),
    "less: Llama": Odd(
        "bedrock.invoke",
        as_chunks(
            {"generation": "hi", "prompt_token_count": 19, "generation_token_count": 21},
            {"generation": "", "prompt_token_count": 0, "generation_token_count": 0, "stop_reason": "stop"},
        ),
        media="application/vnd.amazon.eventstream",
    ),
    "deep: in two chunks": Odd(
        "openai.chat",
        as_sse(
            chunk({**USAGE, "completion_tokens": 9, "details": DEEP}),
            chunk({**USAGE, "details": DEEP}, "stop"),
        ),
        media=SSE,
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_usage_counts(name: str) -> None:
    odd = ODD[name]
    case = WireCase(name, b'{"model":"m"}', odd.body, 200, {"content-type": odd.media}, {}, odd.operation)
    # Cut anywhere, in the middle of a character or of an escape, too.
    for size in (len(odd.body), 3):
        chunks = [odd.body[start : start + size] for start in range(0, len(odd.body), size)]
        event = decode_case(case, chunks)
        assert {unit: (units.input, units.output) for unit, units in event.units.items()} == odd.units
        assert "system.units" not in (event.properties or {})


@pytest.mark.parametrize("count", ["", "1.5", "-1", "\u0663", "1" * 17, "1_0", " 1", "NaN", True, [], {}])
def test_what_is_no_whole_number_is_missing(count: Any) -> None:
    body = as_json(chat(prompt_tokens=count, completion_tokens=count))
    case = WireCase("none", b"{}", body, 200, {"content-type": "application/json"}, {})
    event = decode_case(case)
    assert event.units == {}
    assert (event.properties or {})["system.units"] == "missing"
