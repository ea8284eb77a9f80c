"""Messages are taken, held, and settled at a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from payi_transport.relay import consumer as module
from payi_transport.relay.consumer import Consumer
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.nats_protocol import encode_message
from payi_transport.sinks.nats_servers import NatsError
from tests.sinks.events import event
from tests.support.nats_server import NatsServer, make_settings
from tests.support.polling import wait_until

MANY = 32 * 1024 * 1024


@contextmanager
def consume(server: NatsServer, **settings: Any) -> Iterator[Consumer]:
    consumer = Consumer(make_settings(server.url, **settings), "test")
    try:
        consumer.bind()
        yield consumer
    finally:
        consumer.close()


def publish(server: NatsServer, *numbers: int) -> None:
    sink = NatsSink.from_section(make_settings(server.url))
    assert not sink.deliver([event(number) for number in numbers]).retry
    sink.close()


def test_what_is_taken_is_held_until_it_is_settled(server: NatsServer) -> None:
    with consume(server) as consumer, consume(server) as other:
        publish(server, 1, 2, 3)
        assert consumer.ack_wait == 2.0
        held = consumer.pull(10, MANY, 0.2)
        assert [one.sequence for one in held] == [1, 2, 3]
        assert not any(one.may_repeat for one in held)
        assert consumer.held == 3
        assert consumer.pending[1] == 0
        assert other.pull(10, MANY, 0.2) == []
        consumer.settle(held[:1], [(held[1], 0.0), (held[2], 0.0)])
        assert consumer.held == 0
        again = other.pull(2, MANY, 20)
        assert [(one.sequence, one.may_repeat) for one in again] == [(2, True), (3, True)]
        other.settle(again, ())
        wait_until(lambda: server.count() == 0)


def test_what_is_given_back_with_a_delay_comes_later(server: NatsServer) -> None:
    publish(server, 1)
    with consume(server) as consumer:
        [held] = consumer.pull(10, MANY, 0.2)
        consumer.settle((), [(held, 0.5)])
        assert consumer.pull(10, MANY, 0.1) == []
        assert len(consumer.pull(1, MANY, 20)) == 1


def test_what_is_held_for_long_stays_held_while_somebody_says_so(server: NatsServer) -> None:
    publish(server, 1)
    with consume(server) as consumer, consume(server) as other:
        consumer.pull(1, MANY, 20)
        # Longer than the server waits.
        for _ in range(5):
            consumer.extend()
            assert other.pull(1, MANY, 0.5) == []
        consumer.forget()
        consumer.extend()
        assert other.pull(1, MANY, 20)[0].may_repeat


def test_messages_may_arrive_while_what_is_held_is_extended(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, 1, 2, 3)
    with consume(server) as consumer:
        first, second, third = consumer.pull(10, MANY, 0.2)
        consumer.settle([first], [])
        arriving: list[threading.Thread] = []

        def hold_and_encode(*arguments: Any, **options: Any) -> bytes:
            if len(arriving) == 1:
                thread = threading.Thread(target=consumer._hold, args=(first.message,))
                arriving.append(thread)
                thread.start()
                # It waits until all are extended, so this is over in time only if it does not.
                thread.join(0.2)
            return encode_message(*arguments, **options)

        for held in (second, third):
            consumer._hold(held.message)
        arriving.append(threading.current_thread())
        monkeypatch.setattr(module, "encode_message", hold_and_encode)
        consumer.extend()
        arriving[-1].join(60)
        assert consumer.held == 3


def test_what_is_held_at_the_end_is_given_back_at_once(server: NatsServer) -> None:
    publish(server, 1, 2)
    with consume(server) as consumer, consume(server) as other:
        consumer.pull(2, MANY, 20)
        consumer.give_back()
        assert len(other.pull(2, MANY, 1.0)) == 2
        server.kill()
        consumer.give_back()
        consumer.extend()


def test_a_large_message_fits_into_any_limit(server: NatsServer) -> None:
    sink = NatsSink.from_section(make_settings(server.url))
    sink.deliver([event(1, provider_request_json="x" * 900_000)])
    sink.close()
    with consume(server) as consumer:
        assert len(consumer.pull(5, 1000, 0.2)) == 1


def test_what_was_there_before_the_relay_may_be_a_repeat(server: NatsServer) -> None:
    publish(server, 1)
    with consume(server) as consumer:
        publish(server, 2)
        held = consumer.pull(2, MANY, 20)
        assert [(one.sequence, one.may_repeat) for one in held] == [(1, True), (2, False)]


def test_after_a_restart_of_the_server_what_it_had_may_be_a_repeat(server: NatsServer) -> None:
    publish(server, 1)
    with consume(server) as consumer:
        server.kill()
        with pytest.raises(NatsError):
            consumer.bind()
        server.start()
        consumer.bind()
        publish(server, 2)
        held = consumer.pull(2, MANY, 20)
        assert [(one.sequence, one.may_repeat) for one in held] == [(1, True), (2, False)]


def test_rejected_messages_are_stored_with_their_reason(server: NatsServer) -> None:
    publish(server, 1, 2)
    with consume(server) as consumer:
        held = consumer.pull(2, MANY, 20)
        assert consumer.reject([(held[0], "item_400"), (held[1], "not_an_event")]) == {1, 2}
        assert consumer.reject([(held[0], "item_400")]) == {1}
    stored = server.read_messages("PAYI_REJECTED")
    assert [head["Payi-Reason"] for head, _ in stored] == ["item_400", "not_an_event"]
    assert stored[0][0] == {
        "payi-event-version": "1",
        "Nats-Msg-Id": f"PAYI.1.{held[0].stored}",
        "Payi-Reason": "item_400",
        "Payi-Stream": "PAYI",
        "Payi-Subject": "payi.events",
    }


def test_without_a_stream_for_them_rejected_messages_are_not_stored(server: NatsServer) -> None:
    server.call("STREAM.DELETE.PAYI_REJECTED")
    publish(server, 1)
    with consume(server) as consumer:
        [held] = consumer.pull(1, MANY, 20)
        assert consumer.reject([(held, "item_400")]) == set()


def test_a_missing_consumer_is_an_error_that_names_the_command(server: NatsServer) -> None:
    server.call("CONSUMER.DELETE.PAYI.payi-relay")
    with pytest.raises(NatsError) as error, consume(server):
        """It never comes to this."""
    assert error.value.denied
    assert str(error.value) == (
        f"NATS at {server.url} has no consumer 'payi-relay' of 'PAYI' (consumer not found); make it with:"
        f" payi-transport nats init --server {server.url}"
    )


def test_a_consumer_that_is_deleted_meanwhile_is_an_error(server: NatsServer) -> None:
    with consume(server) as consumer:
        server.call("CONSUMER.DELETE.PAYI.payi-relay")
        with pytest.raises(NatsError, match="returned no messages"):
            consumer.pull(1, MANY, 20)
        assert not consumer.is_bound
        with pytest.raises(NatsError, match="has no consumer"):
            consumer.bind()
