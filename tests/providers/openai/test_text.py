"""The text of requests and responses, for a tokenizer to count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.text import read_output_text, read_prompt_texts

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
        # What a model reads besides its messages, and the calls that it made before.
        ({"messages": [IMAGE], "tools": [{"type": "function"}]}, ['[{"type":"function"}]']),
        ({"messages": [IMAGE, {"tool_calls": [{"function": {"arguments": "{}"}}]}]}, ["{}"]),
        (
            {
                "messages": [IMAGE],
                "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}},
            },
            ['{"type":"object"}'],
        ),
        (
            {
                "input": [
                    {"type": "function_call", "arguments": "{}"},
                    {
                        "type": "function_call_output",
                        "output": [{"type": "input_text", "text": "a"}, {"type": "input_image"}],
                    },
                ],
                "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            },
            ["{}", "a", '{"type":"object"}'],
        ),
        ({"input": [{"type": "computer_call_output", "output": {"type": "computer_screenshot"}}]}, []),
        ({"messages": [IMAGE], "previous_response_id": None}, []),
    ],
)
def test_prompt_text_is_all_that_the_model_reads_except_images(body: Any, texts: list[str]) -> None:
    assert read_prompt_texts(msgspec.json.encode(body)) == texts


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "prompt"])
def test_no_text_is_read_from_a_prompt_that_the_provider_keeps_in_part(name: str) -> None:
    body = {"input": [{"content": [{"type": "input_image"}]}]}
    assert read_prompt_texts(msgspec.json.encode({**body, name: {"id": "x"}})) is None


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


TOOL = {"type": "function", "function": {"parameters": {"properties": {"image_url": {"type": "string"}}}}}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"content": "hello"}]},
        {"messages": [{"content": '"image_url"'}]},
        {"messages": [{"content": "hello"}], "tools": [TOOL]},
        {"input": "hello", "tools": [TOOL]},
        {"messages": None, "image_url": 1},
        ["input_image"],
        b'{"messages":[{"content":[{"type":"input_image"',
        b"",
    ],
)
def test_no_text_is_read_from_a_prompt_without_an_image(body: Any) -> None:
    assert read_prompt_texts(body if isinstance(body, bytes) else msgspec.json.encode(body)) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    read_prompt_texts(body + b'"input_image"')
    read_output_text([("", body)])


@pytest.mark.parametrize(
    "name",
    [
        *("text", "content", "messages", "instructions", "input", "output", "tool_calls", "function"),
        *("function_call", "response_format", "json_schema", "format"),
    ],
)
def test_a_field_of_a_prompt_leads_to_its_text(name: str) -> None:
    body = {"messages": [IMAGE, {name: "Hi"}], "model": "m"}
    assert read_prompt_texts(msgspec.json.encode(body)) == ["Hi"]


@pytest.mark.parametrize("name", ["tools", "functions", "arguments", "schema"])
def test_what_a_model_reads_as_json_counts_as_it_is_written(name: str) -> None:
    body = {"messages": [IMAGE], name: {"a": [1]}}
    assert read_prompt_texts(msgspec.json.encode(body)) == ['{"a":[1]}']


@pytest.mark.parametrize("kind", ["image_url", "input_image", "computer_screenshot"])
def test_an_image_is_a_part_of_one_of_these_types(kind: str) -> None:
    for container in ("messages", "input", "output"):
        body = {container: [{"content": [{"type": kind}, {"text": "Hi"}]}]}
        assert read_prompt_texts(msgspec.json.encode(body)) == ["Hi"]
