"""Which events fit into a message, which are sent again, and what a refusal of the stream says."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from tests.sinks.events import event
from tests.sinks.nats_clients import read_connect
from tests.sinks.nats_impostor import INFO, Impostor, impersonate
from tests.support.nats_server import make_settings

TAKEN = b'{"seq": 1}'
Respond = Callable[[bytes], bytes | None]


def acknowledge(*bodies: bytes) -> Respond:
    """Respond to each event with one of these, and then with the last of them; say nothing of the stream."""
    left = [*bodies]

    def respond(line: bytes) -> bytes:
        words = line.split()
        if line.startswith(b"PUB $JS.API"):
            return b"MSG %s 1 2\r\n{}\r\n" % words[2]
        if not line.startswith(b"HPUB"):
            return b""
        body = left.pop(0) if len(left) > 1 else left[0]
        return b"MSG %s 1 %d\r\n%s\r\n" % (words[2], len(body), body)

    return respond


def deliver(
    *events: Event, respond: Respond, info: bytes = INFO, **settings: Any
) -> tuple[Receipt, Impostor]:
    with impersonate(info, respond) as impostor:
        sink = NatsSink(make_settings(impostor.url, **settings))
        receipt = sink.deliver(events)
        sink.close()
    return receipt, impostor


def read_ids(impostor: Impostor) -> list[str]:
    return [
        line.decode().partition(": ")[2].strip() for line in impostor.lines if line.startswith(b"Nats-Msg-Id")
    ]


def test_the_sink_has_a_name_in_the_monitoring_of_the_server() -> None:
    _, impostor = deliver(event(1), respond=acknowledge(TAKEN))
    assert read_connect(impostor)["name"] == "payi_transport sink"


@pytest.mark.parametrize(("length", "is_cut"), [(256, False), (257, True)])
def test_an_id_has_256_characters_at_most_before_it_is_cut(length: int, is_cut: bool) -> None:
    sent = msgspec.structs.replace(event(1), provider_response_id="x" * length)
    receipt, impostor = deliver(sent, respond=acknowledge(TAKEN))
    assert receipt.retry == []
    checksum = f"~{zlib.crc32(msgspec.json.encode(sent)):08x}"
    assert read_ids(impostor) == ["x" * 256 + (checksum if is_cut else "")]


def test_an_event_whose_id_another_one_has_is_sent_again_under_its_id_and_a_checksum() -> None:
    duplicate = b'{"seq": 1, "duplicate": true}'
    receipt, impostor = deliver(event(1), respond=acknowledge(duplicate, TAKEN))
    assert receipt.retry == []
    checksum = f"{zlib.crc32(msgspec.json.encode(event(1))):08x}"
    assert read_ids(impostor) == ["id-1", f"id-1~{checksum}"]


@pytest.mark.parametrize(("room", "is_whole"), [(0, True), (-1, False)])
def test_a_message_may_be_as_large_as_the_server_takes(room: int, is_whole: bool) -> None:
    sent = event(1, provider_request_json="x" * 1000)
    head = b"NATS/1.0\r\nNats-Msg-Id: id-1\r\nPayi-Event-Version: 1\r\n\r\n"
    body = msgspec.json.encode(sent)
    info = b'INFO {"max_payload": %d}\r\n' % (len(head) + len(body) + room)
    receipt, impostor = deliver(sent, respond=acknowledge(TAKEN), info=info)
    assert (receipt.retry, receipt.rejected) == ([], {})
    [stored] = [json.loads(line) for line in impostor.lines if line.startswith(b'{"category"')]
    assert ("provider_request_json" in stored) is is_whole
    if not is_whole:
        omitted = f"{len(body)} bytes are more than the stream takes"
        assert stored["properties"] == {"system.omitted_content": omitted}


@pytest.mark.parametrize(("room", "rejected"), [(0, {}), (-1, {0: "too_large"})])
def test_without_its_content_a_message_may_be_as_large_as_the_server_takes(
    room: int, rejected: dict[int, str]
) -> None:
    sent = event(1, provider_request_json="x" * 1000)
    omitted = f"{len(msgspec.json.encode(sent))} bytes are more than the stream takes"
    least = event(1, properties={"system.omitted_content": omitted})
    head = b"NATS/1.0\r\nNats-Msg-Id: id-1\r\nPayi-Event-Version: 1\r\n\r\n"
    info = b'INFO {"max_payload": %d}\r\n' % (len(head) + len(msgspec.json.encode(least)) + room)
    receipt, impostor = deliver(sent, event(2), respond=acknowledge(TAKEN), info=info)
    assert (receipt.retry, receipt.rejected) == ([], rejected)
    # Each event that fits is sent once.
    assert read_ids(impostor) == (["id-2"] if rejected else ["id-1", "id-2"])


@pytest.mark.parametrize(
    ("code", "described"),
    [(10047, "no room left: d"), (10077, "full: d"), (10023, "out of resources: d"), (10000, "d")],
)
def test_a_stream_that_has_no_room_says_so(code: int, described: str) -> None:
    body = b'{"error": {"err_code": %d, "description": "d"}}' % code
    receipt, _ = deliver(event(1), event(2), respond=acknowledge(TAKEN, body))
    assert (receipt.retry, receipt.uncertain, receipt.denied) == ([1], [], False)
    assert receipt.problem == f"the stream 'PAYI' refused 1 events ({described})"


def test_an_event_that_is_too_large_for_the_stream_is_sent_without_content_and_then_rejected() -> None:
    body = b'{"error": {"err_code": 10054, "description": "message size exceeds maximum allowed"}}'
    for last, rejected in ((body, {0: "too_large"}), (TAKEN, {})):
        receipt, impostor = deliver(
            event(1, provider_request_json="x"), event(2), respond=acknowledge(body, TAKEN, last)
        )
        assert (receipt.retry, receipt.rejected, receipt.problem) == ([], rejected, None)
        assert read_ids(impostor) == ["id-1", "id-2", "id-1"]


def test_what_is_too_large_for_the_stream_even_without_its_content_is_rejected_at_once() -> None:
    body = b'{"error": {"err_code": 10054, "description": "message size exceeds maximum allowed"}}'
    # Its content is larger than what the server takes.
    sent = event(1, provider_request_json="x" * 1000)
    receipt, impostor = deliver(sent, respond=acknowledge(body), info=b'INFO {"max_payload": 800}\r\n')
    assert (receipt.retry, receipt.rejected) == ([], {0: "too_large"})
    assert read_ids(impostor) == ["id-1"]


def test_a_client_that_may_not_subscribe_to_its_responses_publishes_nothing() -> None:
    def respond(line: bytes) -> bytes:
        refusal = b"-ERR 'Permissions Violation for Subscription to \"_INBOX.>\"'\r\n"
        return refusal if line.startswith(b"SUB") else acknowledge(TAKEN)(line) or b""

    with impersonate(INFO, respond) as impostor:
        sink = NatsSink(make_settings(impostor.url))
        for _ in range(3):
            receipt = sink.deliver([event(1)])
            assert (receipt.retry, receipt.uncertain, receipt.denied) == ([0], [], True)
            assert "Permissions Violation for Subscription" in str(receipt.problem)
        sink.close()
    assert read_ids(impostor) == []


def test_bytes_are_those_that_were_written() -> None:
    receipt, impostor = deliver(event(1), event(2), respond=acknowledge(TAKEN))
    sent = impostor.lines[next(i for i, line in enumerate(impostor.lines) if line.startswith(b"HPUB")) :]
    assert receipt.bytes_sent == sum(map(len, sent))


def test_events_go_to_the_subject_that_is_configured() -> None:
    _, impostor = deliver(event(1), respond=acknowledge(TAKEN), subject="payi.eu")
    [command] = [line for line in impostor.lines if line.startswith(b"HPUB")]
    assert command.startswith(b"HPUB payi.eu _INBOX.")
