"""What an event does not tell: credentials, cookies, and content where it is not to be logged."""

from __future__ import annotations

import msgspec
import pytest

from payi_transport.capture.exchange import Outcome
from payi_transport.decode.options import DecodeOptions
from tests.support.exchanges import decode_case, every_case, make_exchange, read
from tests.support.wire_cases import STREAM, UNARY, WireCase


@every_case
@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.value)
def test_without_content_neither_prompt_nor_answer_is_in_the_event(case: WireCase, outcome: Outcome) -> None:
    event = decode_case(case, log_content=False, outcome=outcome)
    written = msgspec.json.encode(event)
    assert event.provider_request_json is None
    assert event.provider_response_json is None
    for secret in (
        b"Boston",
        b"weather",
        b"Hello",
        b"helpful",
        b"temperature",
        b"quota.",
        b"maintenance",
        b"sk-",
    ):
        assert secret not in written
    assert event.units == decode_case(case, outcome=outcome).units


def test_a_finished_exchange_forgets_its_content() -> None:
    exchange = make_exchange(STREAM, body_limit=10)
    exchange.forget()
    assert not exchange.chunks and not exchange.tail and exchange.request_body is None


SECRETS = {
    "Authorization": "Bearer sk-secret",
    "api-key": "sk-secret",
    "X-Api-Key": "sk-secret",
    "Cookie": "session=sk-secret",
    "x-goog-api-key": "sk-secret",
}


def test_credentials_and_cookies_never_reach_the_event() -> None:
    event = decode_case(
        UNARY,
        request_headers={**SECRETS, "User-Agent": "OpenAI/Python", "X-Team": "blue"},
        headers={
            "Set-Cookie": "__cf_bm=sk-secret",
            "x-ratelimit-remaining-tokens": "9",
            "content-length": "1",
        },
    )
    assert b"sk-secret" not in msgspec.json.encode(event)
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [
        ("user-agent", "OpenAI/Python")
    ]
    assert [h.name for h in event.provider_response_headers or ()] == ["x-ratelimit-remaining-tokens"]


def test_more_request_headers_are_recorded_when_asked_for_but_no_credential_is() -> None:
    exchange = make_exchange(UNARY, request_headers={**SECRETS, "X-Team": "blue"})
    event = read(exchange, DecodeOptions(extra_request_headers=frozenset({"x-team", "authorization"})))
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [("x-team", "blue")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("url: /v1beta/x:generate?key=sk-secret (Caused by Y)", "url: /v1beta/x:generate (Caused by Y)"),
        ("for url '/x?q='a'&key=sk-secret'", "for url '/x"),
        ("https://a.test?key=sk-secret", "https://a.test"),
        ("Illegal header value b'Bearer sk-secret\\n'", "OddError"),
        ("illegal Header line: bytearray(b'set-cookie sk-secret')", "OddError"),
        ("What now?", "What now?"),
    ],
)
def test_an_exception_is_told_without_the_credentials_that_it_quotes(text: str, told: str) -> None:
    exchange = make_exchange(UNARY, [])
    exchange.status = None
    exchange.error = ("OddError", text)
    assert (read(exchange).properties or {})["system.failure.description"] == told
