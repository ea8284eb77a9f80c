"""The units of calls whose model has a tokenizer: images, streams left early, and models without usage."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from payi_transport import MemorySink, Units, payi_flush, payi_instrument
from payi_transport.capture.exchange import Outcome
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.tokenizers import Tokenizers
from tests.support.exchanges import make_exchange, read
from tests.support.wire_cases import STREAM, WireCase, by_name

JSON = {"content-type": "application/json"}


def make(paths: dict[str, str]) -> Tokenizers:
    return Tokenizers(paths, logging.getLogger("payi.instrument"))


def with_image(usage: dict[str, Any], request: dict[str, Any] | None = None) -> WireCase:
    content = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    body = request or {"model": "gpt", "messages": [{"role": "user", "content": content}]}
    return WireCase("image", msgspec.json.encode(body), msgspec.json.encode({"usage": usage}), 200, JSON, {})


RESPONSE = {
    "model": "gpt",
    "instructions": "be brief",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "what"}, {"type": "input_image"}]}],
}


@pytest.mark.parametrize(
    ("usage", "request_body", "units"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 5},
            None,
            {"text": Units(3, 5), "vision": Units(97)},
        ),
        ({"prompt_tokens": 2}, None, {"text": Units(2), "vision": Units(0)}),
        ({"prompt_tokens": 100}, RESPONSE, {"text": Units(3), "vision": Units(97)}),
        (
            {"prompt_tokens": 100, "prompt_tokens_details": {"image_tokens": 60}},
            None,
            {"text": Units(40), "vision": Units(60)},
        ),
        ({"prompt_tokens": 100}, {"model": "gpt", "messages": []}, {"text": Units(100)}),
        ({"prompt_tokens": 100}, {"model": "other", "x": '"image_url"'}, {"text": Units(100)}),
        ({}, None, {}),
    ],
)
def test_text_next_to_an_image_is_counted_and_the_rest_is_vision(
    usage: dict[str, Any], request_body: dict[str, Any] | None, units: dict[str, Units], words: str
) -> None:
    options = DecodeOptions(count_tokens=make({"gpt": words}).count)
    assert read(make_exchange(with_image(usage, request_body)), options).units == units


@pytest.mark.parametrize(
    ("name", "text"),
    # "What is the weather in Boston?", and nothing else in what a tool has answered.
    [("image_stream", 7), ("inline_data_unary", 7)],
)
def test_the_input_of_an_anthropic_stream_is_split_once_however_often_it_is_reported(
    name: str, text: int, words: str
) -> None:
    exchange = make_exchange(by_name[f"anthropic/{name}"])
    options = DecodeOptions(count_tokens=make({"claude-haiku-4-5": words}).count)
    assert read(exchange, options).units == {"text": Units(text, 13), "vision": Units(1600 - text)}
    assert read(exchange).units == {"text": Units(1600, 13)}


def test_both_sides_of_a_stream_with_an_image_that_was_left_early_are_counted(words: str) -> None:
    case = by_name["anthropic/image_stream"]
    partial = make_exchange(case, case.chunks()[:4], outcome=Outcome.CLOSED)
    options = DecodeOptions(count_tokens=make({"claude-haiku-4-5": words}).count)
    # "What is the weather in Boston?", and "Hello! How can I help?"
    assert read(partial, options).units == {"text": Units(7, 7), "vision": Units(1593)}


def test_an_image_without_a_tokenizer_stays_text() -> None:
    case = with_image({"prompt_tokens": 100})
    assert read(make_exchange(case)).units == {"text": Units(100)}


def test_the_text_of_a_stream_left_early_is_counted(words: str) -> None:
    options = DecodeOptions(count_tokens=make({"gpt-4.1": words}).count)
    partial = make_exchange(STREAM, STREAM.chunks()[:6], outcome=Outcome.CLOSED)
    event = read(partial, options)
    assert event.units == {"text": Units(output=5)}
    assert event.properties == {"system.stream": "partial"}
    whole = make_exchange(STREAM)
    assert read(whole, options).units == read(make_exchange(STREAM)).units


@pytest.mark.parametrize(
    ("reported", "units"),
    [
        (b'"output_tokens":1,', {"text": Units(25, 7)}),
        (b'"output_tokens":90,', {"text": Units(25, 90)}),
        (b'"input_tokens":300000,"output_tokens":1,', {"text": Units(300_000, 7)}),
    ],
)
def test_the_output_reported_at_the_start_of_a_stream_is_raised_to_the_count(
    reported: bytes, units: dict[str, Units], words: str
) -> None:
    case = by_name["anthropic/message_stream"]
    options = DecodeOptions(count_tokens=make({"claude-haiku-4-5": words}).count)
    # After "Hello! How can I help?", before its last usage.
    chunks = [chunk.replace(b'"output_tokens":1,', reported) for chunk in case.chunks()[:5]]
    event = read(make_exchange(case, chunks, outcome=Outcome.CLOSED), options)
    assert event.units == units
    assert event.properties == {"system.stream": "partial"}
    assert read(make_exchange(case), options).units == read(make_exchange(case)).units


def test_a_stream_without_any_text_has_no_units(words: str) -> None:
    options = DecodeOptions(count_tokens=make({"gpt-4.1": words}).count)
    assert read(make_exchange(STREAM, [], outcome=Outcome.CLOSED), options).units == {}


def test_a_tokenizer_is_configured_by_model(words: str, sink: MemorySink) -> None:
    config: Any = {"openai_config": {"model_config": {"gpt": {"tokenizer_path": words}, "b": {}}}}
    payi_instrument(sink=sink, config=config)
    case = with_image({"prompt_tokens": 100})
    reply = httpx.Response(200, headers=JSON, content=case.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: reply)) as client:
        client.post("https://api.openai.com/v1/chat/completions", content=case.request)
    assert payi_flush(10)
    assert sink.events[0].units == {"text": Units(3), "vision": Units(97)}


EMBEDDINGS = by_name["bedrock/cohere_embeddings"]
UNTOLD = {name: value for name, value in EMBEDDINGS.headers.items() if "token-count" not in name}


@pytest.mark.parametrize(
    ("name", "headers", "units"),
    [
        # "Hello from Boston", "Hello"
        ("cohere.embed-english-v3", UNTOLD, {"text": Units(4)}),
        ("cohere.embed-english-v3", EMBEDDINGS.headers, {"text": Units(4)}),
        ("other", EMBEDDINGS.headers, {"text": Units(6)}),
        ("other", UNTOLD, {}),
    ],
)
def test_embeddings_whose_usage_is_not_reported_are_counted(
    name: str, headers: dict[str, str], units: dict[str, Units], words: str
) -> None:
    options = DecodeOptions(count_tokens=make({name: words}).count)
    assert read(make_exchange(replace(EMBEDDINGS, headers=headers)), options).units == units


def test_an_arn_is_counted_with_the_tokenizer_of_either_name(words: str) -> None:
    arn = "arn:aws:bedrock:us-east-1:1:provisioned-model/abc"
    case = replace(EMBEDDINGS, headers=UNTOLD, route={"category": "system.aws.bedrock", "resource": arn})
    for name in (arn, "cohere.embed-english-v3"):
        mapping = ModelMapping(arn, price_as_resource="cohere.embed-english-v3")
        options = DecodeOptions(model_mappings=(mapping,), count_tokens=make({name: words}).count)
        assert read(make_exchange(case), options).units == {"text": Units(4)}


def test_a_text_model_that_reports_no_usage_is_counted_on_both_sides(words: str) -> None:
    case = by_name["bedrock/mistral_text_unary"]
    silent = replace(case, headers=UNTOLD)
    options = DecodeOptions(count_tokens=make({"mistral.mistral-7b-instruct-v0:2": words}).count)
    # "What is the weather in Boston?", "Hello"
    assert read(make_exchange(silent), options).units == {"text": Units(7, 1)}
    assert read(make_exchange(case), options).units == {"text": Units(14, 26)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # "Hello from Boston"
        ("converse_stream", Units(output=3)),
        ("llama_stream", Units(14, 3)),
        # `Hello{"city":"Boston"}`, and a call alone: words, and the signs between them.
        ("nova_stream", Units(output=6)),
        ("openai_stream", Units(output=6)),
    ],
)
def test_the_text_of_bedrock_streams_left_early_is_counted(name: str, text: Units, words: str) -> None:
    case = by_name[f"bedrock/{name}"]
    options = DecodeOptions(count_tokens=make({case.route["resource"]: words}).count)
    event = read(make_exchange(case, case.chunks()[:-1], outcome=Outcome.CLOSED), options)
    assert event.units == {"text": text}
    assert event.properties == {"system.stream": "partial"}


def test_an_error_is_not_counted(words: str) -> None:
    case = by_name["bedrock/error_expired_token"]
    options = DecodeOptions(count_tokens=make({case.route["resource"]: words}).count)
    assert read(make_exchange(case), options).units == {}
