"""What a call weighs while it waits, and what is not delivered because of it."""

from __future__ import annotations

import pytest

from payi_transport import MemorySink
from tests.delivery.named_exchanges import make_named
from tests.delivery.test_delivery import Harness


@pytest.mark.parametrize(("room", "lost"), [(0, {}), (-1, {"overload": 1})])
def test_a_call_weighs_what_its_request_and_its_response_do(room: int, lost: dict[str, int]) -> None:
    exchange = make_named("a")
    weight = exchange.size + len(exchange.request_body or b"")
    assert exchange.size > 0 and exchange.request_body
    harness = Harness(MemorySink(), max_bytes_in_flight=2 * weight + room)
    harness.push("a", "b")
    assert {reason: count for reason, count in harness.stats().lost.items() if count} == lost


def test_faults_are_in_the_stats() -> None:
    assert Harness(MemorySink()).delivery.stats(faults=3).faults == 3
    assert Harness(MemorySink()).delivery.stats().faults == 0
