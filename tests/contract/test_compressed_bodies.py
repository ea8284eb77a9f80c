"""Compressed bodies of any size from a real server: the usage that the SDK shows is in the event.

The limit is 50 kB. A compressed body is kept up to twice as many bytes, and whole up to four times as many
when inflated. Where the end is not kept, the event says so.
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import openai
import pytest
import zstandard

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.values.event import Event
from tests.support.origin import CannedResponse, Origin, serve

LIMIT = 50_000
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: bytes(brotli.compress(body, quality=1)),
    "zstd": zstandard.ZstdCompressor().compress,
}
# A body compresses by a quarter if its base64 is random, and to nearly nothing if it is all the same. The
# sizes are those of the base64 in it.
NOISE = base64.b64encode(random.Random(7).randbytes(200_000)).decode()
SAME = "QUFB" * 1_000_000
FITS = {"inflates a little": NOISE[:60_000], "inflates to much more": SAME, "both": NOISE[:50_000] + SAME}
EMBEDDINGS = {"prompt_tokens": 8192, "total_tokens": 8192}
CHAT = {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40}
IMAGE = {
    "input_tokens": 50,
    "output_tokens": 272,
    "total_tokens": 322,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
}


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as server:
        yield server


@pytest.fixture
def sdk(origin: Origin, sink: MemorySink) -> Iterator[openai.OpenAI]:
    mappings: Any = {origin.netloc: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"host_mappings": mappings, "capture": {"max_body_bytes": LIMIT}})
    with openai.OpenAI(base_url=f"{origin.url}/v1", api_key="sk-1", max_retries=0) as client:
        yield client


def answer(origin: Origin, body: bytes, coding: str, media: str = "application/json") -> None:
    packed = CODINGS[coding](body)
    headers = {"content-type": media, "content-encoding": coding}
    chunks = [packed[at : at + 500] for at in range(0, len(packed), 500)]
    origin.responses = [CannedResponse(chunks, headers=headers)]


def sse(*messages: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(message).encode() + b"\n\n" for message in messages)


def only_event(sink: MemorySink) -> Event:
    assert payi_flush(30)
    assert payi_stats().faults == 0
    (event,) = sink.events
    return event


def counts(event: Event) -> dict[str, tuple[int | None, int | None]]:
    return {name: (unit.input, unit.output) for name, unit in event.units.items()}


every_coding = pytest.mark.parametrize("coding", CODINGS)
every_size = pytest.mark.parametrize("data", FITS.values(), ids=FITS)


@every_coding
@every_size
def test_the_usage_at_the_end_of_embeddings_is_read(
    coding: str, data: str, origin: Origin, sdk: openai.OpenAI, sink: MemorySink
) -> None:
    vectors = [{"object": "embedding", "index": 0, "embedding": data}]
    body = {"object": "list", "data": vectors, "model": "text-embedding-3-large", "usage": EMBEDDINGS}
    answer(origin, json.dumps(body).encode(), coding)
    response = sdk.embeddings.create(model="text-embedding-3-large", input="x", encoding_format="base64")
    event = only_event(sink)
    assert counts(event) == {"text": (response.usage.prompt_tokens, None)}
    assert not event.properties


@every_coding
@every_size
def test_the_usage_of_a_stream_of_images_is_read(
    coding: str, data: str, origin: Origin, sdk: openai.OpenAI, sink: MemorySink
) -> None:
    fields = {"created_at": 1, "background": "auto", "output_format": "png", "quality": "low", "size": "auto"}
    partial = {"type": "image_generation.partial_image", "b64_json": data, "partial_image_index": 0, **fields}
    done = {"type": "image_generation.completed", "b64_json": data, **fields, "usage": IMAGE}
    answer(origin, sse(partial, done), coding, "text/event-stream")
    usage: Any = None
    for part in sdk.images.generate(model="gpt-image-1", prompt="x", stream=True, partial_images=1):
        usage = getattr(part, "usage", None) or usage
    event = only_event(sink)
    assert counts(event) == {"text": (10, None), "vision": (40, None), "image": (None, usage.output_tokens)}
    assert "system.units" not in (event.properties or {})


@every_coding
@pytest.mark.parametrize("words", [1, 900, 3000])
def test_the_usage_of_a_chat_is_read(
    coding: str, words: int, origin: Origin, sdk: openai.OpenAI, sink: MemorySink
) -> None:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1"}
    word = {**head, "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    body = sse(*[word] * words, last, {**head, "choices": [], "usage": CHAT}) + b"data: [DONE]\n\n"
    answer(origin, body, coding, "text/event-stream")
    with sdk.chat.completions.create(
        model="gpt-4.1", messages=[], stream=True, stream_options={"include_usage": True}
    ) as stream:
        (usage,) = [chunk.usage for chunk in stream if chunk.usage is not None]
    event = only_event(sink)
    assert counts(event) == {"text": (usage.prompt_tokens, usage.completion_tokens)}
    assert event.provider_response_id == "c1"
    assert not event.properties


@every_coding
def test_a_body_whose_end_could_not_be_kept_is_missed(
    coding: str, origin: Origin, sdk: openai.OpenAI, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    vectors = [{"object": "embedding", "index": 0, "embedding": NOISE}]
    body = {"model": "text-embedding-3-large", "data": vectors, "usage": EMBEDDINGS}
    answer(origin, json.dumps(body).encode(), coding)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            sdk.embeddings.create(model="text-embedding-3-large", input="x", encoding_format="base64")
        assert payi_flush(30)
    for event in sink.events:
        assert (event.units, event.resource) == ({}, "text-embedding-3-large")
        assert event.properties == {
            "system.units": "missing",
            "system.units.reason": "it is compressed and over twice capture.max_body_bytes",
        }
    assert payi_stats().missing_units == 2
    (warning,) = [record.getMessage() for record in caplog.records]
    assert '{"capture": {"max_body_bytes": <bytes>}}' in warning


@every_coding
def test_a_usage_at_the_beginning_is_read_all_the_same(
    coding: str, origin: Origin, sdk: openai.OpenAI, sink: MemorySink
) -> None:
    vectors = [{"object": "embedding", "index": 0, "embedding": NOISE}]
    body = {"model": "text-embedding-3-large", "usage": EMBEDDINGS, "data": vectors}
    answer(origin, json.dumps(body).encode(), coding)
    sdk.embeddings.create(model="text-embedding-3-large", input="x", encoding_format="base64")
    event = only_event(sink)
    assert counts(event) == {"text": (8192, None)}
    assert not event.properties


def test_a_stream_whose_end_could_not_be_kept_does_not_pass_for_whole(
    origin: Origin, sdk: openai.OpenAI, sink: MemorySink
) -> None:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1"}
    # Some hosts report a running usage in each chunk.
    words = [
        {**head, "choices": [{"index": 0, "delta": {"content": NOISE[at : at + 500]}}], "usage": CHAT}
        for at in range(0, len(NOISE), 500)
    ]
    answer(origin, sse(*words) + b"data: [DONE]\n\n", "gzip", "text/event-stream")
    list(sdk.chat.completions.create(model="gpt-4.1", messages=[], stream=True))
    event = only_event(sink)
    assert counts(event) == {"text": (19, 21)}
    assert event.properties == {
        "system.stream": "partial",
        "system.units.reason": "it is compressed and over twice capture.max_body_bytes",
    }
    assert payi_stats().missing_units == 1
