"""No event holds a credential or a cookie, nor content that must not be logged."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from payi_transport.capture.exchange import Outcome
from payi_transport.decode.options import DecodeOptions
from payi_transport.values.event import Units
from tests.support.exchanges import decode_case, every_case, make_exchange, read
from tests.support.wire_cases import STREAM, UNARY, WireCase


@every_case
@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.value)
def test_without_content_neither_prompt_nor_response_is_in_the_event(
    case: WireCase, outcome: Outcome
) -> None:
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


def test_without_content_no_text_in_a_usage_is_in_the_event() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    told = {"prompt": "a SECRET", "a SECRET": 1, "tools": {"search": {"query": "a SECRET"}}, "tier": "gold"}
    details = {"prompt_tokens_details": {"text": "a SECRET", "a SECRET": 1}}
    body = msgspec.json.encode({"id": "c", "choices": [], "usage": {**usage, **told, **details}})
    event = decode_case(replace(UNARY, response=body), log_content=False)
    assert b"SECRET" not in msgspec.json.encode(event)
    assert event.properties == {"provider.tier": "gold"}
    assert event.units == {"text": Units(9, 3)}


def test_an_exchange_forgets_its_content_when_asked_to() -> None:
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


def test_extra_request_headers_are_recorded_but_never_credentials() -> None:
    exchange = make_exchange(UNARY, request_headers={**SECRETS, "X-Team": "blue"})
    event = read(exchange, DecodeOptions(extra_request_headers=frozenset({"x-team", "authorization"})))
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [("x-team", "blue")]
