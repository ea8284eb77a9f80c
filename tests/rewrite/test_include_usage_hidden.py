"""The usage chunk is hidden, and nothing else of the stream, however it is cut."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.rewrite.include_usage import UsageHider

USAGE = b'"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}'
ROLE = b'data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant"}}],"usage":null}\n\n'
TEXT = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Gr\xc3\xbc\xc3\x9fe"}}],"usage":null}\n\n'
STOP = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
LAST = b'data: {"id":"1","choices":[],' + USAGE + b"}\n\n"
DONE = b"data: [DONE]\n\n"
AZURE = b'data: {"choices":[],"id":"","prompt_filter_results":[{"content_filter_results":{}}]}\n\n'
AZURE_NULL = b'data: {"choices":[],"id":"","prompt_filter_results":[],"usage":null}\n\n'
RIDING = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"lo"}}],' + USAGE + b"}\n\n"
RUNNING = [part[:-3] + b"," + USAGE + b"}\n\n" for part in (ROLE.replace(b',"usage":null', b""), STOP)]
TOOLS = b'data: {"choices":[{"index":0,"delta":{"tool_calls":[],"content":"\\"choices\\":[]"}}]}\n\n'
QUOTED = (
    b'data: {"choices":[{"delta":{"content":"data: {\\"choices\\":[],\\"usage\\":{}}\\n\\n\\"usage"}}]}\n\n'
)
COMMENT = b": OPENROUTER PROCESSING\n\n"
NOTE = b": choices and data: below\n"

# A stream in events; those in HIDDEN are not shown.
STREAMS: dict[str, list[bytes]] = {
    "as OpenAI sends it": [ROLE, TEXT, TEXT, STOP, LAST, DONE],
    "without a usage chunk": [ROLE, TEXT, STOP, DONE],
    "usage first": [LAST, ROLE, STOP, DONE],
    "usage alone": [LAST],
    "usage twice": [LAST, LAST, TEXT, LAST, DONE],
    "Azure's first chunk has no choices": [AZURE, AZURE_NULL, ROLE, TEXT, STOP, LAST, DONE],
    "usage rides on a content chunk": [ROLE, RIDING, STOP, DONE],
    "running usage, then a chunk of its own": [*RUNNING, LAST, DONE],
    "comments between": [COMMENT, ROLE, COMMENT, TEXT, COMMENT, LAST, COMMENT, DONE],
    "empty lists elsewhere": [TOOLS, QUOTED, LAST, DONE],
    "usage is no object": [
        b'data: {"choices":[],"usage":[]}\n\n',
        b'data: {"choices":[],"usage":7}\n\n',
        b'data: {"choices":null,"usage":{}}\n\n',
        b'data: {"choices":{},"usage":{}}\n\n',
        b'data: {"usage":{}}\n\n',
        b'data: [{"choices":[],"usage":{}}]\n\n',
        b'data: "usage" []\n\n',
        b'{"choices":[],"usage":{}}\n\n',
        DONE,
    ],
    "an error with usage": [ROLE, b'data: {"error":{"message":"x"},' + USAGE + b"}\n\n", DONE],
    "usage before its choices": [
        b'data: {"id":"1",' + USAGE + b',"x":[{}],"choices":[{"index":0,"delta":{"content":"lo"}}]}\n\n',
        DONE,
    ],
    "names and ids": [b"event: chunk\nid: 7\n" + ROLE, b"event: chunk\n" + TEXT, b"retry: 1\n" + STOP, DONE],
    "an error in the stream": [ROLE, b'data: {"error":{"message":"x"}}\n\n', DONE],
    "blank lines": [b"\n", ROLE, b"\n\n", TEXT, DONE],
    "no JSON": [b"data: usage\n\n", b"data: {\n\n", b"nothing\n\n", b"data\n\n", DONE],
}
# Usage chunks by another spelling.
SPELLINGS: dict[str, bytes] = {
    "compact": LAST,
    "spaced": b'data: {"choices": [], "usage": {"prompt_tokens": 9}}\n\n',
    "wide": b'data:   {  "choices"  :  [  ]  ,  "usage"  :  { "total_tokens" : 9 }  }\n\n',
    "no space": b'data:{"usage":{"prompt_tokens":9},"choices":[]}\n\n',
    "usage first": b"data: {" + USAGE + b',"choices":[]}\n\n',
    "named": b"event: chunk\ndata: " + LAST[6:],
    "below a comment": NOTE + LAST,
    "with an id below": LAST[:-1] + b"id: 7\n\n",
    "in several lines": b'data: {"choices":[],\ndata: "usage":\ndata: {"prompt_tokens":9}}\n\n',
    "tabs": b'data: {"choices":\t[\t],"usage":\t{"prompt_tokens":\t9}}\n\n',
    "choices null": b'data: {"id":"1","choices":null,' + USAGE + b"}\n\n",
    "choices null, spaced and last": b'data: { "id" : "1" , ' + USAGE + b' , "choices" : null }\n\n',
    "no choices": b'data: {"id":"1","model":"m",' + USAGE + b"}\n\n",
    "no choices, usage alone": b"data: {" + USAGE + b"}\n\n",
    "choices of something else first": b'data: {"x":{"choices":[1]},' + USAGE + b',"choices":[]}\n\n',
    "choices in a text": b'data: {"x":"\\"choices\\":[1]",' + USAGE + b',"choices":[]}\n\n',
    "usage with choices first": b'data: {"usage":{"choices":[1],"total_tokens":9},"choices":null}\n\n',
    "NaN within": b'data: {"choices":[],"usage":{"queue_time":NaN,"total_tokens":9}}\n\n',
    "no UTF-8": b'data: {"choices":[],"usage":{"a_tokens":' + b"9" * 5_000 + b'},"b":"\xff"}\n\n',
    "half a surrogate pair": b'data: {"x":"\\ud83d","choices":[],"usage":{"total_tokens":9}}\n\n',
    "choices within": b'data: {"choices":[],"usage":{"choices":[1,2],"prompt_tokens":9}}\n\n',
}
LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
each_line_end = pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)


def hide(chunks: Sequence[bytes]) -> bytes:
    """What a caller sees of a stream."""
    hider = UsageHider()
    return b"".join([hider.feed(chunk) for chunk in chunks]) + hider.flush()


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(edges)]


@each_line_end
@pytest.mark.parametrize("events", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 10_000])
def test_the_usage_chunk_alone_is_hidden_in_pieces_of_any_size(
    events: list[bytes], end: bytes, step: int
) -> None:
    body = b"".join(events).replace(b"\n", end)
    shown = b"".join(event for event in events if event is not LAST).replace(b"\n", end)
    assert hide([body[start : start + step] for start in range(0, len(body), step)]) == shown


@each_line_end
@pytest.mark.parametrize("events", STREAMS.values(), ids=STREAMS)
def test_the_usage_chunk_alone_is_hidden_with_one_cut_anywhere(events: list[bytes], end: bytes) -> None:
    body = b"".join(events).replace(b"\n", end)
    shown = b"".join(event for event in events if event is not LAST).replace(b"\n", end)
    for place in range(len(body) + 1):
        assert hide([body[:place], body[place:]]) == shown


@each_line_end
@pytest.mark.parametrize("last", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_a_usage_chunk_is_hidden_with_one_cut_anywhere(last: bytes, end: bytes) -> None:
    body = b"".join([ROLE, TEXT, last, DONE]).replace(b"\n", end)
    shown = b"".join([ROLE, TEXT, DONE]).replace(b"\n", end)
    for place in range(len(body) + 1):
        assert hide([body[:place], body[place:]]) == shown
    assert hide([body[place : place + 1] for place in range(len(body))]) == shown


@pytest.mark.parametrize("last", SPELLINGS.values(), ids=SPELLINGS)
def test_a_byte_order_mark_hides_nothing_from_us(last: bytes) -> None:
    bare = b"\xef\xbb\xbf"
    if last.startswith((b"data", b"event")):
        assert hide([bare + last, DONE]) in (DONE, bare + last + DONE)
    assert hide([bare + LAST, DONE]) == DONE


@each_line_end
def test_a_usage_chunk_without_its_last_blank_line_is_hidden(end: bytes) -> None:
    for missing in range(3):
        last = LAST.replace(b"\n", end)
        body = (ROLE + TEXT).replace(b"\n", end) + last[: len(last) - missing * len(end)]
        for place in range(len(body) + 1):
            assert hide([body[:place], body[place:]]) == (ROLE + TEXT).replace(b"\n", end)


@given(st.data())
def test_however_a_stream_is_cut_the_rest_is_the_same(data: st.DataObject) -> None:
    end = data.draw(st.sampled_from(sorted(LINE_ENDS.values())))
    every = sorted({event for events in STREAMS.values() for event in events})
    events = data.draw(st.lists(st.sampled_from(every) | st.just(LAST), max_size=8))
    body = b"".join(events).replace(b"\n", end)
    chunks = cut(body, data.draw(st.lists(st.integers(0, 1 << 16), max_size=12)))
    shown = b"".join(event for event in events if event != LAST).replace(b"\n", end)
    seen = hide(chunks)
    # Blank lines in front of a hidden event are a part of it.
    assert seen == shown if b"\n" not in events and b"\n\n" not in events else seen.split() == shown.split()


@pytest.mark.parametrize(
    "chunk",
    [ROLE, TEXT, STOP, DONE, RIDING, COMMENT, ROLE + TEXT + STOP, TEXT.replace(b"\n", b"\r\n"), b": x\r\r"],
)
def test_chunks_without_a_usage_chunk_pass_as_the_objects_they_are(chunk: bytes) -> None:
    hider = UsageHider()
    assert all(hider.feed(chunk) is chunk for _ in range(3))
    assert hider.flush() == b""


@pytest.mark.parametrize("chunk", [AZURE, TOOLS, AZURE + ROLE])
def test_whole_events_pass_at_once(chunk: bytes) -> None:
    hider = UsageHider()
    assert [hider.feed(chunk) for _ in range(3)] == [chunk] * 3


def test_a_content_chunk_passes_before_its_event_is_complete() -> None:
    hider = UsageHider()
    start, rest = TEXT[:-20], TEXT[-20:]
    assert hider.feed(start) == start
    assert hider.feed(rest) == rest


def test_a_cut_between_the_two_line_ends_keeps_the_blank_line() -> None:
    hider = UsageHider()
    seen = hider.feed(TEXT[:-1]) + hider.feed(b"\n" + LAST) + hider.feed(DONE) + hider.flush()
    assert seen == TEXT + DONE


def test_usage_and_done_in_one_chunk() -> None:
    hider = UsageHider()
    assert hider.feed(STOP + LAST + DONE) == STOP + DONE
    assert hider.feed(LAST) == b""
    assert hider.flush() == b""


@pytest.mark.parametrize("before", [TEXT, COMMENT, AZURE, ROLE + TEXT], ids=repr)
@each_line_end
def test_an_event_that_starts_as_one_with_choices_hides_no_usage_behind_it(before: bytes, end: bytes) -> None:
    text = TEXT[:-2] + end * 2
    seen = map(UsageHider().feed, (*[before] * 5, TEXT, text + LAST, TEXT))
    assert list(seen) == [*[before] * 5, TEXT, text, TEXT]


def test_a_line_within_a_usage_chunk_may_look_like_the_start_of_an_event_with_choices() -> None:
    start = b"data: {" + USAGE + b',"x":\n'
    seen = map(UsageHider().feed, (TEXT, start, TEXT[:-2] + b"}\n\n", TEXT))
    assert list(seen) == [TEXT, b"", b"", TEXT]


def test_a_huge_event_is_passed_on_before_it_is_complete() -> None:
    hider = UsageHider()
    piece = b"x" * 1000
    seen = hider.feed(b'data: {"blob":"')
    for _ in range(200):
        seen += hider.feed(piece)
    assert len(seen) > 190_000
    end = b'"}\n\n'
    assert seen + hider.feed(end) + hider.flush() == b'data: {"blob":"' + piece * 200 + end
    assert hider.feed(LAST + DONE) == DONE


def test_only_a_large_event_without_choices_up_front_waits_for_its_end() -> None:
    blob = b'data: {"blob":{"x":"' + b"x" * 5000
    hider = UsageHider()
    seen = [hider.feed(blob[at : at + 10]) for at in range(0, len(blob), 10)]
    assert not any(seen)
    assert hider.feed(b'"},"choices":[{}]}\n\n') == blob + b'"},"choices":[{}]}\n\n'


EVENTS = {
    "one line": b'data: {"blob":{"x":"' + b"x" * 1_000_000,
    "events without choices": b'data: {"blob":"%b"}\n\n' % (b"x" * 60_000) * 16,
    "returns": b"data: x\r" * 100_000,
    "scalars": b"data: {" + b'"a":1,' * 100_000,
    "blank lines": b"\n" * 500_000,
}


@pytest.mark.parametrize("step", [3, 1000])
@pytest.mark.parametrize("body", EVENTS.values(), ids=EVENTS)
def test_time_is_linear_however_small_the_chunks_are(body: bytes, step: int) -> None:
    start = time.thread_time()
    assert hide([body[at : at + step] for at in range(0, len(body), step)]) == body
    assert time.thread_time() - start < 10


def test_what_is_held_back_at_the_end_is_passed_on() -> None:
    hider = UsageHider()
    assert hider.feed(b'{"error":') == b""
    assert hider.feed(b'"x"}') == b""
    assert hider.flush() == b'{"error":"x"}'
    assert hider.flush() == b""


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"a_tokens":1,"usage":' + b"[" * 200_000 + b"\n\n",
        b'data: {"choices":[],"a_tokens":1,"usage":' + b'{"a":' * 10_000 + b"\n\n",
    ],
    ids=["very deep", "deep"],
)
def test_an_event_that_cannot_be_parsed_is_passed_on(event: bytes) -> None:
    assert hide([TEXT, event, DONE]) == TEXT + event + DONE


def test_a_usage_that_something_follows_is_hidden() -> None:
    event = b'data: {"choices":[],"usage":{"a_tokens":"\\ud800"}}x\n\n'
    assert hide([TEXT, event, DONE]) == TEXT + DONE


pieces = st.sampled_from(
    [
        b"data: ",
        b"data:",
        b"\n",
        b"\r",
        b'{"choices":[],',
        b'"usage":{}}',
        b'"usage"',
        b"[",
        b"]",
        b"{",
        b":",
        LAST,
    ]
)


@given(st.lists(st.binary(max_size=30) | pieces, max_size=30))
@example([b'data: {"choices":[],"usage":{}}', b"\n", b"\n"])
def test_garbage_raises_nothing_and_shows_the_same_in_any_pieces(chunks: list[bytes]) -> None:
    shown = hide(chunks)
    assert len(shown) <= len(b"".join(chunks))
    if b'"usage"' not in b"".join(chunks):
        assert shown == b"".join(chunks)
