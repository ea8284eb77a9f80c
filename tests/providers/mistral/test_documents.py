"""Documents that Mistral reads: pages, which are a property, because Pay-i has no unit for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.providers.mistral.documents import read_document
from payi_transport.providers.shared.raw_response import RawResponse
from tests.providers.shapes import make_messages

PAGES = [{"index": 0, "markdown": "# Hello"}]


def read(body: Any, request: Any = None) -> Any:
    return read_document(RawResponse(make_messages(body), request_body=json.dumps(request).encode()))


def test_pages_are_a_property_beside_the_size_of_the_document() -> None:
    usage = {"pages_processed": 3, "doc_size_bytes": 3002783}
    parsed = read({"pages": PAGES, "model": "mistral-ocr-2512", "usage_info": usage})
    assert parsed.properties == {"provider.pages": "3", "provider.doc_size_bytes": "3002783"}
    assert parsed.model == "mistral-ocr-2512"
    assert (parsed.units, parsed.has_usage, parsed.finished) == ({}, True, True)


@pytest.mark.parametrize("name", ["bbox_annotation_format", "document_annotation_format"])
def test_pages_that_are_annotated_are_told_apart_because_they_cost_more(name: str) -> None:
    body = {"pages": PAGES, "usage_info": {"pages_processed": 3, "doc_size_bytes": None}}
    request = {"model": "mistral-ocr-latest", name: {"type": "json_schema"}}
    assert read(body, request).properties == {"provider.annotated_pages": "3"}
    assert read(body, {name: None}).properties == {"provider.pages": "3"}


@pytest.mark.parametrize(
    "body", [b"", b"[", {}, {"usage_info": None}, {"usage_info": {"pages_processed": "many"}}]
)
def test_a_document_that_states_no_pages_has_no_usage(body: Any) -> None:
    parsed = read(body)
    assert (parsed.properties, parsed.has_usage) == ({}, False)
