"""Embeddings, and the images that Vertex AI's `:predict` makes.

Source: https://ai.google.dev/api/embeddings and Vertex AI's reference of text embeddings and of Imagen. The
Gemini API has one usage for the whole request. Vertex AI counts the tokens of each text by itself, and
characters for models that are billed by these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.providers.google.content import read_failure
from payi_transport.providers.google.usage import describe_usage, map_usage
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["read_embeddings", "read_predictions"]


class _Body(msgspec.Struct, rename="camel"):
    usage_metadata: Any = None
    metadata: Any = None
    error: Any = None
    # The vectors or images themselves. They can be large, so they are counted and never parsed further.
    predictions: msgspec.Raw = msgspec.Raw(b"null")


class _Embeddings(msgspec.Struct):
    statistics: Any = None


class _Prediction(msgspec.Struct, rename="camel"):
    embeddings: _Embeddings | None = None
    mime_type: Any = None


_body = msgspec.json.Decoder(_Body)
_predictions = msgspec.json.Decoder(list[_Prediction])


def read_embeddings(raw: RawResponse) -> ParsedResponse:
    """Read embeddings. Only the prompt is billed, and older models don't report it."""
    body = _read_body(raw)
    usage = body.usage_metadata if isinstance(body.usage_metadata, dict) else {}
    return ParsedResponse(
        # The response doesn't name its model, so use the one in the path.
        units=map_usage(usage, raw.requested_model),
        failure=read_failure(body.error),
        properties=describe_usage(usage, None),
        finished=raw.read_to_end,
    )


def read_predictions(raw: RawResponse) -> ParsedResponse:
    """Read predictions of Vertex AI: embeddings by tokens or else by characters, and the number of images."""
    # Some of the predictions may be in a gap, and the sum of the others is not what is billed.
    body = _Body() if raw.is_cut else _read_body(raw)
    metadata = body.metadata if isinstance(body.metadata, dict) else {}
    characters = count(metadata, "billableCharacterCount", "billable_character_count")
    return ParsedResponse(
        units=_map_predictions(decode(_predictions, body.predictions) or [], characters),
        failure=read_failure(body.error),
        # Characters stay visible even where tokens are the unit.
        properties=describe_extras(None, {"billable_character_count": characters}),
        finished=raw.read_to_end,
    )


def _read_body(raw: RawResponse) -> _Body:
    # These APIs don't stream, so the first readable body is the response.
    bodies = (decode(_body, data) for _, data in raw.messages)
    return next(filter(None, bodies), _Body())


def _map_predictions(predictions: list[_Prediction], characters: int | None) -> dict[str, Units]:
    counts = [
        tokens
        for prediction in predictions
        if (tokens := count(_find_statistics(prediction), "token_count", "tokenCount")) is not None
    ]
    # Tokens win where a model reports both. A sum of no counts would be 0, which would hide the characters.
    text = sum(counts) if counts else characters
    # An image that a safety filter took out is a prediction without a type.
    images = sum(
        isinstance(made.mime_type, str) and made.mime_type.startswith("image/") for made in predictions
    )
    units = {} if text is None else {"text": Units(input=text)}
    return {**units, "image": Units(output=images)} if images else units


def _find_statistics(prediction: _Prediction) -> Mapping[str, Any]:
    statistics = prediction.embeddings.statistics if prediction.embeddings else None
    return statistics if isinstance(statistics, dict) else {}
