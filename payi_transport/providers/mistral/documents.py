"""Documents that Mistral reads (OCR), which are billed by the page.

Source: https://docs.mistral.ai/api/endpoint/ocr and the types of Mistral's SDK 3.7. Pay-i has no unit for
pages, so they are a property, as Cohere's are. A page that is annotated has another price, and only the
request tells that pages are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse

__all__ = ["read_document"]


class _Body(msgspec.Struct):
    model: Any = None
    usage_info: Any = None


class _Request(msgspec.Struct):
    bbox_annotation_format: Any = None
    document_annotation_format: Any = None


_body = msgspec.json.Decoder(_Body)
_request = msgspec.json.Decoder(_Request)


def read_document(raw: RawResponse) -> ParsedResponse:
    """Read how many pages of a document were read."""
    bodies = [body for _, data in raw.messages if (body := decode(_body, data)) is not None]
    body = bodies[-1] if bodies else _Body()
    usage = section({"usage": body.usage_info}, "usage")
    pages, size = count(usage, "pages_processed"), count(usage, "doc_size_bytes")
    name = "annotated_pages" if _is_annotated(raw.request_body) else "pages"
    extras = {name: pages, "doc_size_bytes": size or None}
    return ParsedResponse(
        model=text(body.model),
        properties=describe_extras(None, extras),
        finished=raw.read_to_end,
        has_usage=pages is not None,
    )


def _is_annotated(request: bytes) -> bool:
    asked = decode(_request, request) or _Request()
    return (asked.bbox_annotation_format or asked.document_annotation_format) is not None
