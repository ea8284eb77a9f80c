"""Embeddings by Bedrock's models: Titan tells its tokens, Cohere's leave texts to be counted.

Source: AWS's inference parameters of Titan and Cohere Embed. An image is billed as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.providers.bedrock.usage import read_header_usage
from payi_transport.providers.reading.json_values import decode
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["read_embeddings"]


class _Answered(msgspec.Struct):
    input_text_token_count: int | None = msgspec.field(default=None, name="inputTextTokenCount")


class _Asked(msgspec.Struct):
    """Cohere's `texts` and `images`, or `inputs` of both; Titan's `inputImage`."""

    texts: Any = None
    images: Any = None
    inputs: Any = None
    input_image: Any = msgspec.field(default=None, name="inputImage")


_answered = msgspec.json.Decoder(_Answered)
_asked = msgspec.json.Decoder(_Asked)


def read_embeddings(raw: RawResponse) -> ParsedResponse:
    """Tokens as the body has them, else as a header does; texts that the model counts nowhere; images."""
    told = [body.input_text_token_count for _, data in raw.messages if (body := decode(_answered, data))]
    asked = decode(_asked, raw.request_body) or _Asked()
    parts = list(_find_parts(asked.inputs))
    texts = [*_texts(asked.texts), *_texts([part.get("text") for part in parts])]
    images = len(_texts(asked.images)) + sum("image_url" in part for part in parts) + bool(asked.input_image)
    tokens = next((number for number in told if number is not None and number >= 0), None)
    units: dict[str, Units] = {}
    if tokens is not None:
        units["text"] = Units(input=tokens)
    elif texts or not images:
        units.update(read_header_usage(raw.response_headers))
    if images:
        units["vision"] = Units(input=images)
    return ParsedResponse(units=units, uncounted=tuple(texts) if tokens is None else (), finished=False)


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _find_parts(inputs: Any) -> Iterator[dict[str, Any]]:
    for one in inputs if isinstance(inputs, list) else ():
        content = one.get("content") if isinstance(one, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                yield part
