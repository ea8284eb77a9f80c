"""Who learns of the end of a call: callbacks, and a caller who looks for Pay-i's result."""

from __future__ import annotations

import pytest

from payi_transport.capture.exchange import Exchange, Outcome, SentRequest
from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.results import ResultSlot
from tests.capture.test_exchange import Ended
from tests.support.exchanges import make_request


def test_done_callbacks_run_once_after_the_exchange_is_passed_on() -> None:
    ended = Ended()
    response = ended.respond()
    seen: list[tuple[SentRequest, int]] = []
    response.request.add_done_callback(lambda request: seen.append((request, len(ended))))
    assert seen == []
    response.finish()
    response.finish(Outcome.CLOSED)
    assert seen == [(response.request, 1)]


def test_a_done_callback_for_a_call_that_has_ended_runs_at_once() -> None:
    request = Ended().send()
    request.fail(RuntimeError("x"))
    seen: list[SentRequest] = []
    request.add_done_callback(seen.append)
    assert seen == [request]


@pytest.mark.parametrize(
    ("waits", "rewrite", "brings"),
    [
        (True, None, True),
        (False, None, False),
        (False, RequestRewrite(counted=True), True),
        (False, RequestRewrite(plain=True), False),
    ],
)
def test_a_result_comes_with_a_call_that_waits_or_goes_through_pay_i(
    waits: bool, rewrite: RequestRewrite | None, brings: bool
) -> None:
    assert Ended().send(waits=waits, rewrite=rewrite).brings_result is brings


@pytest.mark.parametrize("result_slot", [ResultSlot(), None], ids=["a caller looks", "no one looks"])
def test_the_result_is_known_at_the_end_where_a_caller_looks_for_it(result_slot: ResultSlot | None) -> None:
    def deliver(exchange: Exchange) -> None:
        exchange.take_result({"request_id": "r"})
        assert exchange.result == (result_slot and {"request_id": "r"})

    request = make_request(deliver, result_slot=result_slot)
    assert request.result is None
    result = request.start_response(200, ()).finish_for_result()
    assert result == request.result == (result_slot and {"request_id": "r"})
