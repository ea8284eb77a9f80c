"""The text of Anthropic's requests and responses, for a tokenizer to count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.anthropic.text import read_output_text, read_prompt_texts
from tests.providers.shapes import DEEP, make_messages

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"messages": [{"role": "user", "content": [IMAGE, {"type": "text", "text": "one"}]}]}, ["one"]),
        (
            {
                "system": "be brief",
                "messages": [{"role": "user", "content": "one"}, {"role": "user", "content": [IMAGE]}],
            },
            ["be brief", "one"],
        ),
        (
            {
                "system": [{"type": "text", "text": "be brief"}],
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "content": [IMAGE, {"type": "text", "text": "two"}]}
                        ],
                    }
                ],
            },
            ["be brief", "two"],
        ),
        # What a model reads besides its messages, and the calls that it made before.
        (
            {
                "messages": [
                    {"role": "user", "content": [IMAGE]},
                    {"role": "assistant", "content": [{"type": "tool_use", "input": {"a": 1}}]},
                ],
                "tools": [{"name": "f"}],
                "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            },
            ['{"a":1}', '{"type":"object"}', '[{"name":"f"}]'],
        ),
    ],
)
def test_prompt_text_is_all_that_the_model_reads_except_images(body: Any, texts: list[str]) -> None:
    assert read_prompt_texts(msgspec.json.encode(body)) == texts


TOOL = {"name": "f", "input_schema": {"properties": {"image": {"type": "string"}}}}
CALL = {"type": "tool_use", "name": "f", "input": {"content": [IMAGE]}}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"content": "hello"}]},
        {"messages": [{"content": '"image"'}]},
        {"messages": [{"content": "hello"}], "tools": [TOOL]},
        {"messages": [{"content": [CALL]}]},
        {"messages": None, "system": 7, "type": "image"},
        ["image"],
        b'{"image"',
        b"",
    ],
)
def test_no_text_is_read_from_a_prompt_without_an_image(body: Any) -> None:
    assert read_prompt_texts(body if isinstance(body, bytes) else msgspec.json.encode(body)) is None


def delta(kind: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([delta("text_delta", text="a"), delta("text_delta", text="b")], "ab"),
        ([delta("thinking_delta", thinking="a"), delta("input_json_delta", partial_json='{"b')], 'a{"b'),
        ([delta("signature_delta", signature="x"), delta("text_delta", text=None), delta("text_delta")], ""),
        ([delta(["text_delta"], text="a"), {"delta": "a"}, {"type": "ping"}, [], 3], ""),
    ],
)
def test_output_text_is_all_that_was_written(events: list[Any], text: str) -> None:
    assert read_output_text(make_messages(*events)) == text


@given(st.binary(max_size=200))
def test_no_bytes_are_an_exception(body: bytes) -> None:
    read_prompt_texts(body + b'"image"')
    read_output_text([("", body)])


@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_the_limits_has_no_text(body: bytes) -> None:
    assert read_output_text(make_messages(body)) == ""
    assert not read_prompt_texts(b'"image"' + body)
