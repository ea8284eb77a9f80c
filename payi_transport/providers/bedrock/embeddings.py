"""Embeddings by Titan and Cohere Embed.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html, its pages on both
families. Titan reports its tokens in the body. Cohere's models report none, so tokens come from Bedrock's
headers, or are left for a tokenizer to count. Images are billed by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from payi_transport.providers.bedrock.usage import read_header_usage
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["read_embeddings"]


class _Response(msgspec.Struct):
    input_text_token_count: int | None = msgspec.field(default=None, name="inputTextTokenCount")


class _Request(msgspec.Struct):
    """Cohere's `texts` and `images`, or `inputs` with both; Titan's `inputImage`."""

    texts: Any = None
    images: Any = None
    inputs: Any = None
    input_image: Any = msgspec.field(default=None, name="inputImage")


_response = msgspec.json.Decoder(_Response)
_request = msgspec.json.Decoder(_Request)


def read_embeddings(raw: RawResponse) -> ParsedResponse:
    """Read tokens from the body or else from a header, and images and uncounted texts from the request."""
    counts = [body.input_text_token_count for _, data in raw.messages if (body := decode(_response, data))]
    request = decode(_request, raw.request_body) or _Request()
    parts = list(_find_parts(request.inputs))
    texts = [*_texts(request.texts), *_texts([part.get("text") for part in parts])]
    images = (
        len(_texts(request.images)) + sum("image_url" in part for part in parts) + bool(request.input_image)
    )
    tokens = next((number for number in counts if number is not None and number >= 0), None)
    units: dict[str, Units] = {}
    if tokens is not None:
        units["text"] = Units(input=tokens)
    # Without texts, the tokens in the header could only be those of images, which are counted by number.
    elif texts or not images:
        units.update(read_header_usage(raw.response_headers))
    if images:
        units["vision"] = Units(input=images)
    # The caller of this reader decides whether the call has finished, from what Bedrock adds to the body.
    return ParsedResponse(units=units, uncounted=tuple(texts) if tokens is None else (), finished=False)


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _find_parts(inputs: Any) -> Iterator[dict[str, Any]]:
    for one in inputs if isinstance(inputs, list) else ():
        content = one.get("content") if isinstance(one, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                yield part
