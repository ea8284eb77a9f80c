"""The event of background work belongs to the call that started it, whoever fetches the result."""

from __future__ import annotations

import pytest

from payi_transport.capture.exchange import Exchange
from payi_transport.context.frame import Frame
from payi_transport.decode.background_calls import BackgroundCall, BackgroundCalls
from tests.support.exchanges import ROUTE, make_exchange
from tests.support.wire_cases import by_name


def start() -> Exchange:
    case = by_name["openai/chat_unary"]
    route = ROUTE._replace(uri="https://api.openai.com/v1/responses")
    return make_exchange(case, context=Frame(user_id="starter"), log_content=False, route=route)


def fetch() -> Exchange:
    return make_exchange(by_name["openai/responses_fetched_again"], context=Frame(user_id="fetcher"))


def test_a_fetched_result_belongs_to_the_call_that_started_it() -> None:
    background_calls, start_call, fetched = BackgroundCalls(), start(), fetch()
    background_calls.remember(BackgroundCall("r", "gpt"), start_call)
    for _ in range(2):
        call = background_calls.complete("r", fetched)
        assert (call.context, call.log_content) == (start_call.context, False)
        assert (call.timestamp, call.started) == (start_call.timestamp, start_call.started)
        assert (call.route.uri, call.route.resource) == (start_call.route.uri, "gpt")
        assert (call.chunks, call.ended) == (fetched.chunks, fetched.ended)
        assert call.route.operation == fetched.route.operation


@pytest.mark.parametrize("response_id", ["another", "", None])
def test_a_result_that_no_remembered_call_started_belongs_to_its_fetch(response_id: str | None) -> None:
    background_calls, fetched = BackgroundCalls(), fetch()
    background_calls.remember(BackgroundCall("r", "gpt"), start())
    background_calls.remember(BackgroundCall(None, None), start())
    assert background_calls.complete(response_id, fetched) is fetched


def test_only_the_latest_calls_are_remembered() -> None:
    background_calls, start_call, fetched = BackgroundCalls(), start(), fetch()
    for number in range(10_001):
        background_calls.remember(BackgroundCall(str(number), None), start_call)
    assert background_calls.complete("0", fetched) is fetched
    assert background_calls.complete("1", fetched).context is start_call.context
