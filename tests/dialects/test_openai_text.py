"""The text of requests and answers, for a tokenizer to count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.dialects.openai_text import read_output_text, read_prompt_texts

IMAGE = {"content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (
            {
                "messages": [
                    {"role": "user", "content": "one"},
                    {"content": [{"type": "text", "text": "two"}]},
                    IMAGE,
                ]
            },
            ["one", "two"],
        ),
        ({"messages": [IMAGE]}, []),
        (
            {"instructions": "a", "input": [{"content": "b"}, {"content": [{"type": "input_image"}]}]},
            ["a", "b"],
        ),
        ({"input": [{"content": [{"type": "input_text", "text": "c"}, {"type": "input_image"}]}]}, ["c"]),
        ({"messages": None, "image_url": 1}, []),
        (["input_image"], []),
    ],
)
def test_prompt_text_is_that_of_messages_and_input(body: Any, texts: list[str]) -> None:
    assert read_prompt_texts(msgspec.json.encode(body)) == texts


@pytest.mark.parametrize(
    ("bodies", "text"),
    [
        ([{"choices": [{"delta": {"content": "a"}}]}, {"choices": [{"delta": {"content": "b"}}]}], "ab"),
        ([{"choices": [{"message": {"content": "a"}}, {"text": "b"}, 7]}], "ab"),
        ([{"type": "response.output_text.delta", "delta": "a"}, {"type": "response.x", "delta": "b"}], "a"),
        ([{"choices": None}, [], 3], ""),
    ],
)
def test_output_text_is_that_of_all_choices_and_deltas(bodies: list[Any], text: str) -> None:
    assert read_output_text([("", msgspec.json.encode(body)) for body in bodies]) == text


@pytest.mark.parametrize("body", [b'{"messages":[{"content":"hello"}]}', b'{"text":"\\"image_url\\""}', b""])
def test_of_a_prompt_without_an_image_no_text_is_read(body: bytes) -> None:
    assert read_prompt_texts(body) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    read_prompt_texts(body + b'"input_image"')
    read_output_text([("", body)])
