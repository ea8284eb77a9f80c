"""An event at which Pay-i fails each time is given up once others were taken; an outage costs nothing."""

from __future__ import annotations

import httpx
import pytest

from payi_transport.sinks import payi_failures
from payi_transport.sinks.payi_failures import _MAX_ALONE, Failures
from payi_transport.values.event import Event
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery, both

ERROR = {"message": "m", "statusCode": 500, "xproxy_error": {"code": "unexpected_error"}}
OWN = httpx.Response(500, json=ERROR)
GATEWAY = httpx.Response(502, content=b"<html>")


def deliver_alone(delivery: Delivery, times: int) -> dict[int, str]:
    rejected: dict[int, str] = {}
    for _ in range(times):
        receipt = delivery.deliver(event(1, user_id="u"))
        assert len(receipt.retry) + len(receipt.rejected) == 1
        rejected.update(receipt.rejected)
    return rejected


@both
def test_an_event_that_always_fails_is_given_up_once_others_were_taken(single: bool) -> None:
    delivery = Delivery(single=single)
    delivery.before = lambda: OWN
    assert list(delivery.deliver(event(1), event(2)).retry) == [0, 1]
    delivery.before = lambda: None
    delivery.deliver_all(event(2))
    delivery.before = lambda: OWN
    assert not deliver_alone(delivery, 19)
    receipt = delivery.deliver(event(1, user_id="u"))
    assert (list(receipt.retry), receipt.rejected) == ([], {0: "status_500"})
    assert receipt.problem == (
        "Pay-i failed at an event many times (status_500) and accepted others; the event is lost"
    )
    assert receipt.bytes_sent > 0


@pytest.mark.parametrize("response", [OWN, GATEWAY], ids=["Pay-i's own", "a gateway's"])
def test_an_outage_costs_no_event_however_long_it_lasts(response: httpx.Response) -> None:
    delivery = Delivery()
    delivery.deliver_all(event(2))
    delivery.before = lambda: response
    assert not deliver_alone(delivery, 3 * _MAX_ALONE)


def test_a_gateway_that_fails_at_one_event_alone_costs_no_event() -> None:
    delivery = Delivery()
    delivery.before = lambda: GATEWAY
    deliver_alone(delivery, 1)
    delivery.before = lambda: None
    delivery.deliver_all(event(2))
    delivery.before = lambda: GATEWAY
    assert not deliver_alone(delivery, 3 * _MAX_ALONE)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payi_failures, "_MAX_REMEMBERED", 2)
    failures = Failures()
    assert not failures.fail([event(number) for number in range(3)])
    assert len(failures._events) == 2


def test_a_thousand_failing_events_are_remembered() -> None:
    failures = Failures()
    events: list[Event] = [event(number) for number in range(1001)]
    assert not failures.fail(events)
    failures.accept()
    # The first one is forgotten, so that it counts from here on.
    given_up = [[failures.fail([one]) for _ in range(20)][-1] for one in (events[1], events[0])]
    assert given_up == [True, False]


def test_failures_of_a_batch_say_nothing_of_its_events() -> None:
    failures = Failures()
    assert not failures.fail([event(1), event(2)])
    failures.accept()
    assert not any(failures.fail([event(1), event(2)]) for _ in range(60))


def test_an_outage_that_was_interrupted_costs_no_event() -> None:
    delivery = Delivery()
    delivery.before = lambda: OWN
    deliver_alone(delivery, 3 * _MAX_ALONE)
    delivery.before = lambda: None
    delivery.deliver_all(event(2))
    delivery.before = lambda: OWN
    assert not deliver_alone(delivery, 3)
