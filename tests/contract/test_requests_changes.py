"""What is changed of a call with requests: headers of ours stay here, and it may be proxied or refused."""

from __future__ import annotations

import pytest
import requests

from payi_transport import MemorySink, payi_instrument, track_context
from tests.contract.responses import (
    PATH,
    REQUEST,
    UNARY,
    block,
    go_through_proxy,
    make_response,
    observe,
)
from tests.support.exchanges import events_of
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize("path", [PATH, "/v1/models"])
def test_headers_that_say_whom_a_call_is_for_do_not_leave(
    path: str, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.headers["xProxy-User-ID"] = "user-7"
        response = session.post(f"{origin.url}{path}", json=REQUEST)
    assert response.request.headers["xproxy-user-id"] == "user-7"
    assert "xproxy-user-id" not in origin.received[0].headers
    assert origin.received[0].body == response.request.body
    assert [event.user_id for event in events_of(sink)] == (["user-7"] if path == PATH else [])


def test_what_can_be_read_only_once_is_sent_all_the_same(origin: Origin, sink: MemorySink) -> None:
    # requests prepares its arguments before the hook sees any.
    origin.responses = [make_response(UNARY)]
    observe(origin, sink)
    form = {"model": iter(["m"])}
    requests.post(f"{origin.url}{PATH}", data=form, files={"f": b"x"}, params={"a": iter("bc")}, timeout=30)
    [received] = origin.received
    assert received.path == f"{PATH}?a=b&a=c"
    assert b'name="model"\r\n\r\nm' in received.body
    assert len(events_of(sink)) == 1


@pytest.mark.parametrize("path", [PATH, "/v1/models"])
def test_an_exception_names_the_request_of_the_caller(path: str, origin: Origin, sink: MemorySink) -> None:
    observe(origin, sink)
    origin.responses = [CannedResponse(end="reset")]
    request = requests.Request("POST", f"{origin.url}{path}", headers={"xProxy-User-ID": "7"}).prepare()
    with requests.Session() as session, pytest.raises(requests.ConnectionError) as caught:
        session.send(request)
    assert caught.value.request is request


def test_a_host_that_is_not_observed_gets_every_header(origin: Origin, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    origin.responses = [make_response(UNARY)]
    requests.get(f"{origin.url}/elsewhere", headers={"xProxy-User-ID": "user-7"}, timeout=30)
    assert origin.received[0].headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_in_proxy_mode_a_call_goes_through_pay_i(
    origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_through_proxy(origin, sink, monkeypatch)
    url = f"https://api.openai.com{PATH}?a=b"
    with requests.Session() as session, track_context(user_id="user-7"):
        request = requests.Request("POST", url, json=REQUEST, headers={"host": "api.openai.com"}).prepare()
        response = session.send(request)
    assert response.content == UNARY.response
    assert response.request is request
    assert response.url == request.url == url
    [received] = origin.received
    assert received.path == f"/api/v1/proxy/openai{PATH}?a=b"
    assert received.body == request.body
    assert received.headers["host"] == origin.netloc
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_a_call_whose_limit_is_blocked_gets_a_403(sink: MemorySink) -> None:
    block(sink, "budget")
    with track_context(limit_ids=["budget"]):
        response = requests.post(f"https://api.openai.com{PATH}", json=REQUEST, timeout=30)
    assert (response.status_code, response.reason) == (403, "Forbidden")
    assert response.json()["error"]["code"] == "limit_blocked"
    assert response.headers["content-type"] == "application/json"
    with pytest.raises(requests.HTTPError, match="403 Client Error: Forbidden"):
        response.raise_for_status()
    assert events_of(sink) == []
