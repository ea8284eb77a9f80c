"""Bodies made to hurt: no exception, and time and memory in proportion to what came in.

The long run, of bodies of 100 MB: `PAYI_FUZZ_BYTES=100000000 python -m pytest tests/test_hostile.py`.
"""

from __future__ import annotations

import dataclasses
import gzip
import os
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport.context.frame import Frame
from payi_transport.context.headers import override_frame
from payi_transport.decode.decode import decode
from payi_transport.decode.read_headers import read_headers
from payi_transport.providers.registry import REGISTRY
from payi_transport.values.names import PayiHeaderNames
from tests.fuzz import feed
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES, WireCase

SIZE = int(os.environ.get("PAYI_FUZZ_BYTES", "20000"))
JSON, SSE, BINARY = "application/json", "text/event-stream", "application/vnd.amazon.eventstream"
# What one byte of a body may cost while it is read: a frame of one byte is a tuple, a text, and JSON again.
BYTES_A_BYTE = 80
SECONDS = 20 + SIZE / 200_000


def fill(part: bytes) -> bytes:
    return part * (SIZE // len(part))


SHAPES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nested arrays": (JSON, lambda: fill(b"[")),
    "nested objects": (JSON, lambda: fill(b'{"usage":')),
    "nested objects that end": (JSON, lambda: b'{"usage":' * 2000 + b"1" + b"}" * 2000),
    "one long text": (JSON, lambda: b'{"id":"' + fill(b"x") + b'"}'),
    "one long escape": (JSON, lambda: b'{"id":"' + fill(b"\\u00e9") + b'"}'),
    "one long number": (JSON, lambda: b'{"usage":{"prompt_tokens":' + fill(b"9") + b"}}"),
    "many elements": (JSON, lambda: b"[" + fill(b"{},") + b"{}]"),
    "many choices": (JSON, lambda: b'{"choices":[' + fill(b'{"message":{}},') + b"{}]}"),
    "many documents": (JSON, lambda: fill(b"{}\n")),
    "open quotes": (JSON, lambda: fill(b'"data:')),
    "spaces": (JSON, lambda: fill(b" ")),
    "long line": (SSE, lambda: b"data: " + fill(b"x")),
    "long line of JSON": (SSE, lambda: b'data: {"id":"' + fill(b"x") + b'"}\n\n'),
    "nested in a frame": (SSE, lambda: b"data: " + fill(b'{"delta":') + b"\n\n"),
    "tiny frames": (SSE, lambda: fill(b"data:1\n\n")),
    "empty frames": (SSE, lambda: fill(b"data:{}\n\n")),
    "frames of one message": (
        SSE,
        lambda: fill(
            b'data:{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}\n\n'
        ),
    ),
    "pieces of one text": (SSE, lambda: fill(b'data:{"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')),
    "pieces of one call": (
        SSE,
        lambda: fill(
            b'data:{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}}]}\n\n'
        ),
    ),
    "line ends": (SSE, lambda: fill(b"\r\n\r")),
    "colons": (SSE, lambda: fill(b":\n")),
    "lines of one frame": (SSE, lambda: fill(b"data:\n")),
    "like preludes": (BINARY, lambda: fill(b"\x00\x00\x00\x10\x00\x00")),
    "zeros": (BINARY, lambda: fill(b"\x00")),
}


def make_case(operation: str, content_type: str, answer: bytes, **headers: str) -> WireCase:
    kind = {"content-type": content_type, **headers}
    return WireCase("hostile", answer, answer, 200, kind, {}, operation)


def read_within_bounds(case: WireCase, size: int, **options: Any) -> None:
    """Decode a case, and write its event, in time and memory in proportion to `size` bytes."""
    exchange = make_exchange(case, [case.response], **options)
    tracemalloc.start()
    began = time.thread_time()
    event = decode(exchange)
    written = b"" if event is None else msgspec.json.encode(event)
    took = time.thread_time() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < SECONDS
    assert peak < BYTES_A_BYTE * size + 8_000_000
    assert len(written) < 20 * size + 10_000


@pytest.mark.parametrize("operation", REGISTRY.operations)
@pytest.mark.parametrize(("content_type", "make"), SHAPES.values(), ids=SHAPES.keys())
def test_no_shape_of_a_body_hurts(content_type: str, make: Callable[[], bytes], operation: str) -> None:
    answer = make()
    read_within_bounds(make_case(operation, content_type, answer), len(answer))


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip, gzip": lambda body: gzip.compress(gzip.compress(body)),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    limit = SIZE // 32
    bomb = BOMBS[coding](bytes(100 * SIZE))
    case = make_case("openai.chat", JSON, bomb, **{"content-encoding": coding})
    read_within_bounds(case, 2 * SIZE, body_limit=limit)


@settings(max_examples=300)
@given(data=st.data(), case=st.sampled_from(CASES))
def test_recorded_bodies_with_damage_raise_nothing(data: st.DataObject, case: WireCase) -> None:
    answer = bytearray(case.response)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(answer)))
        end = start + data.draw(st.integers(0, 30))
        answer[start:end] = data.draw(
            st.binary(max_size=8)
            | st.sampled_from([b"null", b"[]", b"{}", b"-1", b'""', b"1e999", bytes(answer)])
        )
    damaged = dataclasses.replace(case, response=bytes(answer))
    event = decode(make_exchange(damaged, [damaged.response]))
    assert event is None or msgspec.json.encode(event)


NAMES = [
    name for name in vars(PayiHeaderNames).values() if isinstance(name, str) and name.startswith("xProxy-")
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES).map(str.encode) | st.binary(max_size=20),
            st.binary(max_size=40)
            | st.sampled_from([b"[" * 5000, b'{"a":' * 5000, b"9" * 5000, b"," * 5000]),
        ),
        max_size=6,
    )
)
def test_no_header_raises(pairs: list[tuple[bytes, bytes]]) -> None:
    headers = tuple(part for pair in pairs for part in pair)
    assert dict(read_headers(headers)) is not None
    malformed: list[str] = []
    override_frame(Frame(), headers, malformed.append)
    assert len(malformed) <= len(pairs)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(data: bytes) -> None:
    feed(data)
