"""Decoding exchanges: which make an event, which price is missing, and who hears of the delivery."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import Frame
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.exchange_decoder import Decoded, ExchangeDecoder
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.values.event import Event
from tests.support.exchanges import ROUTE, make_exchange
from tests.support.wire_cases import by_name

CHAT = by_name["openai/chat_unary"]
ANSWER = {"request_id": "q", "xproxy_result": {"request_id": "q"}}


def make_decoder(**options: Any) -> ExchangeDecoder:
    return ExchangeDecoder(
        DecodeOptions(), OneTimeWarnings(logging.getLogger("test.exchange_decoder"), ()), **options
    )


def read(exchange: Exchange, **options: Any) -> Decoded | str:
    return make_decoder(**options).decode(exchange)


def test_a_call_makes_an_event_which_nobody_listens_to() -> None:
    exchange = make_exchange(CHAT)
    decoded = read(exchange)
    assert isinstance(decoded, Decoded)
    assert decoded.event.provider_response_id == CHAT.event["provider_response_id"]
    assert decoded.listener is None


def test_an_event_that_was_read_before_stays_the_same() -> None:
    exchange = make_exchange(CHAT)
    event = Event(category="c", units={}, provider_response_id="payi_1")
    heard: list[Any] = []
    decoded = Decoded(event, heard.append)
    assert read(replace(exchange, event=event, listener=decoded.listener)) == decoded


def test_a_response_that_is_not_done_or_was_counted_makes_none() -> None:
    again = by_name["openai/responses_fetched_again"]
    decoder = make_decoder()
    assert isinstance(decoder.decode(make_exchange(again)), Decoded)
    assert decoder.decode(make_exchange(again)) == "repeated"
    queued = json.dumps({**json.loads(again.answer), "status": "queued"}).encode()
    assert make_decoder().decode(make_exchange(again, [queued])) == "pending"


@pytest.mark.parametrize(("priced", "told"), [(None, True), ("gpt-4.1", False)])
def test_a_deployment_without_a_price_is_told_unless_its_context_has_one(
    caplog: pytest.LogCaptureFixture, priced: str | None, told: bool
) -> None:
    azure = ROUTE._replace(category="system.azureopenai", resource="my-gpt")
    read(make_exchange(CHAT, route=azure, context=Frame(price_as_resource=priced)))
    assert ("my-gpt" in caplog.text) == told


@pytest.mark.parametrize(("whole", "told"), [(True, True), (False, False)])
def test_a_stream_without_usage_is_told_unless_it_was_left_early(
    whole: bool, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    case = by_name["openai/chat_stream_without_usage"]
    chunks = [case.answer if whole else case.answer.partition(b"data: [DONE]")[0]]
    read(make_exchange(case, chunks, outcome=Outcome.CLOSED))
    assert ("reported no usage" in caplog.text) == told


@pytest.mark.parametrize("logs", [True, False])
@pytest.mark.parametrize("asks", [True, False])
def test_each_who_wants_to_know_hears_of_the_delivery(logs: bool, asks: bool) -> None:
    logged: list[Any] = []
    answers: list[Any] = []
    content_logger = ContentLogger(
        lambda request_id, data: logged.append(request_id), DecodeOptions(), lambda exc: None
    )
    exchange = make_exchange(CHAT)
    decoded = read(
        exchange,
        content_logger=content_logger if logs else None,
        listener=answers.append if asks else None,
    )
    assert isinstance(decoded, Decoded)
    assert (decoded.listener is not None) == (logs or asks)
    if decoded.listener is not None:
        decoded.listener(ANSWER)
    assert answers == ([ANSWER] if asks else [])
    assert logged == (["q"] if logs else [])
