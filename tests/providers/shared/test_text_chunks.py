"""Chunks that differ in their text alone are recognized, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.shared.text_chunks import TextChunk

TEXTS = st.one_of(st.text(), st.sampled_from(['"', "\\", '\\"', '"},"', '"obfuscation":"x"', "\n"]))
NAMES = st.sampled_from(["content", "reasoning_content", "text", "refusal"])


def covers(chunk: TextChunk, data: bytes) -> bool:
    """Whether another chunk says the same, and whether the chunk is returned if it doesn't."""
    other = chunk.find_other(iter([("", data)]))
    assert other in (None, data)
    return other is None


def make(name: str, text: Any, padding: str | None = "ab", **fields: Any) -> bytes:
    delta = {"index": 0, "delta": {name: text}, "finish_reason": None}
    chunk = {"id": "c", **fields, "choices": [delta], "usage": None}
    return json.dumps(chunk if padding is None else {**chunk, "obfuscation": padding}).encode()


def rest_of(data: bytes) -> Any:
    """What a chunk says, without its text and its padding."""
    chunk = json.loads(data)
    chunk.pop("obfuscation", None)
    for choice in chunk["choices"]:
        choice["delta"] = {name: isinstance(text, str) for name, text in choice["delta"].items()}
    return chunk


@given(NAMES, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.sampled_from(["c", "d"]))
def test_a_chunk_covers_only_those_that_say_the_same(
    name: str, text: str, other: str, padding: str | None, other_padding: str | None, model: str
) -> None:
    read = TextChunk.read(make(name, text, padding, model="c"))
    data = make(name, other, other_padding, model=model)
    if read is not None and covers(read, data):
        assert rest_of(data) == rest_of(make(name, text, padding, model="c"))


@pytest.mark.parametrize("name", ["content", "reasoning_content", "text"])
@pytest.mark.parametrize("padding", [None, "xyz"])
def test_a_chunk_with_another_text_is_covered(name: str, padding: str | None) -> None:
    read = TextChunk.read(make(name, "Hello", padding))
    assert read is not None
    assert covers(read, make(name, " world", padding))
    assert covers(read, make(name, "", padding and "longer padding"))


FIRST = make("content", "Hello")
OTHERS = {
    "null": make("content", None),
    "a finish reason": FIRST.replace(b'"finish_reason": null', b'"finish_reason": "stop"'),
    "usage": FIRST.replace(b'"usage": null', b'"usage": {"prompt_tokens": 1}'),
    "another id": FIRST.replace(b'"c"', b'"d"'),
    "more after the padding": FIRST[:-1] + b', "usage": {"prompt_tokens": 1}}',
    "more in place of the padding's end": FIRST.removesuffix(b'"}'),
    "no end of the text": FIRST.partition(b"Hello")[0] + b"Hello",
    "a tool call": FIRST.replace(b'"delta": {', b'"delta": {"tool_calls": [], '),
    "[DONE]": b"[DONE]",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_a_chunk_that_says_more_is_not_covered(data: bytes) -> None:
    read = TextChunk.read(FIRST)
    assert read is not None
    assert not covers(read, data)


def test_a_chunk_without_a_text_covers_nothing() -> None:
    assert TextChunk.read(b'{"usage": {"prompt_tokens": 1}}') is None
    unfinished = TextChunk.read(b'{"content": "Hel')
    assert unfinished is not None
    assert not covers(unfinished, b'{"content": "Hello"}')


def test_more_after_a_chunk_without_padding_is_not_covered() -> None:
    read = TextChunk.read(make("content", "Hello", None))
    assert read is not None
    assert not covers(read, make("content", "Hello", None) + b" {}")
