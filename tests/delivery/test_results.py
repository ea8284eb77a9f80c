"""Taking over results, for the caller and for limits, without ever raising."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import Frame
from payi_transport.context.results import ResultSlot, get_last_result, set_last
from payi_transport.delivery.limit_polling import LimitPoller
from payi_transport.delivery.limits import LimitStates
from payi_transport.delivery.results import ResultTracker
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

CASE = next(case for case in CASES if case.name == "openai/chat_unary")
RESULT = {"limits": {"budget": {"state": "blocked"}}}
BODY = json.dumps({"id": "a", "xproxy_result": RESULT}).encode()


def never(exc: BaseException) -> None:
    raise exc


@pytest.fixture(autouse=True)
def no_result() -> Iterator[None]:
    set_last(None)
    yield
    set_last(None)


def test_a_call_through_the_proxy_gets_the_result_in_its_response() -> None:
    limits = LimitStates()
    exchange = make_exchange(CASE, [BODY], result_slot=ResultSlot())
    ResultTracker(limits, None, never).end_proxied(exchange)
    assert exchange.result == get_last_result() == RESULT
    assert limits.snapshot() == {"budget": "blocked"}


REFUSED = replace(CASE, status=424)
ERROR = b'{"message":"m","statusCode":424,"xproxy_error":{"code":"limit_blocked"}}'


@pytest.mark.parametrize(
    ("body", "limit_ids", "states"),
    [
        (ERROR, ("a",), {"a": "blocked"}),
        (b"", ("a",), {"a": "blocked"}),
        # Nothing says which of them it is.
        (ERROR, ("a", "b"), {}),
        (ERROR, (), {}),
        (b'{"xproxy_result":{"blocked_limit_ids":["b"]}}', ("a", "b"), {"b": "blocked"}),
        (b'{"xproxy_result":{"blocked_limit_ids":["b"]}}', ("a",), {"b": "blocked"}),
        (b'{"xproxy_result":{"blocked_limit_ids":[]}}', ("a",), {"a": "blocked"}),
        (
            b'{"xproxy_result":{"limits":{"b":{"state":"blocked_external"}}}}',
            ("a", "b"),
            {"b": "blocked_external"},
        ),
    ],
)
def test_a_call_that_the_proxy_refuses_tells_that_a_limit_is_blocked(
    body: bytes, limit_ids: tuple[str, ...], states: dict[str, str]
) -> None:
    limits = LimitStates()
    logged: list[str] = []
    exchange = make_exchange(REFUSED, [body], context=Frame(limit_ids=limit_ids), result_slot=ResultSlot())
    ResultTracker(limits, None, never, warn=logged.append).end_proxied(exchange)
    assert limits.snapshot() == states
    names = ", ".join(limit_ids) or "none of its own"
    assert logged == [
        f"Pay-i's proxy refused a call (HTTP 424), because a limit of it is blocked ({names}); raise or reset"
        " the limit in Pay-i"
    ]


@pytest.mark.parametrize(
    ("status", "is_charged"), [(200, True), (399, True), (400, False), (424, False), (None, False)]
)
def test_a_call_is_charged_unless_it_failed_and_noted_anyway(status: int | None, is_charged: bool) -> None:
    noted: list[Exchange] = []
    charged: list[tuple[Exchange, object]] = []
    exchange = make_exchange(CASE, [BODY])
    exchange.status = status
    ResultTracker(
        LimitStates(),
        None,
        never,
        note=noted.append,
        charge=lambda call, result: charged.append((call, result)),
    ).end_proxied(exchange)
    assert noted == [exchange]
    assert charged == ([(exchange, RESULT)] if is_charged else [])


@pytest.mark.parametrize("status", [403, 423, 425])
def test_another_status_tells_nothing_of_limits(status: int) -> None:
    limits, logged = LimitStates(), list[str]()
    exchange = make_exchange(replace(CASE, status=status), [ERROR], context=Frame(limit_ids=("a",)))
    ResultTracker(limits, None, never, warn=logged.append).end_proxied(exchange)
    assert (limits.snapshot(), logged) == ({}, [])


@pytest.fixture
def before() -> ResultSlot:
    """The result of an earlier call."""
    result_slot = ResultSlot()
    result_slot.result = {"request_id": "before"}
    set_last(result_slot)
    return result_slot


@pytest.mark.usefixtures("before")
def test_a_call_without_a_result_still_becomes_the_last_call() -> None:
    exchange = make_exchange(CASE, [CASE.response], result_slot=ResultSlot())
    ResultTracker(LimitStates(), None, never).end_proxied(exchange)
    assert exchange.result is get_last_result() is None


def test_an_abandoned_call_changes_nothing(before: ResultSlot) -> None:
    exchange = make_exchange(CASE, [BODY], outcome=Outcome.ABANDONED, result_slot=ResultSlot())
    ResultTracker(LimitStates(), None, never).end_proxied(exchange)
    assert (exchange.result, get_last_result()) == (None, before.result)


@pytest.mark.parametrize("response", [{}, {"xproxy_result": None}, {"xproxy_result": "blocked"}])
def test_a_response_without_a_result_changes_no_limit(response: dict[str, Any]) -> None:
    limits = LimitStates()
    tracker = ResultTracker(limits, None, never)
    tracker.on_response({"xproxy_result": RESULT})
    tracker.on_response(response)
    assert limits.snapshot() == {"budget": "blocked"}


def test_a_fault_is_reported_and_not_raised() -> None:
    def fail(limit_id: str, state: str) -> None:
        raise ValueError("no")

    faults: list[BaseException] = []
    tracker = ResultTracker(LimitStates(fail), None, faults.append)
    broken: Any = make_exchange(CASE, [BODY])
    broken.chunks = [3]
    tracker.end_proxied(broken)
    tracker.end_proxied(make_exchange(CASE, [BODY]))
    assert [type(fault) for fault in faults] == [AttributeError, ValueError]


def test_a_listener_that_raises_systemexit_ends_nothing() -> None:
    faults: list[BaseException] = []

    def leave(limit_id: str, state: str) -> None:
        raise SystemExit

    ResultTracker(LimitStates(leave), None, faults.append).on_response({"xproxy_result": RESULT})
    assert [type(fault) for fault in faults] == [SystemExit]


def test_blocked_limits_are_polled_until_stop() -> None:
    asked = threading.Event()
    limits = LimitStates()

    def fetch(limit_id: str) -> str:
        asked.set()
        return "blocked"

    poller = LimitPoller(limits, fetch, 0.001, never)
    tracker = ResultTracker(limits, poller, never)
    tracker.on_response({"xproxy_result": RESULT})
    assert asked.wait(10)
    tracker.stop()
    ResultTracker(limits, None, never).stop()
