"""Over hundreds of faults of unknown outcome, Pay-i holds each event exactly once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from payi_transport.sinks.protocol import check_receipt, mark_uncertain
from payi_transport.values.event import Event
from tests.sinks.events import event
from tests.support.ingest import CONFIRMATION, CannedReply, Ingest, make_reply
from tests.support.payi_rules import PayiRules
from tests.support.served import ServedRules

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
LENGTH = b"content-length: %d\r\n\r\n" % len(CONFIRMATION)
# A single event is confirmed by the same fields as a batch.
WELL = make_reply()
FAULTS = {
    "a reset before the events are taken": CannedReply(),
    "a reset after": CannedReply(takes=True),
    "a reset in the head": CannedReply((HEAD,), takes=True, resets=True),
    "a reset in the body": CannedReply((HEAD + LENGTH + CONFIRMATION[:9],), takes=True, resets=True),
    "a close in the body": CannedReply((HEAD + LENGTH + CONFIRMATION[:9],), takes=True, closes=True),
    "a close before the head": CannedReply((b"",), takes=True, closes=True),
    "a length that is too short": CannedReply(
        (HEAD + b"content-length: 9\r\n\r\n" + CONFIRMATION[:9],), takes=True, closes=True
    ),
    "a length that is too long": CannedReply(
        (HEAD + b"content-length: 999\r\n\r\n" + CONFIRMATION,), takes=True, closes=True
    ),
    "chunks without an end": CannedReply(
        (HEAD + b'transfer-encoding: chunked\r\n\r\n5\r\n{"ing\r\n',), takes=True, closes=True
    ),
    "no HTTP": CannedReply((b"\x16\x03\x01\xff\r\n\r\n",), takes=True, resets=True),
    "a gateway's 502": make_reply(502, b"<html>", takes=True),
    "a gateway's 504": make_reply(504, b"", takes=True),
    "a gateway's 408": make_reply(408, b"", takes=True),
    "a gateway's 500 in JSON": make_reply(500, b'{"error": "upstream"}', takes=True),
    "a login page": make_reply(200, b"<html>", takes=True),
    "an empty body": make_reply(200, b"", takes=True),
    "no content": make_reply(204, b"", takes=True),
    "another's JSON": make_reply(200, b'{"ok": true}', takes=True),
    "cut JSON": make_reply(200, b'{"ingest_count": ', takes=True),
    "garbage in a coding": make_reply(200, b"\x1f\x8bno", takes=True, headers="content-encoding: gzip\r\n"),
}
# The client's patience has to end first, so there are fewer of these.
STALLS = {
    "no response in time": CannedReply(takes=True, stalls=True, pieces=(b"",)),
    "no response in time, and nothing taken": CannedReply(stalls=True, pieces=(b"",)),
    "half a response in time": CannedReply((HEAD + LENGTH + CONFIRMATION[:9],), takes=True, stalls=True),
}
SEEDS = range(13)
# Of the same faults before the local service.
FEW_SEEDS = range(13, 16)
both = pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])


class Faults:
    """Good responses and faults at random. `left` has the faults that are still to come, each kind once."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.left = [*FAULTS.values(), self._random.choice([*STALLS.values()])]
        self._random.shuffle(self.left)

    def reply(self, events: object) -> CannedReply:
        return self.left.pop() if self.left and self._random.random() < 0.7 else WELL


def deliver(sink: PayiSink, queue: list[Event], chance: random.Random) -> None:
    """Deliver as the worker does: what comes back goes first in the next batch, marked where uncertain."""
    tries = 0
    while queue:
        batch: Sequence[Event] = queue[: chance.randint(1, 8)]
        receipt = sink.deliver(batch)
        check_receipt(receipt, len(batch))
        assert not receipt.rejected
        uncertain = set(receipt.uncertain)
        back = [mark_uncertain(batch[i]) if i in uncertain else batch[i] for i in receipt.retry]
        queue[: len(batch)] = back
        tries += 1
        assert tries < 1000


def check_seed(seed: int, single: bool, rules: PayiRules | ServedRules) -> None:
    faults = Faults(seed)
    ingest = Ingest(faults.reply, rules)
    # On a slow machine, a good response may be late, too. That is one more fault.
    with closing(PayiSink(PayiAccount(ingest.url, "payi-key"), single=single, response_seconds=0.5)) as sink:
        sent = 0
        while faults.left:
            deliver(sink, [event(number) for number in range(sent, sent + 10)], random.Random(seed))
            sent += 10
    ingest.stop()
    assert ingest.taken == {f"id-{number}": 1 for number in range(sent)}
    assert not ingest.rules.violations


@both
@pytest.mark.parametrize("seed", SEEDS)
def test_each_event_is_held_once_over_faults_of_unknown_outcome(seed: int, single: bool) -> None:
    check_seed(seed, single, PayiRules())


@both
@pytest.mark.parametrize("strict", [False, True], ids=["service", "strict service"])
@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_local_service_holds_each_event_once_over_the_same_faults(
    seed: int, strict: bool, single: bool, services: Callable[[bool], ServedRules]
) -> None:
    check_seed(seed, single, services(strict))


def test_these_are_more_than_500_faults() -> None:
    assert 2 * len(SEEDS) * (len(FAULTS) + 1) > 500
