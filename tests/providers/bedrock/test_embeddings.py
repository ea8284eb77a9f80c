"""Embeddings on Bedrock: what the model counts, what is left to a tokenizer, and images."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.bedrock.embeddings import read_embeddings
from payi_transport.providers.bedrock.invoke import read_invocation
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show

COUNTED = {"x-amzn-bedrock-input-token-count": "6"}
VECTORS = {"embeddings": [[0.5]], "response_type": "embeddings_floats"}
PARTS = [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "data:,"}}]

CASES: dict[str, tuple[Any, Any, dict[str, str], Shown, tuple[str, ...]]] = {
    "Titan": (
        {"inputText": "Hi"},
        {"embedding": [0.5], "inputTextTokenCount": 5},
        COUNTED,
        {"text": (5, None)},
        (),
    ),
    "Titan's image": (
        {"inputImage": "AAAA"},
        {"embedding": [0.5], "inputTextTokenCount": 0},
        {},
        {"text": (0, None), "vision": (1, None)},
        (),
    ),
    "Titan without a count": (
        {"inputText": "Hi"},
        {"embedding": [0.5]},
        COUNTED,
        {"text": (6, None)},
        (),
    ),
    "Cohere": ({"texts": ["Hi", "Ho"]}, VECTORS, {}, {}, ("Hi", "Ho")),
    "Cohere, counted by the host": ({"texts": ["Hi"]}, VECTORS, COUNTED, {"text": (6, None)}, ("Hi",)),
    "Cohere's image": ({"images": ["data:,"]}, VECTORS, COUNTED, {"vision": (1, None)}, ()),
    "Cohere's mixed input": (
        {"inputs": [{"content": PARTS}, {"content": PARTS[:1]}]},
        VECTORS,
        COUNTED,
        {"text": (6, None), "vision": (1, None)},
        ("Hi", "Hi"),
    ),
    "a negative count": (
        {"texts": ["Hi"]},
        {"inputTextTokenCount": -1},
        COUNTED,
        {"text": (6, None)},
        ("Hi",),
    ),
}


@pytest.mark.parametrize(("asked", "answered", "headers", "units", "uncounted"), CASES.values(), ids=CASES)
def test_the_units_of_embeddings(
    asked: Any, answered: Any, headers: dict[str, str], units: Shown, uncounted: tuple[str, ...]
) -> None:
    reply = RawResponse(
        make_messages(answered), request_body=make_messages(asked)[0][1], response_headers=headers
    )
    parsed = read_embeddings(reply)
    assert show(parsed.units) == units
    assert parsed.uncounted == uncounted


@pytest.mark.parametrize("body", [b"", b"{", b"[]", {"inputTextTokenCount": "5"}, *DEEP])
@pytest.mark.parametrize("request_body", [b"", b"{", b'{"texts":7,"images":{},"inputs":[7,{"content":[7]}]}'])
def test_bodies_without_counts_have_no_units(body: Any, request_body: bytes) -> None:
    parsed = read_embeddings(RawResponse(make_messages(body), request_body=request_body))
    assert parsed.units == {} and parsed.uncounted == ()


NAMES = ("texts", "images", "inputs", "content", "text", "image_url", "inputImage", "inputTextTokenCount")


@given(objects_of(NAMES), objects_of(NAMES))
def test_bodies_of_any_shape_raise_nothing(asked: Any, answered: Any) -> None:
    read_embeddings(
        RawResponse(
            make_messages(answered), request_body=make_messages(asked)[0][1], response_headers=COUNTED
        )
    )


@pytest.mark.parametrize("whole", [True, False])
def test_embeddings_that_broke_off_are_not_finished(whole: bool) -> None:
    raw = RawResponse(make_messages({"embedding": [0.5], "inputTextTokenCount": 5}), read_to_end=whole)
    assert read_invocation(raw).finished == whole
    assert not read_embeddings(raw).finished
