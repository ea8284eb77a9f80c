"""What a server says at the end of a request for messages, and odd things that it may say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport.relay.consumer import Consumer
from payi_transport.sinks.nats_servers import NatsError
from tests.relay.test_consumer import MANY
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import make_settings

INFORMATION = b'{"config": {"ack_wait": "x"}, "state": 7}'


def answer(messages: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Know a consumer, and send `messages(reply)` for each request."""

    def respond(line: bytes) -> bytes:
        words = line.split()
        if b".INFO." in line:
            return b"MSG %s 1 %d\r\n%s\r\n" % (words[2], len(INFORMATION), INFORMATION)
        return messages(words[2]) if b".MSG.NEXT." in line else b""

    return respond


def pull_from(messages: Callable[[bytes], bytes], seconds: float = 20) -> list[Any]:
    with impersonate(INFO, answer(messages)) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        assert consumer.ack_wait == 60.0
        try:
            return consumer.pull(5, MANY, seconds)
        finally:
            consumer.close()


def status(reply: bytes, text: bytes) -> bytes:
    head = b"NATS/1.0 %s\r\n\r\n" % text
    return b"HMSG %s 1 %d %d\r\n%s\r\n" % (reply, len(head), len(head), head)


def test_a_request_ends_with_a_status() -> None:
    message = b"MSG payi.events 1 $JS.ACK.PAYI.payi-relay.1.7.8.17.5 2\r\n{}\r\n"
    stray = b"MSG payi.events 1 other 2\r\n{}\r\n" + status(b"an.earlier.request", b"408 Request Timeout")
    assert pull_from(lambda reply: status(reply, b"408 Request Timeout")) == []
    assert (
        len(pull_from(lambda reply: stray + message + message + status(reply, b"409 Leadership Change"))) == 1
    )


@pytest.mark.parametrize("text", [b"404 No Messages", b"408 Request Timeout", b"409 Batch Completed"])
def test_a_request_that_brings_nothing_ends_as_usual(text: bytes) -> None:
    with impersonate(INFO, answer(lambda reply: status(reply, text))) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        assert consumer.pull(5, MANY, 20) == []
        assert consumer.is_bound
        assert consumer.pending[1] == 0
        consumer.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"409 Exceeded MaxWaiting", "Exceeded MaxWaiting"),
        (b"503", "no responders"),
        (b"400 Bad Request", "Bad Request"),
    ],
)
def test_a_request_that_is_refused_is_an_error_with_its_reason(text: bytes, reason: str) -> None:
    with pytest.raises(NatsError, match=rf"'payi-relay' at .* returned no messages \({reason}\)"):
        pull_from(lambda reply: status(reply, text))


def test_a_request_says_how_many_messages_and_bytes_it_takes_and_for_how_long() -> None:
    with impersonate(INFO, answer(lambda reply: status(reply, b"408 Request Timeout"))) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        consumer.pull(5, MANY, 2.5)
        consumer.pull(5, 1000, 2.5)
        consumer.close()
    asked = [json.loads(line) for line in impostor.lines if line.startswith(b"{") and b"batch" in line]
    # Twice the largest message that the server takes fits into any request.
    assert asked == [
        {"batch": 5, "max_bytes": most, "expires": 2_500_000_000} for most in (MANY, 2 * 1048576)
    ]


def test_what_the_last_message_says_is_how_many_wait() -> None:
    def respond(reply: bytes) -> bytes:
        subjects = [b"$JS.ACK.PAYI.payi-relay.1.%d.8.17.%d" % (number, 9 - number) for number in (7, 8)]
        messages = [b"MSG payi.events 1 %s 2\r\n{}\r\n" % subject for subject in subjects]
        return b"".join(messages) + status(reply, b"408 Request Timeout")

    with impersonate(INFO, answer(respond)) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        assert consumer.pending == (0.0, 0)
        consumer.pull(5, MANY, 20)
        at, waiting = consumer.pending
        assert (at > 0, waiting) == (True, 1)
        consumer.close()


@pytest.mark.parametrize(
    ("config", "seconds"),
    [('{"ack_wait": 1}', 1e-9), ('{"ack_wait": 30000000000}', 30.0), ('{"ack_wait": 0}', 60.0), ("7", 60.0)],
)
def test_how_long_the_server_waits_is_what_it_says(config: str, seconds: float) -> None:
    body = b'{"config": %b, "state": {"last_seq": 0}}' % config.encode()

    def respond(line: bytes) -> bytes:
        return b"MSG %s 1 %d\r\n%s\r\n" % (line.split()[2], len(body), body) if b".INFO." in line else b""

    with impersonate(INFO, respond) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        assert consumer.ack_wait == seconds
        consumer.close()


@pytest.mark.parametrize("end", [b"409 Leadership Change", b"", b"408 Request Timeout"])
def test_after_a_change_of_leaders_the_consumer_is_looked_up_again(end: bytes) -> None:
    message = b"MSG payi.events 1 $JS.ACK.PAYI.payi-relay.1.7.8.17.5 2\r\n{}\r\n"

    def respond(reply: bytes) -> bytes:
        return message + (status(reply, end) if end else b"")

    with impersonate(INFO, answer(respond)) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        # The server that says nothing is waited for until the grace is over.
        assert len(consumer.pull(5, MANY, 20 if end else -2)) == 1
        assert consumer.is_bound is end.startswith(b"408")
        consumer.bind()
        assert consumer.is_bound
        consumer.close()


def test_a_request_is_over_once_it_has_all_messages() -> None:
    def respond(reply: bytes) -> bytes:
        subject = b"$JS.ACK.PAYI.payi-relay.1.%d.8.17.5"
        return b"".join(b"MSG payi.events 1 %s 2\r\n{}\r\n" % (subject % number) for number in range(5))

    assert [held.sequence for held in pull_from(respond)] == [0, 1, 2, 3, 4]


def test_a_server_that_says_nothing_ends_a_request_as_well() -> None:
    assert pull_from(lambda reply: b"", seconds=-2.9) == []


def test_odd_information_after_a_restart_is_read() -> None:
    with impersonate(INFO, answer(lambda reply: b"")) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        consumer.bind()
        consumer.close()
        consumer.bind()
        assert consumer.is_bound
        consumer.close()


@pytest.mark.parametrize(
    ("later", "repeats"),
    [
        ('{"leader": "n1", "leader_since": "1"}', False),
        ('{"leader": "n2", "leader_since": "1"}', True),
        ('{"leader": "n1", "leader_since": "2"}', True),
        ("null", True),
        (None, True),
    ],
)
def test_what_another_leader_of_a_cluster_delivers_may_be_a_repeat(later: str | None, repeats: bool) -> None:
    """It may not know what the leader before it had delivered, to this relay or to others."""
    message = b"MSG payi.events 1 $JS.ACK.PAYI.payi-relay.1.7.8.17.5 2\r\n{}\r\n"
    clusters = ['{"leader": "n1", "leader_since": "1"}', later]

    def respond(line: bytes) -> bytes:
        if b".MSG.NEXT." in line:
            return message + status(line.split()[2], b"408 Request Timeout")
        if b".CONSUMER.INFO." not in line:
            return answer(lambda reply: b"")(line)
        cluster = clusters.pop(0)
        if cluster is None:
            return status(line.split()[2], b"503")
        body = b'{"config": {}, "cluster": %b}' % cluster.encode()
        return b"MSG %s 1 %d\r\n%s\r\n" % (line.split()[2], len(body), body)

    with impersonate(INFO, respond) as impostor:
        consumer = Consumer(make_settings(impostor.url), "test")
        consumer.bind()
        assert [held.may_repeat for held in consumer.pull(5, MANY, 20)] == [repeats]
        assert consumer.is_bound is not repeats
        consumer.close()
