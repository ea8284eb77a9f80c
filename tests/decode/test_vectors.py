"""Vectors in recorded responses are replaced, and nothing else is."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.vectors import strip_vectors
from tests.decode.stripping import VERY_LONG, WORD, write
from tests.support.exchanges import make_exchange, read
from tests.support.wire_cases import UNARY

_RANDOM = random.Random(1)
FLOATS = [_RANDOM.uniform(-1, 1) for _ in range(99)]
SMALL = [0.5, -1e-3, 2]
VECTORS: dict[str, tuple[Any, Any]] = {
    "OpenAI": (
        {
            "data": [
                {"object": "embedding", "index": 0, "embedding": FLOATS},
                {"index": 1, "embedding": SMALL},
            ]
        },
        {"data": [{"object": "embedding", "index": 0, "embedding": WORD}, {"index": 1, "embedding": WORD}]},
    ),
    "Gemini": ({"embedding": {"values": SMALL}}, {"embedding": {"values": WORD}}),
    "Gemini, several": ({"embeddings": [{"values": FLOATS}]}, {"embeddings": [{"values": WORD}]}),
    "Vertex AI": (
        {"predictions": [{"embeddings": {"values": FLOATS, "statistics": {"token_count": 3}}}]},
        {"predictions": [{"embeddings": {"values": WORD, "statistics": {"token_count": 3}}}]},
    ),
    "Cohere": (
        {"embeddings": {"float": [FLOATS, SMALL], "int8": [[1, -2, 3]]}, "texts": ["[1, 2]"]},
        {"embeddings": {"float": [WORD, WORD], "int8": [WORD]}, "texts": ["[1, 2]"]},
    ),
    "Ollama": (
        {"embeddings": [FLOATS], "prompt_eval_count": 3},
        {"embeddings": [WORD], "prompt_eval_count": 3},
    ),
    "Titan": ({"embedding": FLOATS, "inputTextTokenCount": 3}, {"embedding": WORD, "inputTextTokenCount": 3}),
    "a server that names nothing": ([FLOATS, FLOATS], [WORD, WORD]),
}


@pytest.mark.parametrize("style", ["", "spaces"])
@pytest.mark.parametrize(("body", "left"), VECTORS.values(), ids=VECTORS)
def test_vectors_are_replaced(body: Any, left: Any, style: str) -> None:
    assert json.loads(strip_vectors(write(body, style))) == left


OTHERS: dict[str, Any] = {
    "a text about numbers": {"choices": [{"message": {"content": json.dumps({"embedding": FLOATS})}}]},
    "a text about numbers beside a vector's name": {"embedding": None, "text": json.dumps(FLOATS)},
    "tokens of a conversation": {"context": list(range(999)), "response": "Hi"},
    "few fractions": {"scores": SMALL},
    "nothing": {"embeddings": [], "embedding": None},
    "objects": {"embeddings": [{"index": 1}]},
    "numbers apart": {"a": [[n, "x", n / 7] for n in range(99)]},
}


@pytest.mark.parametrize("style", ["", "spaces"])
@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_anything_else_stays(body: Any, style: str) -> None:
    written = write(body, style)
    assert strip_vectors(written) == written


@pytest.mark.parametrize(("length", "replaced"), [(256, False), (257, True)])
def test_an_array_of_fractions_is_a_vector_from_a_length_on(length: int, replaced: bool) -> None:
    array, ids = b"[0.5,%b]" % (b"1" * (length - 6)), b"[%b9]" % (b"8," * 200)
    left = b'"<not_instrumented>"' if replaced else array
    assert strip_vectors(b'{"scores":%b,"ids":%b}' % (array, ids)) == b'{"scores":%b,"ids":%b}' % (left, ids)


@pytest.mark.parametrize(("digits", "replaced"), [(197, True), (199, False)])
def test_a_vector_has_a_fraction_near_its_beginning(digits: int, replaced: bool) -> None:
    body = b'{"ids":[%b1.5,%b]}' % (b"7" * digits, b"8," * 200 + b"9")
    assert (strip_vectors(body) != body) == replaced


def test_a_vector_that_is_cut_is_replaced() -> None:
    assert strip_vectors(b'{"embedding":[0.1,0.2') == b'{"embedding":"<not_instrumented>"'
    long = write({"vectors": FLOATS})
    assert strip_vectors(long[:-20]) == b'{"vectors":"<not_instrumented>"'


@given(st.text('"\\\\[]{}:,.0123456789eE-embdings ', max_size=99))
def test_any_text_raises_nothing(text: str) -> None:
    strip_vectors(text.encode())
    strip_vectors(b'"embedding":' + text.encode())


@pytest.mark.parametrize("size", [1, 4])
def test_time_is_linear(size: int) -> None:
    # Each of these would take minutes if it were searched again from every byte.
    for part in (b"[" * 100_000, b'"' * 100_001, b"[1." * 100_000, b"\\" * 100_001, b"[" + b"0." * 100_000):
        strip_vectors(b'"embedding":' + part * size)


@pytest.mark.parametrize("vector", [FLOATS, VERY_LONG])
@pytest.mark.parametrize("kept", [True, False])
def test_an_event_has_the_vectors_only_on_request(vector: Any, kept: bool) -> None:
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    response = write({"data": [{"embedding": vector}], "usage": usage})
    case = replace(UNARY, operation="openai.embeddings", response=response)
    recorded = read(make_exchange(case), DecodeOptions(keep_inline_data=kept)).provider_response_json
    assert isinstance(recorded, str)
    assert json.loads(recorded) == {"data": [{"embedding": vector if kept else WORD}], "usage": usage}
