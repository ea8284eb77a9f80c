"""Across exchanges, a process remembers background calls, reported responses and warnings."""

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
from payi_transport.routing.hosts import HostPattern
from payi_transport.values.event import Event
from tests.support.exchanges import ROUTE, make_exchange
from tests.support.wire_cases import by_name

CHAT = by_name["openai/chat_unary"]
FETCH = by_name["openai/responses_fetched_again"]
QUEUED = json.dumps({**json.loads(FETCH.response), "status": "queued"}).encode()
RESULT = {"request_id": "q", "xproxy_result": {"request_id": "q"}}


def make_decoder(required: tuple[str, ...] = (), **options: Any) -> ExchangeDecoder:
    warnings = OneTimeWarnings(logging.getLogger("test.exchange_decoder"), ())
    return ExchangeDecoder(DecodeOptions(required_fields=required), warnings, **options)


def decode(exchange: Exchange, **options: Any) -> Decoded:
    decoded = make_decoder(**options).decode(exchange)
    assert isinstance(decoded, Decoded)
    return decoded


def test_a_call_makes_an_event_without_a_listener() -> None:
    decoded = decode(make_exchange(CHAT))
    assert decoded.event.provider_response_id == CHAT.event["provider_response_id"]
    assert decoded.listener is None


def test_an_exchange_that_was_decoded_before_keeps_its_event_and_listener() -> None:
    heard: list[Any] = []
    decoded = Decoded(Event(category="c", units={}, provider_response_id="payi_1"), heard.append)
    assert decode(replace(make_exchange(CHAT), event=decoded.event, listener=decoded.listener)) == decoded


def test_a_response_that_is_fetched_again_is_skipped_as_repeated() -> None:
    decoder = make_decoder()
    assert isinstance(decoder.decode(make_exchange(FETCH)), Decoded)
    assert decoder.decode(make_exchange(FETCH)) == "repeated"


def test_a_call_whose_id_came_before_gets_one_of_its_own() -> None:
    decoder = make_decoder()
    first, second = (decoder.decode(make_exchange(CHAT)) for _ in range(2))
    assert isinstance(first, Decoded)
    assert isinstance(second, Decoded)
    own = first.event.provider_response_id
    assert second.event.provider_response_id.startswith(f"{own}_")
    assert second.event.properties == {"provider.response_id": own}


STARTS = ROUTE._replace(operation="openai.responses", uri="https://api.openai.com/v1/responses")


def test_a_response_that_the_proxy_has_counted_is_repeated_when_it_is_fetched() -> None:
    decoder = make_decoder()
    decoder.note_counted(make_exchange(FETCH, route=STARTS))
    assert decoder.decode(make_exchange(FETCH)) == "repeated"


def test_work_that_was_started_through_the_proxy_is_counted_when_it_is_fetched() -> None:
    decoder = make_decoder()
    decoder.note_counted(make_exchange(FETCH, [QUEUED], route=STARTS, context=Frame(user_id="u")))
    decoded = decoder.decode(make_exchange(FETCH))
    assert isinstance(decoded, Decoded)
    assert decoded.event.units and decoded.event.user_id == "u"


def test_a_counted_call_that_cannot_be_fetched_again_is_not_decoded() -> None:
    broken: Any = make_exchange(CHAT)
    broken.chunks = [3]
    make_decoder().note_counted(broken)


def test_a_call_that_the_proxy_has_counted_is_one_without_a_required_field_too() -> None:
    decoder = make_decoder(("user_id", "account_name"))
    decoder.note_counted(make_exchange(CHAT, context=Frame(user_id="u")))
    assert {name: count.value for name, count in decoder.missing_fields.items()} == {
        "user_id": 0,
        "account_name": 1,
    }


def test_a_response_that_is_not_done_is_skipped_as_pending() -> None:
    assert make_decoder().decode(make_exchange(FETCH, [QUEUED])) == "pending"


def test_the_event_of_background_work_belongs_to_the_call_that_started_it() -> None:
    decoder = make_decoder()
    start = make_exchange(
        FETCH,
        [QUEUED],
        context=Frame(user_id="starter"),
        route=ROUTE._replace(operation="openai.responses", uri="https://api.openai.com/v1/responses"),
    )
    assert decoder.decode(start) == "pending"
    # A poll before the end doesn't take the place of the call that started the work.
    assert decoder.decode(make_exchange(FETCH, [QUEUED], context=Frame(user_id="poller"))) == "pending"
    decoded = decoder.decode(make_exchange(FETCH, context=Frame(user_id="poller")))
    assert isinstance(decoded, Decoded)
    assert (decoded.event.user_id, decoded.event.provider_uri) == ("starter", start.route.uri)


AZURE = ROUTE._replace(category="system.azureopenai", resource="my-gpt")


@pytest.mark.parametrize(
    ("context", "warns"),
    [
        (Frame(), True),
        (Frame(price_as_resource="gpt-4.1"), False),
        # Either of the two is a price, even if the event looks the same as without it.
        (Frame(price_as_resource="my-gpt"), False),
        (Frame(price_as_category="system.azureopenai"), False),
        (Frame(resource_scope="global"), True),
    ],
)
def test_an_azure_deployment_without_a_price_is_warned_about(
    caplog: pytest.LogCaptureFixture, context: Frame, warns: bool
) -> None:
    decode(make_exchange(CHAT, route=AZURE, context=context))
    assert ('"my-gpt" has no model mapping' in caplog.text) == warns


@pytest.mark.parametrize(
    ("context", "warns"),
    [(Frame(), True), (Frame(price_as_category="groq"), False), (Frame(price_as_resource="m"), False)],
)
def test_a_provider_without_a_category_of_pay_is_is_warned_about(
    caplog: pytest.LogCaptureFixture, context: Frame, warns: bool
) -> None:
    groq = ROUTE._replace(category="groq", host=HostPattern("api.groq.com", None), known=True)
    decode(make_exchange(CHAT, route=groq, context=context))
    assert ("calls to api.groq.com are reported with the category 'groq'" in caplog.text) == warns


@pytest.mark.parametrize("whole", [True, False])
def test_a_stream_without_usage_is_warned_about_unless_it_was_left_early(
    whole: bool, caplog: pytest.LogCaptureFixture
) -> None:
    case = by_name["openai/chat_stream_without_usage"]
    chunks = [case.response if whole else case.response.partition(b"data: [DONE]")[0]]
    decode(make_exchange(case, chunks, outcome=Outcome.CLOSED))
    assert ("reported no usage" in caplog.text) == whole


@pytest.mark.parametrize("logs", [True, False])
@pytest.mark.parametrize("listens", [True, False])
def test_pay_is_response_goes_to_the_listener_and_the_content_logger(logs: bool, listens: bool) -> None:
    logged: list[Any] = []
    heard: list[Any] = []
    content_logger = ContentLogger(
        lambda request_id, data: logged.append(request_id), DecodeOptions(), lambda exc: None
    )
    decoded = decode(
        make_exchange(CHAT),
        content_logger=content_logger if logs else None,
        listener=heard.append if listens else None,
    )
    assert (decoded.listener is not None) == (logs or listens)
    if decoded.listener is not None:
        decoded.listener(RESULT)
    assert heard == ([RESULT] if listens else [])
    assert logged == (["q"] if logs else [])
