"""The demo's provider behaves like the real one, as far as the demo goes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

import pytest

from payi_transport.cli.demo_provider import make_response, serve_provider

PATH = "/v1/chat/completions"


def make_request(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}], **fields}


def documents_of(parts: Any) -> list[Mapping[str, Any]]:
    return [json.loads(part.removeprefix(b"data: ")) for part in parts[:-1]]


@pytest.mark.parametrize(
    ("path", "request_body", "code"),
    [
        (PATH, make_request(model="gpt-99"), "model_not_found"),
        (PATH, {}, "model_not_found"),
        ("/v1/files", make_request(), "not_found"),
    ],
)
def test_unknown_models_and_paths_get_the_error_of_the_real_provider(
    path: str, request_body: dict[str, Any], code: str
) -> None:
    response = make_response(path, request_body)
    assert response.status == 404
    assert json.loads(response.parts[0])["error"]["code"] == code


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 0), ({"stream_options": None}, 0), ({"stream_options": {"include_usage": True}}, 1)],
)
def test_a_stream_reports_usage_only_if_the_request_asks_for_it(options: dict[str, Any], count: int) -> None:
    response = make_response(PATH, make_request(stream=True, **options))
    assert response.parts[-1] == b"data: [DONE]\n\n"
    chunks = documents_of(response.parts)
    assert sum(chunk["usage"] is not None for chunk in chunks) == count
    assert sum(chunk["choices"] == [] for chunk in chunks) == count


def test_documents_and_streams_are_served_over_http() -> None:
    with serve_provider() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for body, content_type in (
            (make_request(), "application/json"),
            (make_request(stream=True), "text/event-stream"),
        ):
            connection.request("POST", PATH, json.dumps(body))
            response = connection.getresponse()
            assert response.getheader("content-type") == content_type
            assert b"gpt-5" in response.read()
        connection.close()
