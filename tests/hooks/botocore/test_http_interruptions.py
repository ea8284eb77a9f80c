"""A call of botocore that is interrupted ends like one that fails, and the exception reaches the caller."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from payi_transport import MemorySink, payi_instrument
from payi_transport.hooks.botocore.http import _make_send, _read
from payi_transport.hooks.nesting import find_mark
from tests.support.exchanges import events_of


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_exception_that_is_not_an_error_ends_the_call_too(error: BaseException, sink: MemorySink) -> None:
    def interrupt(session: Any, request: Any) -> Any:
        raise error

    payi_instrument(sink=sink)
    request = AWSRequest("POST", "https://api.openai.com/v1/chat/completions", {}, b"{}").prepare()
    with pytest.raises(type(error)):
        _make_send(interrupt)(None, request)
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == type(error).__name__
    assert not find_mark()


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"{}", b"{}"),
        ("\u00fc", "\u00fc".encode()),
        ("\ud800", b"?"),
        (bytearray(b"a"), b"a"),
        (None, None),
        (7, None),
    ],
)
def test_a_body_is_read_if_it_is_in_memory(data: Any, body: bytes | None) -> None:
    request = SimpleNamespace(headers={"a": "b"}, body=data)
    assert _read(request) == ((b"a", b"b"), body)


@pytest.mark.parametrize("names_sent", [True, False])
def test_an_exception_shows_the_request_of_the_caller(names_sent: bool, sink: MemorySink) -> None:
    seen: list[Any] = []

    class Failed(Exception):
        request: Any = None

    def fail(session: Any, sent: Any) -> Any:
        seen.append(sent)
        failed = Failed()
        failed.request = sent if names_sent else "another"
        raise failed

    payi_instrument(sink=sink)
    url = "https://api.openai.com/v1/chat/completions"
    request = AWSRequest("POST", url, {"xProxy-User-ID": "u"}, b"{}").prepare()
    with pytest.raises(Failed) as raised:
        _make_send(fail)(None, request)
    assert seen[0] is not request and "xProxy-User-ID" not in seen[0].headers
    assert raised.value.request == (request if names_sent else "another")
    assert request.headers["xProxy-User-ID"] == "u"
    assert [event.user_id for event in events_of(sink)] == ["u"]
