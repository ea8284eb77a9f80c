"""What is kept of a body whose middle is missing, in each framing, and of one in another encoding."""

from __future__ import annotations

import gzip
import json

import pytest
from msgspec.structs import replace

from payi_transport.decode.body import Body, decode_body
from payi_transport.framing import find_stated_framing
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY

LIMIT = 200
BINARY, LINES, DOCUMENT = "application/vnd.amazon.eventstream", "application/x-ndjson", "application/json"
NUMBERS = b"".join(b"%06d " % number for number in range(1000))


def body_of(text: bytes, content_type: str, packed: bool = False, step: int = 50) -> Body:
    """Return what is decoded of a text that came in small chunks."""
    sent = gzip.compress(text) if packed else text
    exchange = make_exchange(
        UNARY, [sent[at : at + 50] for at in range(0, len(sent), step)], body_limit=LIMIT
    )
    exchange = replace(exchange, decoded=not packed)
    return decode_body(exchange, {"content-type": content_type, "content-encoding": "gzip"})


def test_of_a_compressed_body_as_much_is_kept_as_of_any_other() -> None:
    text = NUMBERS[: 5 * LIMIT]
    sent = gzip.compress(text)
    exchange = make_exchange(UNARY, [sent], body_limit=LIMIT)
    exchange = replace(exchange, chunks=[sent], tail=None)
    body = decode_body(exchange, {"content-type": BINARY, "content-encoding": "gzip"})
    assert body.data == text[:LIMIT] + b"\n\n" + text[-LIMIT:]
    assert (body.is_cut, body.unread) == (True, "")
    assert body.framing is find_stated_framing(BINARY)


def test_of_compressed_bytes_with_a_gap_the_beginning_is_inflated_up_to_the_limit() -> None:
    # Repeats inflate to far more than the limit, and the noise after them makes the gap.
    text = b"0123456789" * 1000 + NUMBERS
    body = body_of(text, BINARY, packed=True, step=10)
    assert body.data == text[:LIMIT] + b"\n\n"
    assert (body.is_cut, body.unread) == (True, "it is compressed and over twice capture.max_body_bytes")


USAGE = {"prompt_tokens": 9}


@pytest.mark.parametrize("packed", [True, False])
def test_a_document_keeps_the_fields_before_and_after_its_gap(packed: bool) -> None:
    text = json.dumps({"id": "c", "content": NUMBERS[:790].decode(), "usage": USAGE}).encode()
    if packed:
        exchange = replace(make_exchange(UNARY, [], body_limit=LIMIT), chunks=[gzip.compress(text)])
        body = decode_body(exchange, {"content-type": DOCUMENT, "content-encoding": "gzip"})
    else:
        body = body_of(NUMBERS.join([text[:40], text[40:]]), DOCUMENT)
    assert body.is_cut
    assert json.loads(body.data) == {"id": "c", "usage": USAGE}


def test_a_document_whose_sides_do_not_fit_together_stays_in_two() -> None:
    text = b'{"id": "c", "content": [' + b"1, " * 2000 + b"}]]]]"
    body = body_of(text, DOCUMENT)
    assert body.is_cut
    assert body.data.startswith(text[:LIMIT]) and body.data.endswith(text[-LIMIT:])
    assert b"\n\n" in body.data


def test_lines_before_and_after_a_gap_stay_whole() -> None:
    lines = [b'{"n": %d}' % number for number in range(1000)]
    body = body_of(b"\n".join(lines) + b"\n", LINES)
    left = body.data.split()
    assert body.is_cut
    assert body.data.count(b"\n") > 10
    assert [json.loads(data) for _, data in body.framing(body.data)][-1] == {"n": 999}
    assert left[0] == b'{"n":' and b"x" not in body.data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("text", ['{"a": "\u00e9"}', ' [{"a": 1}]'])
def test_json_in_another_encoding_is_read(text: str, encoding: str) -> None:
    exchange = make_exchange(UNARY, [text.encode(encoding)])
    assert decode_body(exchange, {"content-type": DOCUMENT}).data.decode() == text


def test_json_in_another_encoding_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    exchange = make_exchange(UNARY, ['{"a": 1'.encode("utf-16-le") + b"\0"])
    assert decode_body(exchange, {"content-type": DOCUMENT}).data == b'{"a": 1\xef\xbf\xbd'


@pytest.mark.parametrize("audio", [b"\xff\xfb\x90\x00\x01\x02", b"a\0b\0c\0", b"\0a\0b\0"])
def test_audio_that_looks_like_another_encoding_stays(audio: bytes) -> None:
    exchange = make_exchange(UNARY, [audio])
    assert decode_body(exchange, {"content-type": DOCUMENT}).data == audio
