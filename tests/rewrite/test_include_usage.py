"""Asking a stream for its usage chunk changes nothing else of the request."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.rewrite.include_usage import ask_for_usage, may_be_stream


def fields_of(body: bytes) -> dict[str, bytes]:
    """The values of an object, byte by byte."""
    raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: bytes(value) for name, value in raw.items()}


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b'{"model":"m","messages":[],"stream":true}', {"include_usage": True}),
        (b'{"stream": true , "model": "m"}', {"include_usage": True}),
        (b'{"stream"\n:\ttrue}', {"include_usage": True}),
        (b'{"stream":true,"stream_options":{}}', {"include_usage": True}),
        (b'{"stream":true,"stream_options":null}', {"include_usage": True}),
        (
            b'{"stream_options":{"include_obfuscation":false},"stream":true}',
            {"include_obfuscation": False, "include_usage": True},
        ),
        (
            b'{"stream":true,"stream_options":{"x":[1.0,{"y":null}]}}',
            {"x": [1.0, {"y": None}], "include_usage": True},
        ),
    ],
)
def test_a_stream_is_asked_for_its_usage(body: bytes, options: dict[str, Any]) -> None:
    asked = ask_for_usage(body)
    assert asked is not None
    assert json.loads(asked)["stream_options"] == options
    before, after = fields_of(body), fields_of(asked)
    before.pop("stream_options", None)
    after.pop("stream_options")
    assert after == before
    assert ask_for_usage(asked) is None


@pytest.mark.parametrize("odd", [rb'"x":"\ud83d"', b'"top_p":NaN', rb'"x":["\udc00",-Infinity]'])
def test_a_stream_whose_request_only_a_lenient_parser_reads_is_asked_as_well(odd: bytes) -> None:
    body = b'{ "model":"m",' + odd + b',"stream": true}'
    asked = ask_for_usage(body)
    assert asked is not None
    assert asked.replace(b'"stream_options":{"include_usage":true},', b"") == body
    assert json.loads(asked)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "body",
    [
        b'{"stream":true,"stream_options":{"include_usage":true}}',
        b'{"stream":true,"stream_options":{"include_usage":false},"x":NaN}',
        b'{"stream":true,"stream_options":null,"x":NaN}',
        b'{"stream":false,"x":NaN}',
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":{"include_usage":null}}',
        b'{"stream":false}',
        b'{"stream":null}',
        b'{"stream":"true"}',
        b'{"stream":1}',
        b'{"stream":[true]}',
        b'{"model":"m"}',
        b'{"stream_options":{}}',
        b'{"metadata":{"stream":true}}',
        b'{"messages":[{"content":"\\"stream\\":true"}]}',
        b'{"messages":[{"content":"\\"stream\\":true"}],"stream":false}',
        b'{"messages":["stream"],"x":true}',
        b'{"stream":true,"stream_options":true}',
        b'{"stream":true,"stream_options":[]}',
        b'{"stream":true,"stream_options":"x"}',
        b'[{"stream":true}]',
        b'"stream"',
        b'{"stream":true',
        b'{"stream":true}}',
        b'{"stream":tru}',
        b'x"stream":true',
        b'--boundary\r\nname="stream"\r\n\r\ntrue',
        b'{"\xff":1,"stream":true}',
        b'{"x":' + b"[" * 100_000 + b',"stream":true}',
        b'{"stream":true,"stream_options":' + b'{"a":' * 100_000,
        b"",
        b"null",
    ],
    ids=lambda body: body[:50].decode("latin-1"),
)
def test_a_body_that_is_no_such_stream_or_says_itself_is_left_alone(body: bytes) -> None:
    assert ask_for_usage(body) is None


@pytest.mark.parametrize(
    "value",
    [
        b"1.0",
        b"1E5",
        b"-0.0",
        b"123456789012345678901234567890",
        b'"\\u00fc\\ud83d\\ude00\\/"',
        '"ü😀"'.encode(),
        b'{ "b" : 1,\n "a" : [ ] }',
        b"[1,  2 ,3.10]",
        b'{"a":1,"a":2}',
        b'"\\"stream\\": false"',
    ],
)
def test_every_other_value_stays_byte_by_byte(value: bytes) -> None:
    asked = ask_for_usage(b'{"before":' + value + b',"stream":true,"after":' + value + b"}")
    assert asked is not None
    assert fields_of(asked) == {
        "before": value,
        "stream": b"true",
        "after": value,
        "stream_options": b'{"include_usage":true}',
    }


@given(st.binary() | st.binary().map(lambda noise: b'{"stream":true,' + noise))
def test_arbitrary_bodies_raise_nothing(body: bytes) -> None:
    ask_for_usage(body)


# Some fit into the front of a body, and some are larger than what is searched at once. Those with quotes have
# more of them than are walked over.
TEXTS = st.sampled_from(["", "stream", '"stream"', "word " * 40, "word " * 3000, 'say "stream", ' * 900])
KEYS = st.sampled_from(["model", "stream", "messages", "streams", "a stream", "stream_options", "x"])


@given(st.lists(st.tuples(KEYS, st.one_of(TEXTS, st.booleans())), max_size=6), st.booleans())
def test_the_key_is_found_wherever_it_is(fields: list[tuple[str, Any]], is_tight: bool) -> None:
    separators = (",", ":") if is_tight else (", ", ": ")
    pairs = (f"{json.dumps(key)}{separators[1]}{json.dumps(value)}" for key, value in fields)
    body = f"{{{separators[0].join(pairs)}}}".encode()
    assert may_be_stream(body) == (b'"stream"' in body)
    if "stream" in json.loads(body):
        assert may_be_stream(body)
    is_stream = json.loads(body).get("stream") is True
    assert (ask_for_usage(body) is not None) == (is_stream and "stream_options" not in json.loads(body))


@given(st.integers(0, 200), st.integers(0, 20_000), st.booleans())
def test_the_key_is_found_at_any_place_among_any_number_of_quotes(
    quotes: int, place: int, is_there: bool
) -> None:
    body = b"x" * 10_000 + b'"' * quotes + b"y" * 10_000
    if is_there:
        body = body[:place] + b'"stream"' + body[place:]
    assert may_be_stream(body) is is_there
