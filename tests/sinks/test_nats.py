"""The sink for NATS: what it publishes, what it waits for, and what becomes of each event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import Event, PayiConfigError
from payi_transport.config.validation import check_config
from payi_transport.sinks.configured import make_configured_sink
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.protocol import Receipt, mark_uncertain
from tests.sinks.events import event
from tests.sinks.nats_impostor import INFO, impersonate
from tests.support.nats_server import NatsServer, make_settings, serve_nats


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with serve_nats(tmp_path) as running:
        yield running


def deliver(server: NatsServer, *events: Event, **settings: Any) -> Receipt:
    sink = NatsSink.from_section(make_settings(server.url, **settings))
    try:
        return sink.deliver(events)
    finally:
        sink.close()


def test_an_event_is_a_message_with_its_id_and_a_version(server: NatsServer) -> None:
    first = event(1, use_case_name="bot", provider_request_json='{"a": "é"}')
    receipt = deliver(server, first, event(2))
    assert msgspec.structs.replace(receipt, bytes_sent=0) == Receipt(retry=[], uncertain=[], notices=[])
    messages = server.read_messages()
    assert messages[0] == ({"Nats-Msg-Id": "id-1", "Payi-Event-Version": "1"}, msgspec.json.encode(first))
    assert [json.loads(body)["provider_response_id"] for _, body in messages] == ["id-1", "id-2"]
    assert receipt.bytes_sent > sum(len(body) for _, body in messages)


def test_a_repeat_is_stored_once_and_marked(server: NatsServer) -> None:
    deliver(server, event(1))
    receipt = deliver(server, mark_uncertain(event(1)), mark_uncertain(event(2)))
    assert receipt.retry == []
    headers = [head for head, _ in server.read_messages()]
    assert [head["Nats-Msg-Id"] for head in headers] == ["id-1", "id-2"]
    assert "Payi-Repeat" not in headers[0]
    assert headers[1]["Payi-Repeat"] == "1"


def test_another_event_with_the_same_id_is_stored_as_well(server: NatsServer) -> None:
    # As from two processes that call two servers of models, both of which count from 0.
    deliver(server, event(1, user_id="ann"))
    receipt = deliver(server, event(1, user_id="bob"))
    assert receipt.retry == []
    assert [item["user_id"] for item in server.read()] == ["ann", "bob"]


@pytest.mark.parametrize("name", ["a\r\nNats-Rollup: all", "é" * 300, "", "x" * 2_000_000])
def test_any_id_can_be_sent(name: str, server: NatsServer) -> None:
    odd = msgspec.structs.replace(event(1), provider_response_id=name)
    receipt = deliver(server, odd, event(2))
    assert receipt.retry == []
    assert dict(receipt.rejected) == ({0: "too_large"} if len(name) > 1_000_000 else {})
    assert server.count() == 2 - len(receipt.rejected)


def test_an_event_that_is_too_large_is_sent_without_its_content(server: NatsServer) -> None:
    large = event(1, provider_request_json="x" * 1_100_000, user_id="ann", properties={"a": "b"})
    receipt = deliver(server, large, event(2))
    assert (receipt.retry, receipt.rejected) == ([], {})
    stored = {item["provider_response_id"]: item for item in server.read()}
    assert "provider_request_json" not in stored["id-1"]
    assert stored["id-1"]["units"] == {"text": {"input": 1}}
    assert stored["id-1"]["properties"]["a"] == "b"
    omitted = stored["id-1"]["properties"]["system.omitted_content"]
    assert omitted.endswith(" bytes are more than the stream takes")


def test_a_stream_may_take_less_than_its_server(server: NatsServer) -> None:
    server.call("STREAM.UPDATE.PAYI", {**_config(server), "max_msg_size": 500})
    large = event(1, provider_request_json="x" * 1000)
    hopeless = event(2, user_id="y" * 1000)
    receipt = deliver(server, large, hopeless, event(3))
    assert (receipt.retry, dict(receipt.rejected)) == ([], {1: "too_large"})
    assert sorted(item["provider_response_id"] for item in server.read()) == ["id-1", "id-3"]


def _config(server: NatsServer) -> dict[str, Any]:
    config: dict[str, Any] = server.call("STREAM.INFO.PAYI")["config"]
    return config


def test_a_stream_that_is_full_refuses_the_rest_which_waits(server: NatsServer) -> None:
    server.call("STREAM.UPDATE.PAYI", {**_config(server), "max_msgs": 3})
    receipt = deliver(server, *map(event, range(5)))
    assert (receipt.retry, receipt.uncertain) == ([3, 4], [])
    assert receipt.problem == "the stream 'PAYI' refused 2 events (full: maximum messages exceeded)"
    assert not receipt.denied
    server.call("STREAM.PURGE.PAYI")
    assert deliver(server, event(3), event(4)).retry == []


def test_a_missing_stream_is_an_error_that_names_the_command_which_makes_it(server: NatsServer) -> None:
    server.call("STREAM.DELETE.PAYI")
    receipt = deliver(server, event(1), event(2))
    assert (receipt.retry, receipt.uncertain, receipt.denied) == ([0, 1], [], True)
    assert receipt.problem == (
        f"NATS at {server.url} has no stream 'PAYI'; make it with:"
        f" payi-transport nats init --server {server.url}"
    )


def test_a_server_that_is_killed_is_found_again(server: NatsServer) -> None:
    sink = NatsSink.from_section(make_settings(server.url))
    assert sink.deliver([event(1)]).retry == []
    server.kill()
    receipt = sink.deliver([event(2)])
    assert (receipt.retry, receipt.uncertain, receipt.denied) == ([0], [], False)
    assert "could not reach NATS" in str(receipt.problem)
    server.start()
    assert sink.deliver([event(2)]).retry == []
    assert [item["provider_response_id"] for item in server.read()] == ["id-1", "id-2"]
    sink.fork()
    assert sink.deliver([event(3)]).retry == []
    sink.close()


def test_wrong_credentials_are_one_clear_line(tmp_path: Path) -> None:
    with serve_nats(tmp_path, 'authorization { token: "right" }', stream=False) as server:
        receipt = deliver(server, event(1), token="wrong")
    assert (receipt.retry, receipt.denied) == ([0], True)
    assert "Authorization Violation; check config.nats" in str(receipt.problem)
    assert "wrong" not in str(receipt.problem)


def test_a_client_that_may_only_publish_can_deliver(tmp_path: Path) -> None:
    users = """
    { user: a, password: b, permissions: { publish: ["payi.events"], subscribe: ["_INBOX.>"] } }
    { user: admin, password: b }
    """
    with serve_nats(tmp_path, f"authorization {{ users: [ {users} ] }}", stream=False) as server:
        config = {"name": "PAYI", "subjects": ["payi.events"]}
        server.call("STREAM.CREATE.PAYI", config, user="admin", password="b")
        receipt = deliver(server, event(1), user="a", password="b")
        assert (receipt.retry, receipt.notices) == ([], [])
        receipt = deliver(server, event(1), user="a", password="b", subject="payi.other")
        assert (receipt.retry, receipt.denied) == ([0], True)
        assert 'Permissions Violation for Publish to "payi.other"' in str(receipt.problem)


def test_a_stream_that_drops_events_is_named_once(server: NatsServer) -> None:
    server.call("STREAM.UPDATE.PAYI", {**_config(server), "discard": "old"})
    sink = NatsSink.from_section(make_settings(server.url))
    [notice] = sink.deliver([event(1)]).notices
    assert "drops its oldest events when it is full" in notice
    assert sink.deliver([event(2)]).notices == []
    server.kill()
    server.start()
    assert sink.deliver([event(3)]).notices == []
    sink.close()


def answer(body: bytes) -> Any:
    """What an impostor sends for each event: this acknowledgement; and nothing of use about the stream."""

    def respond(line: bytes) -> bytes:
        words = line.split()
        if line.startswith(b"PUB $JS.API"):
            return b"MSG %s 1 2\r\n{}\r\n" % words[2]
        return b"MSG %s 1 %d\r\n%s\r\n" % (words[2], len(body), body) if line.startswith(b"HPUB") else b""

    return respond


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "refused 2 events (its response contains no acknowledgement)"),
        (b"[]", "refused 2 events (its response contains no acknowledgement)"),
        (b'{"error": 7}', "refused 2 events (its response contains no acknowledgement)"),
        (b'{"error": {}}', "refused 2 events (refused)"),
        (b'{"error": {"err_code": [], "description": 7}}', "refused 2 events (7)"),
        (b'{"error": {"err_code": 10047, "description": "d"}}', "refused 2 events (no room left: d)"),
    ],
)
def test_odd_acknowledgements_take_nothing(body: bytes, problem: str) -> None:
    with impersonate(INFO, answer(body)) as impostor:
        sink = NatsSink.from_section(make_settings(impostor.url))
        receipt = sink.deliver([event(1), event(2)])
        sink.close()
    assert (receipt.retry, receipt.uncertain, receipt.denied) == ([0, 1], [], False)
    assert problem in str(receipt.problem)


def test_a_large_batch_is_written_in_pieces(server: NatsServer) -> None:
    events = [event(number, provider_request_json="x" * 300_000) for number in range(9)]
    assert deliver(server, *events).retry == []
    assert server.count() == 9


def test_messages_for_nobody_are_passed_over() -> None:
    def respond(line: bytes) -> bytes:
        return (b"MSG old 1 2\r\n{}\r\n" if line.startswith(b"HPUB") else b"") + answer(b'{"seq": 1}')(line)  # type: ignore[no-any-return]

    with impersonate(INFO, respond) as impostor:
        sink = NatsSink.from_section(make_settings(impostor.url))
        assert sink.deliver([event(1)]).retry == []
        sink.close()


def test_a_duplicate_that_stays_one_is_taken() -> None:
    with impersonate(INFO, answer(b'{"seq": 1, "duplicate": true}')) as impostor:
        sink = NatsSink.from_section(make_settings(impostor.url))
        assert sink.deliver([event(1)]).retry == []
        sink.close()
    assert sum(line.startswith(b"HPUB") for line in impostor.lines) == 2


def test_a_connection_that_breaks_leaves_the_outcome_unknown() -> None:
    acknowledged: list[bytes] = []

    def respond(line: bytes) -> bytes | None:
        if line.startswith(b"HPUB") and not acknowledged:
            acknowledged.append(line)
            return answer(b'{"seq": 1}')(line)  # type: ignore[no-any-return]
        return None if line.startswith(b"HPUB") else answer(b"")(line)

    with impersonate(INFO, respond) as impostor:
        sink = NatsSink.from_section(make_settings(impostor.url))
        receipt = sink.deliver([event(1), event(2), event(3)])
        sink.close()
    assert (receipt.retry, receipt.uncertain) == ([1, 2], [1, 2])
    assert "could not reach NATS" in str(receipt.problem)


def test_a_server_that_acknowledges_nothing_is_not_waited_for_any_longer() -> None:
    def respond(line: bytes) -> bytes:
        return b"" if line.startswith(b"HPUB") else answer(b"")(line)

    with impersonate(INFO, respond) as impostor:
        sink = NatsSink.from_section(make_settings(impostor.url, timeout=1.0))
        receipt = sink.deliver([event(1)])
        sink.close()
    assert (receipt.retry, receipt.uncertain) == ([0], [0])
    assert receipt.problem == f"NATS at {impostor.url} acknowledged nothing within 1 s"


def test_the_section_of_the_config_makes_the_sink() -> None:
    settings = check_config({"nats": {"servers": ["nats://h"], "subject": "payi.events.eu"}})
    sink = make_configured_sink("nats", settings)
    assert isinstance(sink, NatsSink)
    assert sink.batch_limit == 1024


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"servers": "nats://h"}, "servers: expected a list of strings, got 'nats://h'"),
        ({"stream": "a b"}, "stream: expected a name without spaces, dots, slashes, '*' and '>', got 'a b'"),
        (
            {"subject": "payi.>"},
            "subject: expected words with dots between them, such as 'payi.events', with",
        ),
        ({"timeout": 0}, "timeout: expected a number of seconds above 0, up to 86400, got 0"),
        ({"server": "h"}, "unknown key 'server'; accepted: credentials_file, nkey_file, password, servers"),
        ({"servers": ["http://h"]}, "servers: expected addresses such as 'nats://host:4222' or 'tls://host"),
    ],
)
def test_a_wrong_section_is_named(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        make_configured_sink("nats", check_config({"nats": section}))
    assert str(error.value).removeprefix("config.nats").lstrip(".: ").startswith(problem)
