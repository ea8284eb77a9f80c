"""One event that something on the way dislikes is lost alone; a wrong key loses nothing."""

from __future__ import annotations

import json
from collections import Counter, deque

import httpx
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from payi_transport.sinks.payi_bisection import _MAX_REFUSED, Trust
from payi_transport.sinks.protocol import mark_uncertain
from payi_transport.values.event import Event
from tests.sinks.events import event


class Firewall:
    """Refuse requests with one of the events in `disliked`, or all while `is_closed`."""

    def __init__(self, *disliked: int, status: int = 403, single: bool = False) -> None:
        self.disliked = {f"id-{number}" for number in disliked}
        self.status = status
        self.is_closed = False
        self.taken: list[str] = []
        self.requests = 0
        self.bytes = 0
        self.sink = PayiSink(PayiAccount("https://payi.test", "payi-key"), single=single)
        self.sink.connection.http = httpx.Client(transport=httpx.MockTransport(self.respond))

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.bytes += len(request.content)
        body = json.loads(request.content)
        names = [item["provider_response_id"] for item in (body if isinstance(body, list) else [body])]
        if self.is_closed or self.disliked.intersection(names):
            return httpx.Response(self.status)
        self.taken += names
        return httpx.Response(200, json={"ingest_count": len(names), "request_id": "r"})


def deliver_all(firewall: Firewall, count: int) -> dict[str, str]:
    """Deliver events as the worker does, a single one while denied; return those lost, with reasons.

    New events keep coming, as they do in a program.
    """
    lost: dict[str, str] = {}
    queue = deque(event(number) for number in range(count))
    denied = False
    for turn in range(4 * count):
        if len(queue) == 1 and turn:
            queue.append(event(count + turn))
        if not queue:
            return lost
        size = 1 if denied else len(queue)
        batch: list[Event] = [queue.popleft() for _ in range(size)]
        receipt = firewall.sink.deliver(batch)
        denied = receipt.denied
        lost.update({batch[i].provider_response_id: reason for i, reason in receipt.rejected.items()})
        back = [batch[i] for i in receipt.retry]
        if denied and size == 1:
            queue.extend(back)
        else:
            queue.extendleft(reversed(back))
    raise AssertionError(f"{len(queue)} events still wait")


@pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])
@pytest.mark.parametrize("status", [401, 403, 404, 405, 406, 451])
@pytest.mark.parametrize("disliked", [[0], [4], [99], [0, 99], [40, 41, 42], [0, 1, 2, 3]], ids=str)
def test_a_disliked_event_is_lost_alone(disliked: list[int], status: int, single: bool) -> None:
    firewall = Firewall(*disliked, status=status, single=single)
    lost = deliver_all(firewall, 100)
    assert lost == {f"id-{number}": f"status_{status}" for number in disliked}
    assert max(Counter(firewall.taken).values()) == 1
    assert set(firewall.taken) >= {f"id-{number}" for number in range(100)} - lost.keys()


def test_a_key_that_is_revoked_loses_nothing_and_is_found_out_in_few_requests() -> None:
    firewall = Firewall()
    firewall.sink.deliver([event(0)])
    firewall.is_closed = True
    batch = [event(number) for number in range(1, 100)]
    receipt = firewall.sink.deliver(batch)
    assert (receipt.denied, receipt.rejected, list(receipt.retry)) == (True, {}, list(range(99)))
    # Halved down to one event, and then as many alone as could not all be to blame: 99, 49, ..., 1, and 7.
    assert firewall.requests == 1 + 14
    before = firewall.requests
    assert firewall.sink.deliver(batch).denied
    assert firewall.requests == before + 1
    firewall.is_closed = False
    assert not firewall.sink.deliver(batch).retry


def test_a_single_event_that_is_refused_waits_until_another_passes() -> None:
    firewall = Firewall(1)
    firewall.sink.deliver([event(0)])
    assert firewall.sink.deliver([event(1)]).denied
    assert not firewall.sink.deliver([event(2)]).retry
    receipt = firewall.sink.deliver([event(1), event(3)])
    assert receipt.rejected == {0: "status_403"}
    assert receipt.problem == (
        "Pay-i, or something on the way to it, refused 1 events (status_403) and accepted others; the"
        " refused events are lost"
    )


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_bytes_of_every_request_count(is_closed: bool) -> None:
    firewall = Firewall(3, 7)
    firewall.sink.deliver([event(0)])
    firewall.is_closed = is_closed
    before = firewall.bytes
    receipt = firewall.sink.deliver([event(number) for number in range(1, 12)])
    assert receipt.denied is is_closed
    assert receipt.bytes_sent == firewall.bytes - before


def test_nothing_is_halved_before_anything_was_accepted() -> None:
    firewall = Firewall(3)
    receipt = firewall.sink.deliver([event(number) for number in range(8)])
    assert (receipt.denied, list(receipt.retry), firewall.requests) == (True, list(range(8)), 1)


@pytest.mark.parametrize("status", [414, 431])
def test_a_request_that_is_too_large_in_url_or_headers_is_about_the_event(status: int) -> None:
    assert deliver_all(Firewall(3, status=status, single=True), 6) == {"id-3": f"status_{status}"}


def test_an_event_that_pay_i_never_confirms_is_lost_alone_in_the_end() -> None:
    """Pay-i's own response counts what it took and does not name the event that it left out."""

    def respond(request: httpx.Request) -> httpx.Response:
        names = [item["provider_response_id"] for item in json.loads(request.content)]
        return httpx.Response(200, json={"ingest_count": len(set(names) - {"id-5"})})

    sink = Firewall().sink
    sink.connection.http = httpx.Client(transport=httpx.MockTransport(respond))
    batch: list[Event] = [event(number) for number in range(9)]
    first = sink.deliver(batch)
    assert (list(first.uncertain), first.rejected) == (list(range(9)), {})
    assert first.problem and "confirmed 8 of 9 events" in first.problem
    marked: list[Event] = [mark_uncertain(waiting) for waiting in batch]
    second = sink.deliver(marked)
    assert (list(second.retry), second.rejected) == ([5, 6, 7, 8], {})
    third = sink.deliver(marked[5:])
    assert (list(third.retry), third.rejected) == ([], {0: "unconfirmed"})


def test_while_pay_i_confirms_nothing_nothing_is_lost() -> None:
    sink = Firewall().sink
    nothing = {"ingest_count": 0, "error_count": 9}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=nothing))
    sink.connection.http = httpx.Client(transport=transport)
    batch: list[Event] = [mark_uncertain(event(number)) for number in range(9)]
    for size in (9, 1, 9):
        receipt = sink.deliver(batch[:size])
        assert (list(receipt.uncertain), receipt.rejected) == (list(range(size)), {})


def test_only_the_latest_refused_events_are_remembered() -> None:
    trust = Trust()
    for number in range(_MAX_REFUSED + 5):
        assert not trust.refuse(str(number))
    assert len(trust.refused) == _MAX_REFUSED == 1000
    assert "4" not in trust.refused and "5" in trust.refused
