"""Every sink gets each event once, and calls without an event are settled before they reach any."""

from __future__ import annotations

from payi_transport.capture.exchange import Exchange
from payi_transport.capture.session import SessionWork
from payi_transport.decode.sessions import read_session
from payi_transport.delivery.distribution import DecodedCall, DistributingSource
from payi_transport.delivery.ring import Ring
from tests.delivery.named_exchanges import decode, make_named


def test_each_event_is_passed_on_with_its_weight_and_keeps_no_room() -> None:
    ring: Ring[Exchange | SessionWork] = Ring(8, 1 << 20, 8, lambda: None)
    faults: list[Exception] = []
    taken: list[list[tuple[str, int, float]]] = [[], []]

    def push_to(number: int, call: DecodedCall, weight: int) -> None:
        call.forget()
        taken[number].append((call.decoded.event.provider_response_id, weight, call.ended))

    pushes = [lambda call, weight, number=number: push_to(number, call, weight) for number in (0, 1)]
    source = DistributingSource(ring, decode, faults.append, 8, pushes, read_session)
    exchanges = [make_named(name) for name in ("a", "skip", "bad", "b")]
    expected = [(name, exchanges[i].weight, exchanges[i].ended) for name, i in (("a", 0), ("b", 3))]
    for exchange in exchanges:
        ring.push(exchange, exchange.weight)
    assert source.take() == []
    assert taken == [expected, expected]
    assert (source.counts.delivered, source.counts.lost, source.counts.skipped) == (
        2,
        {"decode_fault": 1},
        {"pending": 1},
    )
    assert ring.in_flight == 0 and len(faults) == 1
    assert not any(exchange.chunks for exchange in exchanges)
