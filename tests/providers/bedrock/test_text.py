"""The text of Bedrock's requests and responses, wherever a family has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.bedrock.text import read_image_prompt_texts, read_output_text, read_prompt_texts
from tests.providers.shapes import DEEP, make_messages, objects_of

PROMPTS: dict[str, tuple[Any, list[str]]] = {
    "Converse": (
        {
            "system": [{"text": "Be kind."}],
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}, {"image": {"source": {"bytes": "AAAA"}}}]},
            ],
        },
        ["Be kind.", "Hi"],
    ),
    "Llama, Mistral, DeepSeek": ({"prompt": "Hi", "max_gen_len": 1}, ["Hi"]),
    "Titan": ({"inputText": "Hi"}, ["Hi"]),
    "Cohere": ({"message": "Hi", "chat_history": [{"role": "USER", "message": "Ho"}]}, ["Hi", "Ho"]),
    "Cohere Embed": ({"texts": ["Hi", "Ho"], "input_type": "search_query"}, ["Hi", "Ho"]),
    "OpenAI": ({"messages": [{"role": "user", "content": "Hi"}]}, ["Hi"]),
    "numbers": ({"prompt": 7, "messages": [None, 1]}, []),
}
ANSWERS: dict[str, tuple[Any, str]] = {
    "Converse": ({"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}}, "Hi"),
    "Converse's event": ({"contentBlockIndex": 0, "delta": {"text": "Hi"}, "p": "abc"}, "Hi"),
    "Converse's thoughts": ({"delta": {"reasoningContent": {"text": "Hm"}}}, "Hm"),
    "Converse's call": ({"delta": {"toolUse": {"input": '{"a":1}'}}}, '{"a":1}'),
    "Nova's event": ({"contentBlockDelta": {"delta": {"text": "Hi"}, "contentBlockIndex": 0}}, "Hi"),
    "Anthropic's event": (
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
        "Hi",
    ),
    "Anthropic's beginning": ({"type": "message_start", "message": {"id": "m", "content": []}}, ""),
    "OpenAI's chunk": ({"id": "c", "choices": [{"delta": {"role": "assistant", "content": "Hi"}}]}, "Hi"),
    "OpenAI's call": (
        {"choices": [{"delta": {"tool_calls": [{"id": "c", "function": {"arguments": "{}"}}]}}]},
        "{}",
    ),
    "Llama": ({"generation": "Hi", "stop_reason": None}, "Hi"),
    "Titan": ({"outputText": "Hi", "index": 0, "completionReason": None}, "Hi"),
    "Titan's document": ({"results": [{"outputText": "Hi", "completionReason": "FINISH"}]}, "Hi"),
    "Mistral": ({"outputs": [{"text": "Hi", "stop_reason": None}]}, "Hi"),
    "Cohere": ({"event_type": "text-generation", "text": "Hi"}, "Hi"),
    "embeddings": ({"embedding": [0.5], "response_type": "embeddings_floats"}, ""),
}


@pytest.mark.parametrize(("request_body", "texts"), PROMPTS.values(), ids=PROMPTS)
def test_the_texts_of_a_prompt(request_body: Any, texts: list[str]) -> None:
    assert read_prompt_texts(make_messages(request_body)[0][1]) == texts


@pytest.mark.parametrize(("body", "text"), ANSWERS.values(), ids=ANSWERS)
def test_the_text_of_a_response(body: Any, text: str) -> None:
    assert read_output_text(make_messages(body, b"no JSON", body)) == text * 2


@pytest.mark.parametrize("body", [b"", b"{", b"7", *DEEP])
def test_bodies_that_hold_no_text_raise_nothing(body: bytes) -> None:
    assert read_prompt_texts(body) == []
    assert read_output_text([("", body)]) == ""


@given(objects_of(("content", "text", "delta", "message", "messages", "output", "prompt")))
def test_bodies_of_any_shape_raise_nothing(body: Any) -> None:
    read_prompt_texts(make_messages(body)[0][1])
    read_output_text(make_messages(body))


_PICTURE = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
_CLAUDES = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
IMAGES: dict[str, tuple[Any, list[str] | None]] = {
    "Converse": (
        {
            "system": [{"text": "Be kind."}],
            "messages": [{"role": "user", "content": [{"text": "Hi"}, _PICTURE]}],
        },
        ["Be kind.", "Hi"],
    ),
    "Converse, in the result of a tool": (
        {
            "messages": [
                {"role": "assistant", "content": [{"toolUse": {"name": "f", "input": {"a": 1}}}]},
                {"role": "user", "content": [{"toolResult": {"content": [{"json": {"b": 2}}, _PICTURE]}}]},
            ],
            "toolConfig": {"tools": [7]},
        },
        ['{"a":1}', '{"b":2}', "[7]"],
    ),
    "Converse, the image alone": ({"messages": [{"content": [_PICTURE]}]}, []),
    "Claude": ({"messages": [{"content": [{"type": "text", "text": "Hi"}, _CLAUDES]}]}, ["Hi"]),
    "Claude, the image alone": ({"messages": [{"content": [_CLAUDES]}]}, []),
    "OpenAI": (
        {"messages": [{"content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {}}]}]},
        ["Hi"],
    ),
    "no image": ({"messages": [{"content": [{"text": 'an "image"'}]}]}, None),
    "an image that is not in a prompt": ({"image": "AAAA", "text_prompts": [{"text": "Hi"}]}, None),
}


@pytest.mark.parametrize(("request_body", "texts"), IMAGES.values(), ids=IMAGES)
def test_a_prompt_with_an_image_has_its_texts_counted(request_body: Any, texts: list[str] | None) -> None:
    assert read_image_prompt_texts(json.dumps(request_body).encode()) == texts


@pytest.mark.parametrize("body", DEEP)
def test_a_prompt_that_cannot_be_read_has_no_image(body: bytes) -> None:
    assert read_image_prompt_texts(body + b'"image"') is None


FIELDS = (
    *("output", "outputs", "outputText", "results", "generation", "generations", "completion", "choices"),
    *("message", "content", "contentBlockDelta", "delta", "text", "thinking", "reasoningContent"),
    *("reasoningText", "toolUse", "input", "partial_json", "tool_calls", "function", "arguments"),
)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_some_family_has_leads_to_the_text_of_a_response(name: str) -> None:
    for body in ({name: "Hi"}, {"delta": [{name: "Hi"}]}):
        assert read_output_text(make_messages(body, {"stop_reason": "x"})) == "Hi"


@pytest.mark.parametrize(
    "name",
    ["system", "messages", "message", "content", "text", "prompt", "inputText", "texts", "chat_history"],
)
def test_a_field_that_some_family_has_leads_to_the_text_of_a_prompt(name: str) -> None:
    assert read_prompt_texts(make_messages({name: ["Hi"], "model": "m"})[0][1]) == ["Hi"]


@pytest.mark.parametrize("name", ["system", "content", "text", "toolResult", "toolUse", "toolConfig"])
def test_a_field_of_converse_leads_to_the_text_beside_an_image(name: str) -> None:
    image = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    body = {"messages": [{"content": [image, {name: "Hi"}]}], "prompt": "Ho"}
    assert read_image_prompt_texts(make_messages(body)[0][1]) == ["Hi"]
    assert read_image_prompt_texts(make_messages({name: [image]})[0][1]) == []


@pytest.mark.parametrize("name", ["tools", "input", "json"])
def test_what_a_model_reads_as_json_counts_as_it_is_written(name: str) -> None:
    image = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    body = {"messages": [{"content": [image]}], name: {"a": [1]}}
    assert read_image_prompt_texts(make_messages(body)[0][1]) == ['{"a":[1]}']
