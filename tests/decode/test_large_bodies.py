"""The usage of a body over the limit is read, wherever it is, and nothing is counted that may be cut."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import random
from typing import Any

import pytest

from payi_transport.values.event import Event
from tests.support.exchanges import decode_case
from tests.support.wire_cases import UNARY

LONG = "QUFB" * 100_000
OPENAI = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
MISSING = {"system.units": "missing", "system.units.reason": "it is over capture.max_body_bytes"}
EMBEDDINGS = {"prompt_tokens": 8192, "total_tokens": 8192}


def sse(*messages: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(message).encode() + b"\n\n" for message in messages)


def decode(operation: str, body: bytes, media: str = "application/json") -> Event:
    case = dataclasses.replace(
        UNARY, operation=operation, response=body, headers={"content-type": media}, request=b'{"model":"m"}'
    )
    return decode_case(case, [body[at : at + 1000] for at in range(0, len(body), 1000)], body_limit=100_000)


VECTORS = [{"index": n, "embedding": LONG[:4096]} for n in range(99)]
FLOATS = [{"index": n, "embedding": [0.25] * 1000} for n in range(99)]
IMAGES = [{"b64_json": LONG} for _ in range(10)]
GOOGLE = {"promptTokenCount": 3, "candidatesTokenCount": 1290, "totalTokenCount": 1293}
PARTS = [{"content": {"parts": [{"inlineData": {"data": LONG}}]}, "finishReason": "STOP"}]
DOCUMENTS: dict[str, tuple[str, dict[str, Any], dict[str, tuple[int | None, int | None]]]] = {
    "vectors": (
        "openai.embeddings",
        {"data": VECTORS, "model": "m", "usage": EMBEDDINGS},
        {"text": (8192, None)},
    ),
    "floats": (
        "openai.embeddings",
        {"data": FLOATS, "model": "m", "usage": EMBEDDINGS},
        {"text": (8192, None)},
    ),
    "usage first": ("openai.embeddings", {"usage": EMBEDDINGS, "data": VECTORS}, {"text": (8192, None)}),
    "images": ("openai.images", {"data": IMAGES, "usage": OPENAI}, {"text": (5, None), "image": (None, 7)}),
    "Gemini": ("google.content", {"candidates": PARTS, "usageMetadata": GOOGLE}, {"text": (3, 1290)}),
    # Nobody knows how many there are.
    "images that are counted": ("openai.images", {"created": 1, "data": IMAGES}, {}),
}


@pytest.mark.parametrize(("operation", "document", "units"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_usage_of_a_large_document_is_read(operation: str, document: Any, units: Any) -> None:
    event = decode(operation, json.dumps(document).encode())
    assert {name: (unit.input, unit.output) for name, unit in event.units.items()} == units
    assert event.properties == (None if units else MISSING) or "provider" in str(event.properties)


def test_the_usage_of_a_last_event_that_is_larger_than_the_tail_is_read() -> None:
    item = {"type": "image_generation_call", "result": LONG}
    response = {"id": "r1", "status": "completed", "output": [item], "usage": OPENAI, "metadata": {}}
    partial = {"type": "response.image_generation_call.partial_image", "partial_image_b64": LONG}
    body = sse(partial, partial, {"type": "response.completed", "response": response, "sequence_number": 9})
    event = decode("openai.responses", body, "text/event-stream")
    assert (event.units["text"].input, event.units["text"].output) == (5, 7)
    assert not event.properties


def test_one_event_of_a_stream_that_is_larger_than_the_limit_is_read() -> None:
    body = sse({"candidates": PARTS, "usageMetadata": GOOGLE, "modelVersion": "gemini-x", "responseId": "g1"})
    event = decode("google.content", body, "text/event-stream")
    assert (event.units["text"].input, event.units["text"].output) == (3, 1290)
    assert (event.provider_response_id, event.resource) == ("g1", "google.gemini-x")
    assert not event.properties


def test_a_line_of_json_that_is_larger_than_the_limit_is_read() -> None:
    line = {"model": "m", "response": LONG, "done": True, "prompt_eval_count": 4, "eval_count": 6}
    event = decode("ollama.generation", json.dumps(line).encode() + b"\n", "application/x-ndjson")
    assert (event.units["text"].input, event.units["text"].output) == (4, 6)


@pytest.mark.parametrize("media", ["application/vnd.amazon.eventstream", "application/json"])
def test_a_body_that_is_not_json_is_kept_on_both_sides(media: str) -> None:
    assert decode("openai.chat", b"x" * 400_000, media).units == {}


def test_the_usage_of_a_compressed_body_over_the_limit_is_read() -> None:
    # Random numbers, whose base64 loses a quarter of its size, as that of real vectors does.
    vector = base64.b64encode(random.Random(1).randbytes(120_000)).decode()
    document = {"data": [{"index": 0, "embedding": vector}], "model": "m", "usage": EMBEDDINGS}
    body = gzip.compress(json.dumps(document).encode())
    assert len(body) > 100_000
    case = dataclasses.replace(
        UNARY,
        operation="openai.embeddings",
        response=body,
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )
    chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    assert decode_case(case, chunks, body_limit=100_000).units["text"].input == 8192
