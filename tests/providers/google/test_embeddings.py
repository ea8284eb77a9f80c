"""Google's embeddings and predictions: by tokens, by characters, by images."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.google.embeddings import read_embeddings, read_predictions
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show


def embed(*bodies: Any, read_to_end: bool = True) -> ParsedResponse:
    return read_embeddings(RawResponse(make_messages(*bodies), read_to_end))


def predict(*bodies: Any, read_to_end: bool = True) -> ParsedResponse:
    return read_predictions(RawResponse(make_messages(*bodies), read_to_end))


@pytest.mark.parametrize(
    ("body", "units"),
    [
        ({"embedding": {"values": [0.5]}}, {}),
        ({"embedding": {}, "usageMetadata": {"promptTokenCount": 9}}, {"text": (9, None)}),
        (
            {
                "usageMetadata": {
                    "promptTokenCount": 260,
                    "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}],
                }
            },
            {"text": (2, None), "vision": (258, None)},
        ),
        ({"usageMetadata": [3]}, {}),
        ({"usageMetadata": None}, {}),
    ],
    ids=repr,
)
def test_an_embedding_is_billed_by_its_prompt(body: dict[str, Any], units: Shown) -> None:
    assert show(embed(body).units) == units


def texts(*counts: Any) -> list[dict[str, Any]]:
    return [{"embeddings": {"values": [0.5], "statistics": {"token_count": number}}} for number in counts]


@pytest.mark.parametrize(
    ("body", "units"),
    [
        ({"predictions": texts(6)}, {"text": (6, None)}),
        ({"predictions": texts(6, 3.0, None, "x")}, {"text": (9, None)}),
        ({"predictions": [{"embeddings": {"statistics": {"tokenCount": 6}}}]}, {"text": (6, None)}),
        ({"predictions": texts(6), "metadata": {"billableCharacterCount": 33}}, {"text": (6, None)}),
        ({"predictions": texts(None), "metadata": {"billableCharacterCount": 33}}, {"text": (33, None)}),
        ({"predictions": [], "metadata": {"billable_character_count": 33}}, {"text": (33, None)}),
        ({"predictions": [3], "metadata": {"billableCharacterCount": 33}}, {"text": (33, None)}),
        ({"predictions": texts(0)}, {"text": (0, None)}),
        ({"predictions": [{"mimeType": "image/png"}, {"mimeType": "image/jpeg"}, {}]}, {"image": (None, 2)}),
        ({"predictions": [{"mimeType": "video/mp4"}, {"mimeType": 3}]}, {}),
        ({"predictions": [{"embeddings": None}, {"embeddings": {"statistics": None}}]}, {}),
        ({"predictions": [{"embeddings": {"statistics": 3}}]}, {}),
        ({"predictions": [0.5, "x"], "deployedModelId": "1"}, {}),
        ({"predictions": None, "metadata": 3}, {}),
        ({}, {}),
    ],
    ids=repr,
)
def test_a_prediction_is_billed_by_what_it_tells(body: dict[str, Any], units: Shown) -> None:
    assert show(predict(body).units) == units


def test_characters_and_traffic_are_properties() -> None:
    assert predict({"metadata": {"billableCharacterCount": 33}}).properties == {
        "provider.billable_character_count": "33"
    }
    assert embed({"usageMetadata": {"trafficType": "ON_DEMAND"}}).properties == {
        "provider.traffic_type": "ON_DEMAND"
    }


@pytest.mark.parametrize("read", [embed, predict])
def test_an_error_and_the_end_of_the_body_are_reported(read: Any) -> None:
    assert read({"error": {"code": 500, "status": "INTERNAL"}}).failure == Failure("INTERNAL", "500")
    assert read({}).finished
    assert not read({}, read_to_end=False).finished
    assert not read(read_to_end=False).units


NAMES = (
    *(
        "predictions",
        "embeddings",
        "statistics",
        "token_count",
        "metadata",
        "billableCharacterCount",
        "error",
    ),
    *("usageMetadata", "promptTokenCount", "mimeType", "image/png"),
)


@given(objects_of(NAMES))
def test_any_json_raises_nothing(body: dict[str, Any]) -> None:
    embed(body)
    predict(body)


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_any_bytes_raise_nothing(bodies: list[bytes]) -> None:
    embed(*bodies)
    predict(*bodies)


@pytest.mark.parametrize(
    "body", [*DEEP, b'{"predictions":' + b"[" * 200_000], ids=lambda body: repr(body[:20])
)
def test_json_beyond_bounds_raises_nothing(body: bytes) -> None:
    assert not embed(body).units
    assert not predict(body).units
