"""Nothing counts twice: after a try whose outcome is unknown, events go to the endpoint that updates."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks import payi
from payi_transport.sinks.payi import PayiSink
from payi_transport.sinks.protocol import Receipt, UncertainEvent, check_receipt, mark_uncertain
from payi_transport.values.event import Event
from tests.sinks.events import event
from tests.support.payi_rules import BULK, SINGLE, UPSERT, PayiRules

Respond = Callable[[httpx.Request, int], httpx.Response]


@pytest.fixture(autouse=True)
def known_deployments(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    known: set[str] = set()
    monkeypatch.setattr(payi, "_without_upsert", known)
    return known


def confirm(request: httpx.Request, count: int) -> httpx.Response:
    return httpx.Response(200, json={"ingest_count": count, "request_id": "r"})


class PayI:
    """Pay-i as it is: `bulk` and `ingest` add what they get, `bulk-upsert` updates by id.

    `faults` are taken in turn: one that takes the events first, or none, and then how the request ends.
    """

    def __init__(self, *faults: tuple[bool, Respond], upserts: bool = True) -> None:
        self.faults = list(faults)
        self.upserts = upserts
        self.rules = PayiRules()
        self.paths: list[str] = []

    @property
    def held(self) -> Counter[str]:
        return self.rules.counted

    def sink(self, *, single: bool = False) -> PayiSink:
        sink = PayiSink(PayiAccount("https://payi.test", "payi-key"), single=single)
        sink.connection.http = httpx.Client(transport=httpx.MockTransport(self.respond))
        return sink

    def respond(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if path == UPSERT and not self.upserts:
            return httpx.Response(404)
        items = json.loads(request.content)
        events = items if isinstance(items, list) else [items]
        takes, end = self.faults.pop(0) if self.faults else (True, confirm)
        if takes:
            status, _ = self.rules.respond(request.method, path, dict(request.headers), request.content)
            assert status == 200, self.rules.violations
        return end(request, len(events))


def fail(error: type[httpx.TransportError]) -> Respond:
    def respond(request: httpx.Request, count: int) -> httpx.Response:
        raise error("payi-key", request=request)

    return respond


def reply(status: int, content: bytes = b"", **headers: str) -> Respond:
    return lambda request, count: httpx.Response(status, content=content, headers=headers)


UNKNOWN = {
    "no response": fail(httpx.ReadTimeout),
    "a reset": fail(httpx.ReadError),
    "a cut response": fail(httpx.RemoteProtocolError),
    "a cut request": fail(httpx.WriteError),
    "a gateway's 502": reply(502, b"<html>"),
    "an empty 504": reply(504),
    "a gateway's 408": reply(408),
    "a login page": reply(200, b"<html>"),
    "nothing": reply(204),
    "cut JSON": reply(200, b'{"ingest_count":'),
    "none confirmed": reply(200, b'{"ingest_count":0,"error_count":9}'),
}
CERTAIN = {
    "no connection": fail(httpx.ConnectError),
    "no connection in time": fail(httpx.ConnectTimeout),
    "a proxy that refuses": fail(httpx.ProxyError),
    "Pay-i's own 500": reply(500, b'{"message":"m","statusCode":500,"xproxy_error":{"code":"c"}}'),
    "too many requests": reply(429),
    "a lock": reply(409),
}


def deliver_again(sink: PayiSink, batch: Sequence[Event]) -> Receipt:
    """Deliver a batch, and what is to be sent again once more, marked as the worker marks it."""
    receipt = sink.deliver(batch)
    check_receipt(receipt, len(batch))
    uncertain = set(receipt.uncertain)
    assert uncertain <= set(receipt.retry)
    again = [mark_uncertain(batch[i]) if i in uncertain else batch[i] for i in receipt.retry]
    return sink.deliver(again)


@pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_after_an_unknown_outcome_the_next_try_updates(fault: Respond, single: bool) -> None:
    server = PayI((True, fault))
    assert not deliver_again(server.sink(single=single), [event(1)]).retry
    assert server.paths == [SINGLE if single else BULK, UPSERT]
    assert server.held == {"id-1": 1}


@pytest.mark.parametrize("fault", CERTAIN.values(), ids=CERTAIN.keys())
def test_after_a_failure_that_is_certain_the_next_try_adds(fault: Respond) -> None:
    server = PayI((False, fault))
    assert not deliver_again(server.sink(), [event(1)]).retry
    assert server.paths == [BULK, BULK]


def test_events_of_both_kinds_go_to_their_own_endpoints() -> None:
    server = PayI()
    batch = [mark_uncertain(event(1)), mark_uncertain(event(2)), event(3), mark_uncertain(event(4))]
    assert not server.sink().deliver(batch).retry
    assert server.paths == [UPSERT, BULK, UPSERT]
    assert server.held == {f"id-{number}": 1 for number in range(1, 5)}


def test_a_deployment_that_cannot_update_is_remembered_and_warned_of_once() -> None:
    server = PayI(upserts=False)
    sink, again = server.sink(), [mark_uncertain(event(1))]
    first, second = sink.deliver(again), sink.deliver(again)
    assert first.notices == [
        "this deployment of Pay-i has no /api/v1/ingest/bulk-upsert, so an event that is sent again after an"
        " interrupted request may count twice"
    ]
    assert (list(second.notices), list(first.retry), list(second.retry)) == ([], [], [])
    assert server.paths == [UPSERT, BULK, BULK]
    assert not server.sink().deliver(again).notices


@pytest.mark.parametrize("status", [404, 405])
def test_a_wrong_base_url_is_not_taken_for_a_deployment_that_cannot_update(
    status: int, known_deployments: set[str]
) -> None:
    server = PayI((False, reply(status)), (False, reply(status)))
    receipt = server.sink().deliver([mark_uncertain(event(1))])
    assert receipt.denied and not receipt.notices
    assert not known_deployments


def draw_faults(rng: random.Random) -> Iterator[tuple[bool, Respond]]:
    for _ in range(rng.randint(1, 12)):
        if rng.random() < 0.7:
            # What Pay-i leaves out twice is lost in the end; `test_payi_bisection` has that.
            yield (
                rng.random() < 0.5,
                rng.choice([UNKNOWN[name] for name in UNKNOWN if name != "none confirmed"]),
            )
        else:
            yield False, rng.choice(list(CERTAIN.values()))
        if rng.random() < 0.3:
            yield True, confirm


@pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])
def test_over_hundreds_of_faults_each_event_is_held_once(single: bool) -> None:
    for seed in range(300):
        rng = random.Random(seed)
        server = PayI(*draw_faults(rng))
        sink = server.sink(single=single)
        queue: list[Event] = [event(number) for number in range(rng.randint(1, 20))]
        names = {waiting.provider_response_id for waiting in queue}
        while queue:
            size = rng.randint(1, len(queue))
            batch, queue = queue[:size], queue[size:]
            receipt = sink.deliver(batch)
            check_receipt(receipt, size)
            for index in receipt.uncertain:
                batch[index] = mark_uncertain(batch[index])
            assert not receipt.rejected, seed
            queue = [batch[index] for index in receipt.retry] + queue
        assert server.held == dict.fromkeys(names, 1), seed


def test_the_mark_changes_nothing_in_the_json_of_an_event() -> None:
    plain = event(1, user_id="u", limit_ids=("a",))
    marked = mark_uncertain(plain)
    assert isinstance(marked, UncertainEvent) and mark_uncertain(marked) is marked
    assert payi._encode_fitting([marked]) == payi._encode_fitting([plain])
