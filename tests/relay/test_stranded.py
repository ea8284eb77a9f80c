"""What a consumer takes for acknowledged is delivered from the stream; real servers with older files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport.relay.consumer import Held
from payi_transport.relay.stranded import Sweep, read_stranded
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import Message
from payi_transport.sinks.nats_stream import JetStreamError
from payi_transport.sinks.protocol import Receipt, UncertainEvent
from tests.relay.test_worker import Running, publish, take_all
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import NatsServer, make_settings
from tests.support.polling import wait_until

MANY = 32 * 1024 * 1024


def look_twice(url: str, most: int = 100, most_bytes: int = MANY) -> list[list[Held]]:
    """The batches of the second look, since the first one only notes the ack floor."""
    settings, sweep = make_settings(url), Sweep(0.0)
    connection = NatsConnection(settings, "test")
    connection.open(monotonic() + 20)
    try:
        assert list(read_stranded(connection, settings, sweep, most, most_bytes)) == []
        return list(read_stranded(connection, settings, sweep, most, most_bytes))
    finally:
        connection.drop()


def look_at(responses: dict[str, Any]) -> list[list[Held]]:
    """The batches from a server that responds with JSON by what is asked."""

    def respond(line: bytes) -> bytes:
        asked = line.decode()
        body = next((json.dumps(value) for request, value in responses.items() if request in asked), "")
        return f"MSG {asked.split()[2]} 1 {len(body)}\r\n{body}\r\n".encode() if body else b""

    with impersonate(INFO, respond) as impostor:
        return look_twice(impostor.url)


def lose_power(server: NatsServer, tmp_path: Path, before: Callable[[], None]) -> None:
    """Bring the messages of the stream back to what they were before all that `before` does."""
    [messages] = server.folder.glob("store/jetstream/*/streams/PAYI/msgs")
    server.kill()
    shutil.copytree(messages, tmp_path / "older")
    server.start()
    before()
    server.end()
    shutil.rmtree(messages)
    shutil.copytree(tmp_path / "older", messages)
    server.start()


def deliver_all(server: NatsServer) -> None:
    with Running(server.url, take_all):
        wait_until(lambda: server.count() == 0)


def strand(server: NatsServer, tmp_path: Path) -> None:
    """Events 0 to 9 were acknowledged and are back, and 30 to 34 have numbers of messages that are lost."""
    publish(server, *range(10))

    def go_on() -> None:
        publish(server, *range(10, 20))
        deliver_all(server)

    lose_power(server, tmp_path, go_on)
    publish(server, *range(30, 35))


@pytest.fixture
def stranded(server: NatsServer, tmp_path: Path) -> NatsServer:
    strand(server, tmp_path)
    return server


def test_what_a_server_has_stranded_is_delivered_as_repeats(
    stranded: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Running(stranded.url, take_all, sweep=Sweep(0.2)) as running:
        wait_until(lambda: stranded.count() == 0)
        assert running.ids() == {f"id-{number}" for number in (*range(10), *range(30, 35))}
        assert all(isinstance(one, UncertainEvent) for one in running.sink.events)
        assert (running.counts.stranded, running.counts.delivered) == (10, 15)
    messages = [record.getMessage() for record in caplog.records]
    [line] = [message for message in messages if "considers some messages acknowledged" in message]
    assert "(1 and later ones)" in line


def test_what_is_refused_for_now_stays_stranded_until_the_next_look(stranded: NatsServer) -> None:
    replies = [Receipt(retry=[0], problem="busy")]

    def reply(batch: Any) -> Receipt:
        return replies.pop() if replies else Receipt()

    with Running(stranded.url, reply, sweep=Sweep(0.2)) as running:
        wait_until(lambda: stranded.count() == 0)
        assert len(running.ids()) == 15
        assert running.counts.given_back["refused"] == 1


def test_a_relay_that_ends_leaves_the_rest_of_what_is_stranded(stranded: NatsServer) -> None:
    ends: list[Callable[[], None]] = []

    def reply(batch: Any) -> Receipt:
        if batch[0].provider_response_id == "id-0":
            ends[0]()
        return Receipt()

    with Running(stranded.url, reply, sweep=Sweep(0.2), batch=5) as running:
        ends.append(running.stop.set)
        wait_until(running.stop.is_set)
    assert running.counts.stranded == 5
    assert not running.ids() & {f"id-{number}" for number in range(5, 10)}


def test_a_server_that_is_killed_meanwhile_keeps_the_rest(stranded: NatsServer) -> None:
    kills = [stranded.kill]

    def reply(batch: Any) -> Receipt:
        if kills and batch[0].provider_response_id == "id-0":
            kills.pop()()
        return Receipt()

    with Running(stranded.url, reply, sweep=Sweep(0.2), batch=5) as running:
        wait_until(lambda: not kills and running.counts.failures)
        stranded.start()
        wait_until(lambda: stranded.count() == 0)
        assert len(running.ids()) == 15
        assert not running.faults


def test_stranded_messages_come_in_batches(stranded: NatsServer) -> None:
    batches = look_twice(stranded.url, most=7)
    assert [[held.sequence for held in batch] for batch in batches] == [[*range(1, 8)], [8, 9, 10]]
    assert all(held.stored > 1.7e18 and held.may_repeat for batch in batches for held in batch)
    assert look_twice(stranded.url, most=100, most_bytes=1)[0] == batches[0][:1]


def test_a_message_in_front_of_the_ack_floor_is_not_stranded(server: NatsServer) -> None:
    publish(server, *range(5))
    deliver_all(server)
    publish(server, *range(5, 10))
    assert look_twice(server.url) == []


def test_workers_look_one_at_a_time() -> None:
    sweep, often = Sweep(3600.0), Sweep(0.0)
    assert [sweep.start(), sweep.start()] == [True, False]
    assert [often.start(), often.start()] == [True, True]
    # A stream that is made again counts from 1.
    assert [often.confirm(floor) for floor in (7, 9, 3, 5)] == [0, 7, 3, 3]


FLOOR = {"config": {}, "ack_floor": {"stream_seq": 9}}
STATE = {"messages": 1, "first_seq": 8, "consumer_count": 1}
QUEUE = {"config": {"retention": "workqueue"}, "state": STATE}
STORED = {"seq": 8, "subject": "payi.events", "data": "e30=", "time": "2026-11-29T06:04:45.2652880Z"}
USUAL = {"CONSUMER.INFO": FLOOR, "STREAM.INFO": QUEUE, "MSG.GET": {"message": STORED}}


def test_the_time_tells_messages_of_the_same_number_apart() -> None:
    times = {
        "2026-11-29T06:04:45.2652880Z": 1_795_932_285_265_288_000,
        "2026-11-29T06:04:45Z": 1_795_932_285_000_000_000,
        "2026-13-29T06:04:45Z": 0,
        "yesterday": 0,
    }
    for text, stored in times.items():
        message = {**STORED, "seq": 9, "time": text}
        [[held]] = look_at({**USUAL, "MSG.GET": {"message": message}})
        assert held == Held(Message("payi.events", "", b"", b"{}"), 9, stored, True)


@pytest.mark.parametrize(
    "others",
    [
        # Messages below the ack floor may be kept here, or be another consumer's.
        {"STREAM.INFO": {**QUEUE, "config": {"retention": "limits"}}},
        {"STREAM.INFO": {**QUEUE, "state": {**STATE, "consumer_count": 2}}},
        {"CONSUMER.INFO": {**FLOOR, "config": {"filter_subject": "payi.events"}}},
        {"CONSUMER.INFO": {**FLOOR, "config": {"filter_subjects": ["payi.events"]}}},
        # Gone meanwhile, or in front of the ack floor.
        {"MSG.GET": {"error": {"err_code": 10037, "description": "no message found"}}},
        {"MSG.GET": {"message": {**STORED, "seq": 10}}},
        {"STREAM.INFO": {**QUEUE, "state": {**STATE, "messages": 0}}},
        # Odd.
        {"STREAM.INFO": {"config": 7, "state": 7}},
        {"STREAM.INFO": {"state": STATE}},
        {"CONSUMER.INFO": {"config": None, "ack_floor": None}},
        {"CONSUMER.INFO": {"config": {}, "ack_floor": {"stream_seq": "9"}}},
    ],
)
def test_otherwise_nothing_is_stranded(others: dict[str, Any]) -> None:
    assert look_at({**USUAL, **others}) == []
    # Nor is the first message of the stream.
    first = {"message": {**STORED, "seq": 1}}
    assert look_at({**USUAL, "MSG.GET": first, **others}) == []


def test_a_batch_ends_with_the_message_that_fills_it() -> None:
    numbers = iter((7, 8, 9))

    def respond(line: bytes) -> bytes:
        asked = line.decode()
        if "MSG.GET" in asked:
            found: dict[str, Any] = {"message": {**STORED, "seq": next(numbers)}}
        else:
            found = FLOOR if "CONSUMER.INFO" in asked else QUEUE if "STREAM.INFO" in asked else {}
        body = json.dumps(found)
        return f"MSG {asked.split()[2]} 1 {len(body)}\r\n{body}\r\n".encode() if found else b""

    with impersonate(INFO, respond) as impostor:
        # Each body has two bytes.
        batches = look_twice(impostor.url, most_bytes=4)
    assert [[held.sequence for held in batch] for batch in batches] == [[7, 8], [9]]


@pytest.mark.parametrize(
    "response", [{"error": {"err_code": 10001, "description": "refused"}}, {"message": {"seq": "x"}}, {}]
)
def test_a_message_that_cannot_be_read_is_an_error(response: dict[str, Any]) -> None:
    with pytest.raises(JetStreamError, match=r"refused|message 8 can't be read"):
        look_at({**USUAL, "MSG.GET": response})


def test_a_relay_that_may_not_read_the_stream_delivers_what_it_can(
    stranded: NatsServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranded.end()
    file = stranded.folder / "nats.conf"
    login = '{ user: a, password: b, permissions: { publish: { deny: ["$JS.API.STREAM.MSG.GET.PAYI"] } } }'
    file.write_text(f"{file.read_text()}\nauthorization {{ users: [{login}] }}")
    stranded.start()
    with Running(stranded.url.replace("//", "//a:b@"), take_all, sweep=Sweep(0.05)) as running:
        wait_until(lambda: any("can't be read" in line.getMessage() for line in caplog.records))
        wait_until(lambda: running.ids() == {f"id-{number}" for number in range(30, 35)})
        assert running.counts.failures == 0
