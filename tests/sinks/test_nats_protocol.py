"""The protocol of NATS, between bytes and values."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.sinks.nats_protocol import (
    Info,
    Message,
    Operation,
    Ping,
    Pong,
    ProtocolError,
    Reader,
    ServerError,
    encode_connect,
    encode_headers,
    encode_message,
    encode_subscription,
    matches_subject,
)

HEAD = b"NATS/1.0\r\nA: b\r\n\r\n"
STREAM: list[tuple[bytes, Operation]] = [
    (b'INFO {"version": "2.11", "nonce": "n"}\r\n', Info({"version": "2.11", "nonce": "n"})),
    (b"PING\r\n", Ping()),
    (b"+OK\r\n", Pong()),
    (b"pong\r\n", Pong()),
    (b"-ERR 'Authorization Violation'\r\n", ServerError("Authorization Violation")),
    (b"MSG a.b 1 3\r\nabc\r\n", Message("a.b", "", b"", b"abc")),
    (b"MSG a.b 1 r.1 0\r\n\r\n", Message("a.b", "r.1", b"", b"")),
    (b"HMSG a 12 18 22\r\n" + HEAD + b"body\r\n", Message("a", "", HEAD, b"body")),
    (b"HMSG a 12 r 18 18\r\n" + HEAD + b"\r\n", Message("a", "r", HEAD, b"")),
    (b"MSG a\t1  4\r\n\r\n\r\n\r\n", Message("a", "", b"", b"\r\n\r\n")),
]
WHOLE = b"".join(data for data, _ in STREAM)


@given(st.lists(st.integers(0, len(WHOLE))))
def test_operations_do_not_depend_on_how_the_network_cuts_the_bytes(cuts: list[int]) -> None:
    reader, found, at = Reader(), [], 0
    for cut in [*sorted(cuts), len(WHOLE)]:
        found += reader.feed(WHOLE[at:cut])
        at = cut
    assert found == [operation for _, operation in STREAM]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        Reader().feed(data + b"\r\n")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "b'HTTP/1.1 400 Bad Request' in place of a command"),
        (b"INFO []\r\n", "INFO without a JSON object"),
        (b"INFO \xff\r\n", "INFO without a JSON object"),
        (b"INFO " + b"[" * 100_000 + b"\r\n", "INFO without a JSON object"),
        (b"MSG a 1\r\n", "b'MSG a 1' is not the line of a message"),
        (b"MSG a 1 2 3 4\r\n", "b'MSG a 1 2 3 4' is not the line of a message"),
        (b"MSG a 1 -5\r\n", "b'MSG a 1 -5' is not the line of a message"),
        (b"HMSG a 1 5\r\n", "b'HMSG a 1 5' is not the line of a message"),
        (b"HMSG a 1 9 5\r\n", "b'HMSG a 1 9 5' states impossible sizes"),
        (b"MSG a 1 99999999999\r\n", "b'MSG a 1 99999999999' states impossible sizes"),
        (b"MSG a 1 1\r\nabc\r\n", "a message that is longer than it says"),
        (b"x" * (1024 * 1024 + 1), "a line without an end"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else "",
)
def test_what_is_not_the_protocol_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError) as error:
        Reader().feed(data)
    assert str(error.value) == problem


def test_a_status_of_the_server_has_a_number_and_words() -> None:
    message = Message("a", "", b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n", b"")
    assert (message.status, message.description) == (408, "Request Timeout")
    assert message.read_headers() == {"nats-pending-messages": "3"}
    assert (Message("a", "", b"NATS/1.0 503\r\n\r\n", b"").description) == ""
    assert Message("a", "", HEAD, b"").status is None
    assert Message("a", "", b"", b"").read_headers() == {}


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b"{", b"[" * 100_000, b'{"a": "\xff"}'], ids=len)
def test_a_body_that_is_no_object_reads_as_an_empty_one(body: bytes) -> None:
    assert Message("a", "", b"", body).read_object() == {}


@given(st.dictionaries(st.sampled_from(["A", "Nats-Msg-Id", "B-c"]), st.text(), min_size=1), st.binary())
def test_what_is_published_arrives(headers: dict[str, str], body: bytes) -> None:
    head = encode_headers(headers)
    command = encode_message("a.b", body, reply="r.1", head=head)
    assert command.startswith(b"HPUB a.b r.1 ")
    # What a server sends on differs in its first word, and in the number of the subscription.
    [message] = Reader().feed(command.replace(b"HPUB a.b r.1", b"HMSG a.b 1 r.1", 1))
    assert isinstance(message, Message)
    assert (message.subject, message.reply, message.head, message.body) == ("a.b", "r.1", head, body)
    assert message.read_headers().keys() == {name.lower() for name in headers}


def test_no_value_can_add_a_header() -> None:
    head = encode_headers({"Nats-Msg-Id": "a\r\nNats-Rollup: all\r\n\r\nx\x00\ud800"})
    assert head == b"NATS/1.0\r\nNats-Msg-Id: a Nats-Rollup: all x ?\r\n\r\n"


def test_commands_of_a_client() -> None:
    assert encode_connect({"verbose": False}) == b'CONNECT {"verbose":false}\r\n'
    assert encode_subscription("a.*", 7) == b"SUB a.* 7\r\n"
    assert encode_message("a", b"xy") == b"PUB a 2\r\nxy\r\n"


@pytest.mark.parametrize(
    ("pattern", "subject", "covers"),
    [
        ("payi.events", "payi.events", True),
        ("payi.*", "payi.events", True),
        ("payi.>", "payi.events.eu", True),
        (">", "payi.events", True),
        ("payi.>", "payi", False),
        ("payi.*", "payi.events.eu", False),
        ("payi.events", "payi.rejected", False),
        ("*.events", "payi.events", True),
    ],
)
def test_a_pattern_covers_subjects(pattern: str, subject: str, covers: bool) -> None:
    assert matches_subject(pattern, subject) is covers
