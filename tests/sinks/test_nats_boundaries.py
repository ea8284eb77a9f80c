"""What a client of NATS says first, what it takes from a server, and where each of its limits is."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from time import monotonic
from typing import Any

import msgspec
import pytest

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import Message, ProtocolError, Reader
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import JetStreamError, call_api
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from tests.sinks.events import event
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


def connect(impostor: Impostor, **settings: Any) -> NatsConnection:
    connection = NatsConnection(make_settings(impostor.url, **settings), "a name")
    connection.open(monotonic() + 20)
    return connection


def read_connect(impostor: Impostor) -> dict[str, Any]:
    [line] = [line for line in impostor.lines if line.startswith(b"CONNECT")]
    found: dict[str, Any] = json.loads(line.removeprefix(b"CONNECT "))
    return found


def test_a_client_says_who_it_is_and_what_it_understands() -> None:
    with impersonate() as impostor:
        connect(impostor, token="t").drop()
    assert read_connect(impostor) == {
        "verbose": False,
        "pedantic": False,
        "headers": True,
        "no_responders": True,
        "protocol": 1,
        "lang": "python-payi-transport",
        "name": "a name",
        "auth_token": "t",
    }
    assert any(line.startswith(b"SUB _INBOX.") and line.endswith(b".* 1\r\n") for line in impostor.lines)


def test_the_sink_has_a_name_in_the_monitoring_of_the_server() -> None:
    _, impostor = deliver(event(1), respond=acknowledge(TAKEN))
    assert read_connect(impostor)["name"] == "payi_transport sink"


def test_a_server_that_the_cluster_names_gets_the_login_of_the_first() -> None:
    with impersonate() as other:
        named = other.url.removeprefix("nats://")
        info = b'INFO {"connect_urls": ["%s"], "cluster": "c"}\r\n' % named.encode()
        with impersonate(info) as first:
            url = first.url.replace("//", "//ann:pw@")
            connection = NatsConnection(make_settings(url), "a name")
            connection.open(monotonic() + 20)
            clustered = [connection.is_clustered]
            connection.drop()
        connection.open(monotonic() + 20)
        assert connection.address == other.url
        clustered.append(connection.is_clustered)
        connection.drop()
    assert clustered == [True, False]
    assert {"user": "ann", "pass": "pw"}.items() <= read_connect(other).items()


def test_a_server_that_is_configured_and_named_is_tried_once() -> None:
    with impersonate(b"") as silent:
        named = silent.url.removeprefix("nats://").encode()
        with impersonate(b'INFO {"connect_urls": ["%s"]}\r\n' % named) as first:
            connection = NatsConnection(make_settings(first.url), "a name")
            connection.open(monotonic() + 20)
        connection._servers = [*connection._discovered]
        connection._take_info({"connect_urls": [named.decode()]})
        assert connection._discovered == []
        connection.drop()


@pytest.mark.parametrize(("payload", "taken"), [(1, 1), (0, 1048576), (-1, 1048576), ("9", 1048576)])
def test_the_largest_message_is_what_the_server_says(payload: Any, taken: int) -> None:
    info = b"INFO " + msgspec.json.encode({"max_payload": payload}) + b"\r\n"
    with impersonate(info) as impostor:
        connection = connect(impostor)
        assert connection.max_payload == taken
        connection.drop()


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Authorization Violation", True),
        ("account authentication expired", True),
        ("Permissions Violation for Publish", True),
        ("credentials have been REVOKED", True),
        ("bad JWT", True),
        ("unknown nkey", True),
        ("maximum connections exceeded", False),
    ],
)
def test_an_error_about_the_login_lasts_until_somebody_acts(text: str, denied: bool) -> None:
    with impersonate(b"-ERR '%s'\r\n" % text.encode()) as impostor, pytest.raises(NatsError) as error:
        connect(impostor)
    advice = "; check config.nats.servers and the credentials" if denied else ""
    assert str(error.value) == f"NATS at {impostor.url} refuses this client: {text}{advice}"
    assert error.value.denied is denied


def test_a_server_that_says_nothing_leaves_time_for_the_others() -> None:
    with impersonate(b"") as silent:
        connection = NatsConnection(make_settings(silent.url), "a name")
        began = monotonic()
        with pytest.raises(NatsError, match="timed out"):
            connection.open(began + 60)
        assert 1.5 < monotonic() - began < 20


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


@pytest.mark.parametrize(
    ("response", "code", "text"),
    [
        (b'{"error": {"err_code": 10059, "description": "stream not found"}}', 10059, "stream not found"),
        (b'{"error": {"err_code": "x"}}', 0, "JetStream refused the request"),
        (b'{"error": {}}', 0, "JetStream refused the request"),
    ],
)
def test_what_jetstream_refuses_has_its_code_and_its_words(response: bytes, code: int, text: str) -> None:
    def respond(line: bytes) -> bytes:
        subject = line.split()[2] if line.startswith(b"PUB") else b""
        return b"MSG %s 1 %d\r\n%s\r\n" % (subject, len(response), response) if subject else b""

    with impersonate(INFO, respond) as impostor:
        connection = connect(impostor)
        with pytest.raises(JetStreamError) as error:
            call_api(connection, "STREAM.INFO.PAYI", {"a": 1}, monotonic() + 20)
        connection.drop()
    assert (error.value.code, str(error.value), error.value.is_missing) == (code, text, code == 10059)
    assert b'{"a":1}\r\n' in impostor.lines
    assert any(line.startswith(b"PUB $JS.API.STREAM.INFO.PAYI _INBOX.") for line in impostor.lines)


def test_a_server_without_jetstream_has_a_code_for_it() -> None:
    def respond(line: bytes) -> bytes:
        head = b"NATS/1.0 503\r\n\r\n"
        subject = line.split()[2] if line.startswith(b"PUB") else b""
        return b"HMSG %s 1 %d %d\r\n%s\r\n" % (subject, len(head), len(head), head) if subject else b""

    with impersonate(INFO, respond) as impostor:
        connection = connect(impostor)
        with pytest.raises(JetStreamError) as error:
            call_api(connection, "INFO", {}, monotonic() + 20)
        connection.drop()
    assert error.value.code == 10039
    assert str(error.value) == f"JetStream is not enabled at {impostor.url}"


def test_a_line_may_have_a_megabyte() -> None:
    assert Reader().feed(b"x" * (1024 * 1024)) == []
    with pytest.raises(ProtocolError, match="a line without an end"):
        Reader().feed(b"x" * (1024 * 1024 + 1))


def test_a_message_may_have_64_megabytes() -> None:
    assert Reader().feed(b"MSG a 1 67108864\r\n") == []
    with pytest.raises(ProtocolError, match="states impossible sizes"):
        Reader().feed(b"MSG a 1 67108865\r\n")
    assert Reader().feed(b"HMSG a 1 0 0\r\n\r\n") == [Message("a", "", b"", b"")]


@pytest.mark.parametrize("line", [b"x" * 41, b"MSG " + b"y" * 37, b"HMSG a 1 9 5 " + b"z" * 40])
def test_40_bytes_of_what_is_not_the_protocol_are_shown(line: bytes) -> None:
    with pytest.raises(ProtocolError) as error:
        Reader().feed(line + b"\r\n")
    assert str(error.value).startswith(f"{line[:40]!r} ")


def test_settings_without_servers_have_one() -> None:
    assert NatsConnection(NatsSettings(), "a name").servers == "nats://127.0.0.1:4222"
