"""Events that differ in their text alone are left out, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.framing.repeats import join_without_repeats
from payi_transport.framing.sse import split_sse
from payi_transport.providers.anthropic.messages import is_repeatable as is_repeatable_event
from payi_transport.providers.anthropic.messages import read_message
from payi_transport.providers.openai.chat import is_repeatable, read_chat
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse

# How a server, or a proxy, cuts a stream into chunks.
CUTS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an event a chunk": lambda events: events,
    "all in one": lambda events: [b"".join(events)],
    "two events a chunk": lambda events: [b"".join(events[at : at + 2]) for at in range(0, len(events), 2)],
    "every seven bytes": lambda events: [
        b"".join(events)[at : at + 7] for at in range(0, len(b"".join(events)), 7)
    ],
    "blank lines apart": lambda events: [part for event in events for part in (event[:-1], event[-1:])],
}
cuts = pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)


def make(name: str, text: Any, padding: str | None = "ab", **fields: Any) -> bytes:
    delta = {"index": 0, "delta": {name: text}, "finish_reason": None}
    chunk = {"id": "c", **fields, "choices": [delta], "usage": None}
    return frame(chunk if padding is None else {**chunk, "obfuscation": padding})


def frame(data: dict[str, Any], name: str = "") -> bytes:
    return b"%bdata: %b\n\n" % (f"event: {name}\n".encode() if name else b"", json.dumps(data).encode())


def leave_out(events: list[bytes]) -> bytes:
    return join_without_repeats(events, is_repeatable)


FIRST = make("content", "Hello")


@cuts
@pytest.mark.parametrize("name", ["content", "reasoning_content", "text"])
@pytest.mark.parametrize("padding", [None, "xyz"])
def test_events_with_another_text_are_left_out(
    name: str, padding: str | None, cut: Callable[[list[bytes]], list[bytes]]
) -> None:
    texts = ["Hello", " world", "", "!"]
    events = [make(name, text, padding and padding * len(text)) for text in texts]
    kept = leave_out(cut([*events, b"data: [DONE]\n\n"]))
    # At most the last one is read once more, where it can't be told from what follows.
    assert kept in (events[0] + b"data: [DONE]\n\n", events[0] + events[-1] + b"data: [DONE]\n\n")


OTHERS = {
    "null": make("content", None),
    "a quote": make("content", 'a "quote"'),
    "a finish reason": FIRST.replace(b'"finish_reason": null', b'"finish_reason": "stop"'),
    "usage": FIRST.replace(b'"usage": null', b'"usage": {"prompt_tokens": 1}'),
    "another id": FIRST.replace(b'"c"', b'"d"'),
    "more after the padding": FIRST.replace(b"}\n", b', "usage": {"prompt_tokens": 1}}\n'),
    "no end of the text": FIRST.partition(b"Hello")[0] + b"Hello\n\n",
    "a tool call": FIRST.replace(b'"delta": {', b'"delta": {"tool_calls": [], '),
    "[DONE]": b"data: [DONE]\n\n",
    "another line": FIRST.replace(b"\n\n", b"\nevent: error\n\n"),
    "a comment": b": ping\n\n",
}


@cuts
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_an_event_that_says_more_is_kept_and_the_next_one_too(
    other: bytes, cut: Callable[[list[bytes]], list[bytes]]
) -> None:
    kept = split_sse(leave_out(cut([FIRST, FIRST, FIRST, other, FIRST, FIRST, FIRST, b"data: [DONE]\n\n"])))
    expected = split_sse(FIRST + other + FIRST)
    assert kept[: len(expected)] == expected
    assert len(kept) <= 6


UNREPEATABLE = {
    "a tool call": {"choices": [{"delta": {"content": "a", "tool_calls": [{"index": 0}]}}]},
    "a message": {"choices": [{"message": {"content": "a"}}]},
    "usage": {"choices": [{"delta": {"content": "a"}}], "usage": {"prompt_tokens": 1}},
    "no choice": {"item": {"text": "a"}},
    "an error": {"choices": [{"delta": {"content": "a"}}], "error": "broken"},
    "no text": {"choices": [{"delta": {"refusal": "a"}}]},
}


@cuts
@pytest.mark.parametrize("data", UNREPEATABLE.values(), ids=UNREPEATABLE)
def test_an_event_that_counts_twice_is_kept(
    data: dict[str, Any], cut: Callable[[list[bytes]], list[bytes]]
) -> None:
    events = [frame(data)] * 3
    assert leave_out(cut(events)) == b"".join(events)


MALFORMED = {
    "no end of the text": b'data: {"choices": [{"delta": {"content": "Hel\n\n',
    "no end of the padding": FIRST.partition(b'ab"')[0] + b"\n\n",
    "no JSON": b'data: {"content": "a"\n\n',
}


@pytest.mark.parametrize("event", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_event_leaves_nothing_out(event: bytes) -> None:
    assert leave_out([event, event, event]) == event * 3


def test_what_follows_half_an_event_is_no_event() -> None:
    assert leave_out([b"data: ", FIRST, FIRST, FIRST]) == b"data: " + FIRST + FIRST


TEXTS = st.one_of(st.text(), st.sampled_from(['"', "\\", '\\"', '"},"', '"obfuscation":"x"', "\n", "data: "]))
TOOL = {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{"}}]}
DELTAS = st.one_of(
    st.builds(dict, content=TEXTS),
    st.builds(dict, reasoning_content=TEXTS),
    st.sampled_from(
        [
            {"content": "x", **TOOL},
            {**TOOL, "content": "x"},
            {"content": "x", "function_call": {"name": "g", "arguments": "1"}},
            {"content": "x", "usage": {"prompt_tokens": 3}},
            {"content": None},
        ]
    ),
)
CHOICES: list[dict[str, Any]] = [
    {"finish_reason": None},
    {"finish_reason": "stop"},
    {"finish_reason": "error"},
    {"usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    {"error": {"code": "c"}},
]
FIELDS: list[dict[str, Any]] = [
    {},
    {"usage": None, "obfuscation": "abc"},
    {"usage": {"prompt_tokens": 5, "completion_tokens": 1}},
    {"service_tier": "flex"},
    {"service_tier": "default", "model": "m"},
    {"error": "broken"},
    {"object": "error", "message": "content"},
    {"x_groq": {"usage": {"prompt_tokens": 7}}},
    {"base_resp": {"status_code": 5}},
]


@st.composite
def chunks(draw: Any) -> bytes:
    choice, fields = (draw(st.sampled_from(values)) for values in (CHOICES, FIELDS))
    name = draw(st.sampled_from(["delta", "message"]))
    return frame({"id": "c", **fields, "choices": [{"index": 0, name: draw(DELTAS), **choice}]})


@st.composite
def events(draw: Any) -> bytes:
    text = draw(TEXTS)
    deltas = [
        {"type": "text_delta", "text": text},
        {"type": "thinking_delta", "thinking": text},
        {"type": "input_json_delta", "partial_json": "1"},
        {"type": "text_delta", "text": text, "partial_json": "2"},
        {"text": text, "usage": {"output_tokens": 3}},
        {"text": text, "stop_reason": "end_turn"},
    ]
    fields: list[dict[str, Any]] = [
        {},
        {"usage": {"input_tokens": 5, "output_tokens": 1}},
        {"error": {"type": "overloaded_error"}},
        {"content_block": {"type": "tool_use", "name": "f", "input": {}}},
        {"message": {"id": "m", "content": "text"}},
    ]
    data = {
        "type": "content_block_delta",
        "index": draw(st.sampled_from([0, 1])),
        **draw(st.sampled_from(fields)),
    }
    return frame({**data, "delta": draw(st.sampled_from(deltas))}, "content_block_delta")


Stream = list[tuple[bytes, int]]


def read_both(
    stream: Stream,
    cut: str,
    read: Callable[[RawResponse], ParsedResponse],
    may_repeat: Callable[[bytes], bool],
) -> tuple[ParsedResponse, ParsedResponse]:
    """Read all events of a stream, and those that are left."""
    each = [event for event, times in stream for _ in range(times)]
    left = join_without_repeats(CUTS[cut](each) or [b""], may_repeat)
    whole, fewer = (read(RawResponse(split_sse(body), is_stream=True)) for body in (b"".join(each), left))
    return whole, fewer


@given(st.lists(st.tuples(chunks(), st.integers(1, 3)), max_size=6), st.sampled_from(sorted(CUTS)))
def test_a_chat_is_read_the_same_without_repeats(stream: Stream, cut: str) -> None:
    whole, fewer = read_both(stream, cut, read_chat, is_repeatable)
    assert whole == fewer


@given(st.lists(st.tuples(events(), st.integers(1, 3)), max_size=6), st.sampled_from(sorted(CUTS)))
def test_a_message_is_read_the_same_without_repeats(stream: Stream, cut: str) -> None:
    whole, fewer = read_both(stream, cut, read_message, is_repeatable_event)
    assert whole == fewer


@pytest.mark.parametrize(("others", "fewer"), [(63, True), (64, False)])
def test_an_event_that_repeats_is_looked_for_among_the_first(others: int, fewer: bool) -> None:
    before = [frame({"id": str(number), "item": {"text": "a"}}) for number in range(others)]
    kept = leave_out([*before, *[FIRST] * 200])
    assert kept == b"".join([*before, FIRST] if fewer else [*before, *[FIRST] * 200])


@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning", "text", "thinking"])
@pytest.mark.parametrize("space", [b"", b" "])
def test_a_text_has_one_of_these_names(name: str, space: bytes) -> None:
    events = [
        b'data: {"%b"%b:%b"%b","obfuscation"%b:"%b"}\n\n' % (name.encode(), space, space, text, space, text)
        for text in (b"a", b"", b"bc")
    ]
    assert join_without_repeats(events, lambda data: True) == events[0]
    assert join_without_repeats(events, lambda data: False) == b"".join(events)


def test_what_may_be_read_once_is_told_by_the_data_of_its_event() -> None:
    asked: list[bytes] = []

    def ask(data: bytes) -> bool:
        asked.append(data)
        return True

    events = [b'event: e\ndata: {"text":"a"}\n\n', b'event: e\ndata: {"text":"b"}\n\n']
    assert join_without_repeats(events, ask) == events[0]
    assert asked == [b' {"text":"a"}\n\n']
