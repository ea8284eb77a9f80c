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


def usage(prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


def document(kind: str, choices: list[Any], counts: Any, model: str = "gpt-5") -> dict[str, Any]:
    return {
        "id": "chatcmpl-demo",
        "object": kind,
        "created": 1_760_000_000,
        "model": model,
        "choices": choices,
        "usage": counts,
    }


def test_the_first_response_asks_for_a_tool_and_the_second_is_text() -> None:
    function = {"name": "find_parcel", "arguments": '{"number":"A-1815"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    first = make_response(PATH, make_request())
    choice = {"index": 0, "message": asked, "finish_reason": "tool_calls"}
    expected = document("chat.completion", [choice], usage(1200, 180, cached=1024, reasoning=128))
    assert (first.status, [json.loads(part) for part in first.parts]) == (200, [expected])
    second = make_response(PATH, make_request(model="gpt-5-mini", messages=[{"role": "tool"}]))
    message = {"role": "assistant", "content": "Your parcel arrives tomorrow."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    expected = document("chat.completion", [choice], usage(1290, 62, cached=1152), "gpt-5-mini")
    assert (second.status, [json.loads(part) for part in second.parts]) == (200, [expected])


def test_a_stream_has_a_role_then_words_then_its_end_then_its_usage() -> None:
    response = make_response(PATH, make_request(stream=True, stream_options={"include_usage": True}))
    assert response.status == 200
    assert all(part.startswith(b"data: ") and part.endswith(b"}\n\n") for part in response.parts[:-1])
    first, *words, end, counts = documents_of(response.parts)
    kind = "chat.completion.chunk"

    def chunk(delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        return document(kind, [{"index": 0, "delta": delta, "finish_reason": reason}], None)

    assert first == chunk({"role": "assistant", "content": ""})
    text = ["The ", "parcel ", "is ", "late, ", "the ", "customer ", "is ", "informed."]
    assert words == [chunk({"content": word}) for word in text]
    assert end == chunk({}, "stop")
    assert counts == document(kind, [], usage(412, 96))


@pytest.mark.parametrize(
    ("path", "model", "code", "message"),
    [
        (PATH, "gpt-99", "model_not_found", "The model 'gpt-99' does not exist"),
        ("/v1/files", "gpt-5", "not_found", "Unknown request URL: POST /v1/files"),
    ],
)
def test_an_error_over_http_says_what_is_wrong(path: str, model: str, code: str, message: str) -> None:
    with serve_provider() as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", path, json.dumps(make_request(model=model)))
        response = connection.getresponse()
        body = response.read()
        connection.close()
    assert (response.status, response.version) == (404, 11)
    assert response.getheader("content-length") == str(len(body))
    assert json.loads(body) == {
        "error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    }


def test_a_provider_that_has_ended_takes_no_more_calls() -> None:
    with serve_provider() as port:
        pass
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        connection.connect()
