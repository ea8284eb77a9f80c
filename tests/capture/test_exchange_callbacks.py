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


@pytest.mark.parametrize(("size", "counted", "weight"), [(5, 5, 5), (5, 0, 5), (5, 3, 3)])
def test_the_size_that_a_hook_has_counted_is_believed(size: int, counted: int, weight: int) -> None:
    ended = Ended()
    response = ended.respond(body=None)
    response.append(b"x" * size)
    response.finish(size=counted)
    assert ended[0].weight == weight


def test_of_a_body_with_a_gap_what_is_kept_is_counted_anew() -> None:
    ended = Ended()
    response = ended.respond(body=b"abc", body_limit=1)
    for _ in range(3):
        response.append(b"xx")
    response.finish(size=1000)
    assert ended[0].size == sum(map(len, (*ended[0].chunks, *(ended[0].tail or ()))))


def test_all_that_a_request_says_is_in_its_exchange() -> None:
    def transcode(is_request: bool, message: bytes) -> bytes:
        return message

    ended = Ended()
    caller, slot = {"a": "b"}, ResultSlot()
    request = make_request(
        ended.append,
        log_content=False,
        headers=(b"a", b"b"),
        body=b"{}",
        body_limit=7,
        caller=caller,
        result_slot=slot,
        transcode=transcode,
    )
    request.start_response(0, (b"c", b"d")).finish(Outcome.CLOSED)
    [exchange] = ended
    assert (exchange.log_content, exchange.body_limit, exchange.status) == (False, 7, None)
    assert (exchange.caller, exchange.result_slot, exchange.transcode) == (caller, slot, transcode)
    assert (exchange.request_headers, exchange.response_headers) == ((b"a", b"b"), (b"c", b"d"))
    assert (exchange.timestamp, exchange.started) == (request.timestamp, request.started)
    assert (request.body, request.caller) == (None, None)
    exchange.forget()
    assert (exchange.caller, exchange.listener, exchange.event) == (None, None, None)
    assert exchange.result_slot is slot


def test_a_failure_before_a_response_has_neither_status_nor_headers() -> None:
    ended = Ended()
    ended.send().fail(RuntimeError("x"))
    [exchange] = ended
    assert (exchange.status, exchange.response_headers, exchange.size, exchange.first_byte) == (
        None,
        (),
        0,
        None,
    )
    assert not exchange.has_gap


def test_what_arrived_before_a_failure_is_counted() -> None:
    ended = Ended()
    response = ended.respond(body=None)
    response.append(b"12345")
    response.fail(RuntimeError("cut"))
    assert (ended[0].size, ended[0].weight) == (5, 5)
