"""Around one send of requests: what is read of the request, and copies that leave the caller's own alone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from payi_transport import MemorySink, payi_instrument
from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.hooks.call import Address
from payi_transport.hooks.nesting import find_mark
from payi_transport.hooks.requests import _items, _locate, _make_send, _read, _restore_request, _rewrite
from tests.support.exchanges import events_of

URL = "https://api.openai.com/v1/chat/completions?q=1"


def prepare(**options: Any) -> requests.PreparedRequest:
    return requests.Request("POST", URL, **options).prepare()


def test_a_request_is_located_without_its_query() -> None:
    assert _locate(prepare()) == Address("POST", "https", "api.openai.com", None, "/v1/chat/completions")


@pytest.mark.parametrize(
    ("data", "body"), [(b"bytes", b"bytes"), ("Zoë", "Zoë".encode()), (io.BytesIO(b"file"), None)]
)
def test_a_body_is_read_if_it_is_in_memory(data: Any, body: bytes | None) -> None:
    assert _read(prepare(data=data))[1] == body


def test_a_file_is_left_where_it_is() -> None:
    file = io.BytesIO(b"file")
    _read(prepare(data=file))
    assert file.tell() == 0


def test_a_form_is_read_without_its_files() -> None:
    body = _read(prepare(data={"model": "whisper-1"}, files={"file": ("a.mp3", b"sound")}))[1]
    assert body is not None
    assert json.loads(body)["model"] == "whisper-1"
    assert b"sound" not in body


@pytest.mark.parametrize("headers", [CaseInsensitiveDict({"X-Team": "blue", "Y": "1"}), {"X-Team": "blue"}])
def test_headers_are_those_that_items_would_return(headers: Any) -> None:
    assert list(_items(headers)) == list(headers.items())


def test_a_copy_goes_elsewhere_and_the_callers_request_stays() -> None:
    request = prepare(data=b"{}", headers={"xProxy-User-ID": "u", "Host": "api.openai.com", "X-Team": "blue"})
    before = dict(request.headers)
    rewrite = RequestRewrite(
        base="https://api.pay-i.com/api/v1/proxy/openai",
        headers=(b"xProxy-api-key", b"key"),
        without=frozenset({b"xproxy-user-id"}),
    )
    sent = _rewrite(rewrite, request)
    assert sent.url == "https://api.pay-i.com/api/v1/proxy/openai/v1/chat/completions?q=1"
    assert {"xProxy-api-key": b"key", "X-Team": "blue"}.items() <= dict(sent.headers).items()
    assert not {"xProxy-User-ID", "Host"} & set(sent.headers)
    assert sent.body == b"{}"
    assert (request.url, dict(request.headers)) == (URL, before)


def test_what_is_returned_or_raised_shows_the_callers_request() -> None:
    request, sent = prepare(), prepare()
    sent.url = "https://api.pay-i.com/"
    response = requests.Response()
    response.request, response.url = sent, str(sent.url)
    _restore_request(response, sent, request)
    assert (response.request, response.url) == (request, URL)
    error = requests.ConnectionError(request=sent)
    _restore_request(error, sent, request)
    assert error.request is request


def test_another_request_is_not_replaced() -> None:
    request, sent, other = prepare(), prepare(), prepare()
    error = requests.ConnectionError(request=other)
    _restore_request(error, sent, request)
    _restore_request(error, None, request)
    assert error.request is other


@pytest.mark.parametrize("error", [requests.ConnectionError("gone"), KeyboardInterrupt()], ids=repr)
def test_every_exception_ends_the_call_and_reaches_the_caller(error: BaseException, sink: MemorySink) -> None:
    def fail(adapter: Any, request: Any) -> Any:
        raise error

    payi_instrument(sink=sink)
    with pytest.raises(type(error)) as raised:
        _make_send(fail)(None, prepare(data=b"{}"))
    assert raised.value is error
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == type(error).__name__
    assert not find_mark()
