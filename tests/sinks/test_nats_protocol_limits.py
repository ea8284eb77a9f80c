"""Where the limits of what a server of NATS may send are."""

from __future__ import annotations

import pytest

from payi_transport.sinks.nats_protocol import Message, ProtocolError, Reader


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
