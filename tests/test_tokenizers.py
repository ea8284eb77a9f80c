"""Counting with tokenizer files of the user's: text beside images, and streams that were left early."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import tokenizers

from payi_transport import MemorySink, Units, payi_flush, payi_instrument
from payi_transport.decode import Reading
from payi_transport.exchange import Outcome
from payi_transport.tokenizers import Tokenizers
from tests.exchanges import make_exchange
from tests.test_decode import read
from tests.wire_cases import CASES, WireCase

by_name = {case.name: case for case in CASES}
STREAM, UNARY = by_name["openai/chat_stream"], by_name["openai/chat_unary"]
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


def test_tokens_are_counted_for_configured_models_alone(words: str) -> None:
    counting = make({"gpt": words})
    assert "gpt" in counting and "other" not in counting
    assert counting.count("gpt", "one two three") == counting.count("gpt", "four five six") == 3
    assert counting.count("other", "one two three") is None


def test_a_missing_file_is_told_at_start_and_a_bad_one_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    counting = make({"missing": str(tmp_path / "nowhere.json"), "bad": str(bad)})
    assert "the tokenizer_path of 'missing' is no file" in caplog.text
    caplog.clear()
    assert counting.count("bad", "x") is counting.count("bad", "x") is None
    assert len(caplog.records) == 1
    assert "the tokenizer of 'bad' can not be loaded" in caplog.text


def test_without_the_library_the_start_says_what_to_install(words: str) -> None:
    script = f"""
        import importlib.util, logging, sys
        logging.basicConfig(level=logging.WARNING)
        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name == "tokenizers":
                    raise ModuleNotFoundError(name)
        sys.modules["tokenizers"] = None
        from payi_transport.tokenizers import Tokenizers
        assert Tokenizers({{"gpt": {words!r}}}, logging.getLogger()).count("gpt", "x") is None
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
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
def test_text_beside_an_image_is_counted_and_the_rest_is_vision(
    usage: dict[str, Any], request_body: dict[str, Any] | None, units: dict[str, Units], words: str
) -> None:
    reading = Reading(count_tokens=make({"gpt": words}).count)
    assert read(make_exchange(with_image(usage, request_body)), reading).units == units


@pytest.mark.parametrize(
    ("name", "text"),
    # "What is the weather in Boston?", and nothing else in what a tool has answered.
    [("image_stream", 7), ("inline_data_unary", 7)],
)
def test_an_image_of_anthropics_is_counted_once_however_often_the_input_is_told(
    name: str, text: int, words: str
) -> None:
    exchange = make_exchange(by_name[f"anthropic/{name}"])
    reading = Reading(count_tokens=make({"claude-haiku-4-5": words}).count)
    assert read(exchange, reading).units == {"text": Units(text, 13), "vision": Units(1600 - text)}
    assert read(exchange).units == {"text": Units(1600, 13)}


def test_of_a_stream_with_an_image_that_was_left_early_both_are_counted(words: str) -> None:
    case = by_name["anthropic/image_stream"]
    cut = make_exchange(case, case.chunks()[:4], outcome=Outcome.CLOSED)
    reading = Reading(count_tokens=make({"claude-haiku-4-5": words}).count)
    # "What is the weather in Boston?", and "Hello! How can I help?"
    assert read(cut, reading).units == {"text": Units(7, 7), "vision": Units(1593)}


def test_an_image_without_a_tokenizer_stays_text() -> None:
    case = with_image({"prompt_tokens": 100})
    assert read(make_exchange(case)).units == {"text": Units(100)}


def test_the_text_of_a_stream_left_early_is_counted(words: str) -> None:
    reading = Reading(count_tokens=make({"gpt-4.1": words}).count)
    cut = make_exchange(STREAM, STREAM.chunks()[:6], outcome=Outcome.CLOSED)
    event = read(cut, reading)
    assert event.units == {"text": Units(output=5)}
    assert event.properties == {"system.stream": "partial"}
    whole = make_exchange(STREAM)
    assert read(whole, reading).units == read(make_exchange(STREAM)).units


@pytest.mark.parametrize(
    ("told", "units"),
    [
        (b'"output_tokens":1,', {"text": Units(25, 7)}),
        (b'"output_tokens":90,', {"text": Units(25, 90)}),
        (b'"input_tokens":300000,"output_tokens":1,', {"text_large_context": Units(300_000, 7)}),
    ],
)
def test_the_output_that_a_stream_began_with_is_raised_to_what_was_counted(
    told: bytes, units: dict[str, Units], words: str
) -> None:
    case = by_name["anthropic/message_stream"]
    reading = Reading(count_tokens=make({"claude-haiku-4-5": words}).count)
    # Behind "Hello! How can I help?", before its last usage.
    begun = [chunk.replace(b'"output_tokens":1,', told) for chunk in case.chunks()[:5]]
    event = read(make_exchange(case, begun, outcome=Outcome.CLOSED), reading)
    assert event.units == units
    assert event.properties == {"system.stream": "partial"}
    assert read(make_exchange(case), reading).units == read(make_exchange(case)).units


def test_a_stream_of_which_no_text_was_seen_has_no_units(words: str) -> None:
    reading = Reading(count_tokens=make({"gpt-4.1": words}).count)
    assert read(make_exchange(STREAM, [], outcome=Outcome.CLOSED), reading).units == {}


def test_a_tokenizer_is_configured_by_model(words: str, sink: MemorySink) -> None:
    config: Any = {"openai_config": {"model_config": {"gpt": {"tokenizer_path": words}, "b": {}}}}
    payi_instrument(sink=sink, config=config)
    case = with_image({"prompt_tokens": 100})
    reply = httpx.Response(200, headers=JSON, content=case.answer)
    with httpx.Client(transport=httpx.MockTransport(lambda request: reply)) as client:
        client.post("https://api.openai.com/v1/chat/completions", content=case.request)
    assert payi_flush(10)
    assert sink.events[0].units == {"text": Units(3), "vision": Units(97)}
