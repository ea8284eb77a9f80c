"""Adding Pay-i's result to a response: the caller gets every byte, and one more field in one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.context.results import Result
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider

RESULT = {"request_id": "r-1", "cost": {"total": {"base": 0.5}}}
FIELD = b'"xproxy_result":{"request_id":"r-1","cost":{"total":{"base":0.5}}}'


class Report:
    """Counts how often the report of a call is waited for."""

    def __init__(self, result: Result | None = RESULT) -> None:
        self.result = result
        self.waited = 0

    def __call__(self) -> Result | None:
        self.waited += 1
        return self.result


def run(rewriter: ResponseRewriter, chunks: Sequence[bytes]) -> list[bytes]:
    return [*(rewriter.feed(chunk) for chunk in chunks), rewriter.flush()]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"id":"a"}', b'{"id":"a",' + FIELD + b"}"),
        (b'{"id":"a" }\n', b'{"id":"a" ,' + FIELD + b"}\n"),
        (b"{}", b"{" + FIELD + b"}"),
        (b"{ }", b"{ " + FIELD + b"}"),
        (b' \n{"id":"a"}', b' \n{"id":"a",' + FIELD + b"}"),
        (b"    {}", b"    {" + FIELD + b"}"),
        (b"[1]", b"[1]"),
        (b'[{"id":"a"}]', b'[{"id":"a"}]'),
        (b'"{}', b'"{}'),
        (b"    ", b"    "),
        (b"null", b"null"),
        (b"", b""),
        (b'{"cut', b'{"cut'),
    ],
)
def test_a_json_object_gets_the_result_as_its_last_field(body: bytes, shown: bytes) -> None:
    report = Report()
    rewriter = DocumentResult(report, StreamResult(report))
    assert b"".join(run(rewriter, [b"", body[:3], body[3:]])) == shown
    assert report.waited == 1


def test_without_a_result_a_document_stays_as_it_is() -> None:
    rewriter = DocumentResult(Report(None), StreamResult(Report(None)))
    assert run(rewriter, [b'{"id":', b"1}"]) == [b"", b"", b'{"id":1}']


@pytest.mark.parametrize("first", [b"[", b"\r\n ", b"", b'[{"candidates":[]}\n'])
def test_an_array_passes_as_it_comes_and_its_report_is_waited_for_at_its_end(first: bytes) -> None:
    report = Report()
    rewriter = DocumentResult(report, StreamResult(report))
    for chunk in (first, b"[", b'{"candidates":[]}', b"]"):
        assert rewriter.feed(chunk) == chunk
    assert report.waited == 0
    assert rewriter.flush() == b""
    assert report.waited == 1


def event(data: str, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


TEXT = event('{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}')
FINISH = event('{"choices":[{"delta":{},"finish_reason":"stop"}]}')
USAGE = event('{"choices":[],"usage":{"prompt_tokens":3}}')
DONE = event("[DONE]")
STREAMS: dict[str, tuple[list[bytes], str]] = {
    "openai with usage": ([TEXT, FINISH, USAGE, DONE], "usage"),
    "openai without": ([TEXT, FINISH, DONE], "choices"),
    "anthropic": (
        [
            event('{"type":"message_start","message":{"usage":{"input_tokens":3}}}', "message_start"),
            event('{"type":"content_block_delta","delta":{"text":"a"}}', "content_block_delta"),
            event('{"type":"message_delta","usage":{"output_tokens":3}}', "message_delta"),
            event('{"type":"message_stop"}', "message_stop"),
        ],
        "type",
    ),
    "google": (
        [event('{"candidates":[]}'), event('{"usageMetadata":{"promptTokenCount":3}}')],
        "usageMetadata",
    ),
}


@pytest.mark.parametrize(("events", "field"), STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_last_event_with_data_gets_the_result(events: list[bytes], field: str, size: int) -> None:
    body = b"".join(events)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    shown = b"".join(run(StreamResult(Report()), chunks))
    assert shown.count(FIELD) == 1
    assert shown.replace(b"," + FIELD, b"") == body
    holder = next(line for line in shown.splitlines() if FIELD in line)
    assert json.loads(holder.removeprefix(b"data: "))["xproxy_result"] == RESULT
    assert field in json.loads(holder.removeprefix(b"data: "))


@pytest.mark.parametrize(
    "data",
    [
        '{"usage":{"prompt_tokens":1}}',
        '{"usageMetadata":{"promptTokenCount":1}}',
        '{"choices":[{"finish_reason":"stop"}]}',
        '{"choices":[{"finish_reason" : "stop"}]}',
        '{"candidates":[{"finishReason": "STOP"}]}',
        '{"delta":{"stop_reason":"end_turn"}}',
        '{"type":"message_stop"}',
        '{"type":"response.completed","response":{}}',
    ],
)
def test_an_event_that_may_be_the_last_waits_for_what_follows(data: str) -> None:
    rewriter = StreamResult(Report())
    assert rewriter.feed(event(data)) == b""
    assert rewriter.feed(DONE) == b""
    assert rewriter.feed(TEXT) == event(data) + DONE + TEXT


@pytest.mark.parametrize(
    "data", ['{"finish_reason":null}', '{"stop_reason": null}', '{"type":"response.created"}']
)
def test_an_event_in_the_middle_passes_at_once(data: str) -> None:
    assert StreamResult(Report()).feed(event(data)) == event(data)


@pytest.mark.parametrize(
    ("events", "holder"),
    [
        ([b"data:{}  \n\n"], b"data:{%b}  \n\n"),
        ([b"data:\t {}\r\n\r\n"], b"data:\t {%b}\r\n\r\n"),
        ([b'event: e\ndata: {"_stop":1}\nid: 1\n\n'], b'event: e\ndata: {"_stop":1,%b}\nid: 1\n\n'),
        ([b'data: {"_stop":1}'], b'data: {"_stop":1,%b}'),
    ],
)
def test_the_result_goes_into_the_last_line_of_data_however_it_is_written(
    events: list[bytes], holder: bytes
) -> None:
    held = [part.replace(b"{}", b'{"x_tokens":1}') for part in events]
    shown = b"".join(run(StreamResult(Report()), held))
    assert shown == holder.replace(b"{%b}", b'{"x_tokens":1,%b}').replace(b"%b", FIELD)


def test_text_passes_at_once() -> None:
    assert run(StreamResult(Report()), [TEXT, TEXT])[:2] == [TEXT, TEXT]
    start = event('{"type":"message_start","message":{"usage":{"input_tokens":3}}}')
    assert run(StreamResult(Report()), [start, TEXT, TEXT])[:3] == [b"", start + TEXT, TEXT]


def test_a_hidden_usage_chunk_does_not_get_the_result() -> None:
    shown = b"".join(run(StreamResult(Report(), UsageHider()), [TEXT, FINISH, USAGE, DONE]))
    assert b"prompt_tokens" not in shown
    assert shown.replace(b"," + FIELD, b"") == TEXT + FINISH + DONE


@pytest.mark.parametrize("result", [None, RESULT])
def test_a_stream_that_has_no_place_for_a_result_stays_as_it_is(result: Any) -> None:
    for chunks in ([DONE], [b": ping\n\n"], [TEXT], []):
        assert b"".join(run(StreamResult(Report(result)), chunks)) == b"".join(chunks)
    assert b"".join(run(StreamResult(Report(None)), [TEXT, FINISH, DONE])) == TEXT + FINISH + DONE


def test_a_stream_that_is_called_a_document_is_treated_as_a_stream() -> None:
    chunks, report = [b"", TEXT, FINISH, USAGE, DONE], Report()
    streamed = run(StreamResult(Report(), UsageHider()), chunks)
    assert run(DocumentResult(report, StreamResult(report, UsageHider())), chunks) == streamed
    assert streamed[1] == TEXT
    assert report.waited == 1


@given(st.lists(st.sampled_from([TEXT, FINISH, USAGE, DONE, b"data: x", b"\n", b"\r\n\r\n", b"}"])))
def test_no_byte_is_lost_or_moved_whatever_comes(chunks: list[bytes]) -> None:
    shown = b"".join(run(StreamResult(Report()), chunks))
    assert shown.replace(b"," + FIELD, b"").replace(FIELD, b"") == b"".join(chunks)
