"""Counting with tokenizer files of the user's: text beside images, and streams that were left early."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import tokenizers

from payi_transport import MemorySink, Units, payi_flush, payi_instrument
from payi_transport.capture.exchange import Outcome
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.tokenizers import Tokenizers
from tests.support.exchanges import make_exchange, read
from tests.support.wire_cases import STREAM, WireCase, by_name

JSON = {"content-type": "application/json"}


@pytest.fixture
def words(tmp_path: Path) -> str:
    """A tokenizer file that counts words."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    path = tmp_path / "words.json"
    tokenizer.save(str(path))
    return str(path)


def make(paths: dict[str, str]) -> Tokenizers:
    return Tokenizers(paths, logging.getLogger("payi.instrument"))


def test_tokens_are_counted_only_for_configured_models(words: str) -> None:
    counting = make({"gpt": words})
    assert "gpt" in counting and "other" not in counting
    assert counting.count("gpt", "one two three") == counting.count("gpt", "four five six") == 3
    assert counting.count("other", "one two three") is None


def test_a_file_that_is_not_a_tokenizer_is_warned_about_once_when_it_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    counting = make({"bad": str(bad)})
    assert not caplog.records
    assert counting.count("bad", "x") is counting.count("bad", "x") is None
    assert len(caplog.records) == 1
    assert f"for 'bad': its tokenizer_path {str(bad)!r} is not a tokenizer file" in caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere.json", "No such file"),
        ("", "Is a directory"),
        ("a\0b", "null byte"),
        ("a" * 999, "too long"),
    ],
)
def test_a_file_that_can_not_be_read_is_warned_about_once_at_start(
    name: str, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counting = make({"gpt": str(tmp_path / name)})
    assert "for 'gpt': its tokenizer_path" in caplog.text and reason in caplog.text
    assert counting.count("gpt", "x") is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize("hide", ['sys.modules["tokenizers"] = None', "sys.meta_path.insert(0, Hide())"])
def test_without_the_package_one_warning_at_start_says_what_to_install(hide: str, words: str) -> None:
    script = f"""
        import logging, sys
        logging.basicConfig(level=logging.WARNING)
        from payi_transport.decode.tokenizers import Tokenizers
        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name == "tokenizers":
                    raise ModuleNotFoundError(name)
        {hide}
        counting = Tokenizers({{"gpt": {words!r}, "other": {words!r}}}, logging.getLogger())
        assert counting.count("gpt", "x") is counting.count("other", "x") is None
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("WARNING") == 1
    assert "pip install 'payi-transport[tokenizers]'" in ran.stderr


def with_image(usage: dict[str, Any], request: dict[str, Any] | None = None) -> WireCase:
    content = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    asked = request or {"model": "gpt", "messages": [{"role": "user", "content": content}]}
    return WireCase("image", msgspec.json.encode(asked), msgspec.json.encode({"usage": usage}), 200, JSON, {})


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
    cut = make_exchange(case, case.chunks()[:4], outcome=Outcome.CLOSED)
    options = DecodeOptions(count_tokens=make({"claude-haiku-4-5": words}).count)
    # "What is the weather in Boston?", and "Hello! How can I help?"
    assert read(cut, options).units == {"text": Units(7, 7), "vision": Units(1593)}


def test_an_image_without_a_tokenizer_stays_text() -> None:
    case = with_image({"prompt_tokens": 100})
    assert read(make_exchange(case)).units == {"text": Units(100)}


def test_the_text_of_a_stream_left_early_is_counted(words: str) -> None:
    options = DecodeOptions(count_tokens=make({"gpt-4.1": words}).count)
    cut = make_exchange(STREAM, STREAM.chunks()[:6], outcome=Outcome.CLOSED)
    event = read(cut, options)
    assert event.units == {"text": Units(output=5)}
    assert event.properties == {"system.stream": "partial"}
    whole = make_exchange(STREAM)
    assert read(whole, options).units == read(make_exchange(STREAM)).units


@pytest.mark.parametrize(
    ("told", "units"),
    [
        (b'"output_tokens":1,', {"text": Units(25, 7)}),
        (b'"output_tokens":90,', {"text": Units(25, 90)}),
        (b'"input_tokens":300000,"output_tokens":1,', {"text_large_context": Units(300_000, 7)}),
    ],
)
def test_the_output_reported_at_the_start_of_a_stream_is_raised_to_the_count(
    told: bytes, units: dict[str, Units], words: str
) -> None:
    case = by_name["anthropic/message_stream"]
    options = DecodeOptions(count_tokens=make({"claude-haiku-4-5": words}).count)
    # Behind "Hello! How can I help?", before its last usage.
    begun = [chunk.replace(b'"output_tokens":1,', told) for chunk in case.chunks()[:5]]
    event = read(make_exchange(case, begun, outcome=Outcome.CLOSED), options)
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
    reply = httpx.Response(200, headers=JSON, content=case.answer)
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
