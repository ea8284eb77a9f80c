"""What never leaves the process: credentials, queries, and content that is not to be logged."""

from __future__ import annotations

import dataclasses
import gc
import logging
from typing import Any, Literal

import httpx
import pytest

from payi_transport import MemorySink, create_headers, payi_flush, payi_instrument, track_context
from payi_transport.capture.exchange import Exchange
from tests.support.calls import URL, call
from tests.support.exchanges import every_case, shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import STREAM, UNARY, by_name

SECRETS = {
    "Authorization": "Bearer SECRET",
    "Cookie": "SECRET",
    "api-key": "SECRET",
    "X-Goog-Api-Key": "SECRET",
    "Proxy-Authorization": "SECRET",
}


@every_case
@pytest.mark.parametrize("mode", ["bulk", "single"])
def test_no_credential_cookie_or_query_leaves_the_process(
    case: Any,
    mode: Literal["bulk", "single"],
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [CannedResponse([b"{}"], status=400)]
    with caplog.at_level(logging.DEBUG):
        payi_instrument(config={"delivery": {"mode": mode}, "capture": {"request_headers": ["x-team"]}})
        reply = httpx.Response(
            case.status, headers={**case.headers, "Set-Cookie": "a=SECRET"}, content=case.response
        )
        with httpx.Client(transport=httpx.MockTransport(lambda request: reply)) as client:
            client.post(URL + "?key=SECRET", content=case.request, headers=SECRETS)
        payi_flush(10)
    # Once as it is, and then with less and less of its context.
    assert len(origin.received) > 1
    sent = [
        received.path.encode() + repr(received.headers).encode() + received.body
        for received in origin.received
    ]
    assert b"SECRET" not in b"".join(sent)
    own_lines = [record.getMessage() for record in caplog.records if record.name.startswith("payi")]
    assert not any("SECRET" in line or "payi-key" in line for line in own_lines)
    assert any("Pay-i responded with HTTP 400" in line for line in own_lines)


@pytest.mark.parametrize(
    "case", [UNARY, STREAM, by_name["openai/chat_error_400"]], ids=lambda case: case.name
)
def test_without_content_nothing_that_leaves_holds_prompt_or_answer(
    case: Any, origin: Origin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [CannedResponse([b"{}"], status=500)]
    with caplog.at_level(logging.DEBUG):
        payi_instrument(log_prompt_and_response=False, config={"delivery": {"flush_interval": 0.01}})
        call(case)
        payi_flush(0.3)
    sent = b"".join(received.body for received in origin.received).decode() + caplog.text
    assert origin.received
    for text in ("weather", "Boston", "assist", "Hello", "temperature"):
        assert text not in sent


def all_exchanges() -> list[Exchange]:
    """Every exchange in memory, found by `type` because `isinstance` wakes lazy objects such as Django's."""
    return [thing for thing in gc.get_objects() if type(thing) is Exchange]


@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_without_content_no_object_that_holds_it_outlives_the_decoding(case: Any, sink: MemorySink) -> None:
    # Earlier tests of this process may have left some behind.
    earlier = {id(exchange): exchange for exchange in all_exchanges()}
    payi_instrument(sink=sink, log_prompt_and_response=False)
    marked = case.request.replace(b"Boston", b"XyzzyTown")
    call(dataclasses.replace(case, request=marked))
    assert payi_flush(10)
    collect_garbage()
    alive = [exchange for exchange in all_exchanges() if id(exchange) not in earlier]
    assert all(not (exchange.request_body or exchange.chunks or exchange.tail) for exchange in alive)
    assert shown(sink.events[0], ["units"]) == {"units": case.event["units"]}
    assert sink.events[0].units == {
        name: pytest.importorskip("payi_transport").Units(**units)
        for name, units in case.event["units"].items()
    }


def test_one_call_may_say_that_its_content_is_not_logged(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with track_context(log_prompt_and_response=False):
        call()
    call()
    assert payi_flush(10)
    assert [event.provider_request_json is None for event in sink.events] == [True, False]


def test_a_header_may_say_that_the_content_of_its_call_is_not_logged(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    call(headers=create_headers(log_prompt_and_response=False))
    assert payi_flush(10)
    assert sink.events[0].provider_request_json is None
