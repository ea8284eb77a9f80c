"""Sinks and receipts: what a sink has to have, what a receipt says by default, and what is checked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from payi_transport import Event, MemorySink, PayiConfigError, Receipt, Sink
from payi_transport.sinks.protocol import check_receipt, check_sink, mark_uncertain
from payi_transport.values.traced import call_of, trace_event


def test_an_empty_receipt_means_that_all_events_were_delivered() -> None:
    receipt = Receipt()
    assert (list(receipt.retry), receipt.rejected, receipt.results) == ([], {}, {})
    assert (receipt.wait, receipt.problem, receipt.denied, receipt.bytes_sent) == (None, None, False, 0)
    check_receipt(receipt, 0)


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(retry=[0, 2], rejected={1: "status_400"}),
        Receipt(retry=range(3)),
        Receipt(retry=(2,), wait=1.5, problem="busy", denied=True, results={0: {"id": "r"}}, bytes_sent=9),
    ],
)
def test_a_receipt_that_names_each_event_at_most_once_is_accepted(receipt: Receipt) -> None:
    check_receipt(receipt, 3)


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(retry=[0, 0]),
        Receipt(retry=[0], rejected={0: "status_400"}),
        Receipt(retry=[3]),
        Receipt(retry=[-1]),
        Receipt(rejected={3: "status_400"}),
    ],
)
def test_a_receipt_that_names_an_event_twice_or_an_unknown_one_raises(receipt: Receipt) -> None:
    with pytest.raises(ValueError, match=r"names an event twice, or one that is not in the batch$"):
        check_receipt(receipt, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"retry": ["0"]},
        {"rejected": {0: None}},
        {"wait": "soon"},
        {"problem": 7},
        {"denied": "no"},
        {"results": {0: "r"}},
        {"bytes_sent": 1.5},
        {"uncertain": ["0"]},
        {"notices": [7]},
    ],
    ids=str,
)
def test_a_receipt_with_a_field_of_the_wrong_type_raises(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        check_receipt(Receipt(**fields), 3)


@pytest.mark.parametrize("value", [None, True, {"retry": []}])
def test_anything_but_a_receipt_raises_an_error_that_names_its_type(value: Any) -> None:
    with pytest.raises(TypeError, match=rf"must return a Receipt, got {type(value).__name__}$"):
        check_receipt(value, 3)


def test_a_sink_needs_only_the_four_members_of_the_protocol() -> None:
    sink: Sink = MemorySink()
    assert sink.batch_limit is None
    assert sink.deliver([]) == Receipt()
    sink.fork()
    sink.close()


class Complete:
    """An object with every part of a sink."""

    batch_limit: object = None

    def deliver(self, batch: object) -> Receipt:
        return Receipt()

    def fork(self) -> None: ...

    def close(self) -> None: ...


class Silent(Complete):
    close = None  # type: ignore[assignment]


class Awaited(Complete):
    async def deliver(self, batch: object) -> Receipt:  # type: ignore[override]
        return Receipt()


class Small(Complete):
    def __init__(self, limit: object = 0) -> None:
        self.batch_limit = limit


@pytest.mark.parametrize(
    ("sink", "problem"),
    [
        (Complete, "Complete is a class"),
        (Silent(), "a Silent has no close"),
        (Awaited(), "a Awaited has coroutine functions, deliver"),
        (Small(), "a Small has batch_limit 0"),
        (Small(-1), "a Small has batch_limit -1"),
        (Small(1.5), "a Small has batch_limit 1.5"),
        ("a key", "a str has no deliver, fork, close, batch_limit"),
    ],
)
def test_an_object_that_is_not_a_sink_is_refused_with_what_it_lacks(sink: object, problem: str) -> None:
    with pytest.raises(PayiConfigError, match=f"^sink: {problem}; expected an object with") as refused:
        check_sink(sink)
    assert "a key" not in str(refused.value)


def test_an_object_with_every_part_is_a_sink() -> None:
    for sink in (Complete(), Small(1), Small(1000)):
        assert check_sink(sink) is sink  # type: ignore[comparison-overlap]


def test_a_receipt_says_which_events_are_uncertain_and_what_to_log_at_once() -> None:
    assert (Receipt().uncertain, Receipt().notices) == ((), ())
    check_receipt(Receipt(retry=range(2), uncertain=range(2), notices=["a"]), 2)


def test_what_an_event_carries_stays_with_it_when_it_is_marked() -> None:
    call = object()
    traced = trace_event(Event(category="c", units={}, provider_response_id="id"), call)
    assert call_of(mark_uncertain(traced)) is call
