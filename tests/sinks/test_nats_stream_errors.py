"""What JetStream says where it refuses a request."""

from __future__ import annotations

from time import monotonic

import pytest

from payi_transport.sinks.nats_stream import JetStreamError, call_api
from tests.sinks.nats_clients import connect
from tests.sinks.nats_impostor import INFO, impersonate


@pytest.mark.parametrize(
    ("response", "code", "text"),
    [
        (b'{"error": {"err_code": 10059, "description": "stream not found"}}', 10059, "stream not found"),
        (b'{"error": {"err_code": "x"}}', 0, "JetStream refused the request"),
        (b'{"error": {}}', 0, "JetStream refused the request"),
    ],
)
def test_what_jetstream_refuses_has_its_code_and_its_words(response: bytes, code: int, text: str) -> None:
    subjects: list[bytes] = []

    def respond(line: bytes) -> bytes:
        if line.startswith(b"PUB"):
            subjects.append(line.split()[2])
            return b""
        # The line after that is the request itself.
        return b"MSG %s 1 %d\r\n%s\r\n" % (subjects.pop(), len(response), response) if subjects else b""

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
