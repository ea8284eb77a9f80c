"""The event of a body over the limit is made from its beginning and its tail."""

from __future__ import annotations

import zlib

import pytest

from tests.support.exchanges import decode_case, shown
from tests.support.wire_cases import STREAM, UNARY, by_name


def test_the_usage_of_a_stream_over_the_limit_is_read_from_its_tail() -> None:
    words = STREAM.chunks()
    chunks = [words[0], *words[1:-3] * 400, *words[-3:]]
    event = decode_case(STREAM, chunks, body_limit=2000)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}


@pytest.mark.parametrize("name", ["converse_stream", "anthropic_stream"])
def test_the_usage_of_a_binary_stream_over_the_limit_is_read_from_its_tail(name: str) -> None:
    case = by_name[f"bedrock/{name}"]
    words = case.chunks()
    # Split anywhere, as the network does, not where a message ends.
    body = b"".join([words[0], *words[1:-3] * 400, *words[-3:]])
    event = decode_case(case, [body[at : at + 100] for at in range(0, len(body), 100)], body_limit=2000)
    assert event.units["text"].output == case.event["units"]["text"]["output"]
    assert event.properties == case.event["properties"]


def test_a_document_slightly_over_the_limit_is_still_whole() -> None:
    event = decode_case(UNARY, [UNARY.response[:100], UNARY.response[100:]], body_limit=150)
    assert shown(event, UNARY.event) == UNARY.event


def test_a_compressed_body_over_the_limit_is_read_up_to_the_limit() -> None:
    noise = [b": %d\n\n" % number for number in range(20000)]
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    packed = [
        packer.compress(b"".join([*STREAM.chunks()[:3], *noise])) + packer.flush(zlib.Z_FULL_FLUSH),
        packer.compress(STREAM.chunks()[-2]) + packer.flush(),
    ]
    chunks = [packed[0][i : i + 100] for i in range(0, len(packed[0]), 100)] + packed[1:]
    event = decode_case(STREAM, chunks, body_limit=2000, headers={"content-encoding": "gzip"})
    assert event.provider_response_id == STREAM.event["provider_response_id"]
    assert event.properties == {
        "system.stream": "partial",
        "system.units": "missing",
        "system.units.reason": "it is compressed and over twice capture.max_body_bytes",
    }
