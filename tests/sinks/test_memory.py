"""The sink for tests keeps what is delivered to it."""

from __future__ import annotations

from payi_transport import Event, MemorySink, Receipt


def test_it_keeps_events_and_the_sizes_of_batches_after_close() -> None:
    sink = MemorySink()
    events = [Event(category="c", units={}, provider_response_id=str(number)) for number in range(3)]
    assert sink.deliver(events[:2]) == Receipt()
    sink.deliver(events[2:])
    sink.close()
    assert (sink.events, sink.batches) == (events, [2, 1])


def test_a_forked_child_starts_empty() -> None:
    sink = MemorySink()
    sink.deliver([Event(category="c", units={}, provider_response_id="x")])
    sink.fork()
    assert (sink.events, sink.batches) == ([], [])
