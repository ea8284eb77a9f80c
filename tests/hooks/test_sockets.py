"""What the hooks of all WebSocket libraries share never raises, and costs other connections nothing."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.hooks import sockets
from payi_transport.hooks.sockets import Recorder, open_session
from payi_transport.values.headers import Headers

T = TypeVar("T")
HEADERS: Headers = (b"xProxy-User-ID", b"u", b"user-agent", b"test")
HOST = "api.openai.com"


def open_one(host: str = HOST, target: str = "/v1/realtime?model=m", headers: Headers = HEADERS) -> Any:
    return open_session("wss", host, None, target, lambda: headers)


@pytest.fixture
def recorder(sink: MemorySink) -> Recorder:
    payi_instrument(sink=sink)
    recorder, removable = open_one()
    assert removable == {b"xproxy-user-id"}
    return recorder  # type: ignore[no-any-return]


def test_without_a_pipeline_nothing_is_recorded() -> None:
    assert open_one() == (None, frozenset())


@pytest.mark.parametrize(
    ("host", "target", "removed"),
    [
        ("unknown.test", "/v1/other", False),
        (HOST, "/v1/other", True),
        ("api.pay-i.com", "/api/v1/other", False),
    ],
)
def test_other_connections_lose_the_headers_that_no_provider_may_see(
    host: str, target: str, removed: bool, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    recorder, removable = open_one(host, target)
    assert recorder is None
    assert bool(removable) is removed


def test_a_fault_opens_the_connection_as_if_this_library_were_not_there(sink: MemorySink) -> None:
    payi_instrument(sink=sink)

    def fail() -> Headers:
        raise RuntimeError("a fault")

    assert open_session("wss", HOST, None, "/v1/realtime", fail) == (None, frozenset())
    assert payi_stats().faults == 1


@pytest.mark.parametrize("data", ['{"type":"a"}', b'{"type":"a"}', bytearray(b'{"type":"a"}')])
def test_messages_are_kept_as_bytes(recorder: Recorder, data: Any) -> None:
    recorder.send(data)
    recorder.receive(data)
    assert [type(message.data) for message in recorder.session.messages] == [bytes, bytes]


def test_fragments_are_put_together(recorder: Recorder) -> None:
    recorder.add_fragment(b'{"ty', sent=False, first=True, last=False)
    recorder.add_fragment("mine", sent=True, first=True, last=False)
    recorder.add_fragment(b'pe":"a"', sent=False, first=False, last=False)
    recorder.add_fragment("too", sent=True, first=False, last=True)
    recorder.add_fragment(b"}", sent=False, first=False, last=True)
    assert [message.data for message in recorder.session.messages] == [b"minetoo", b'{"type":"a"}']


def test_faults_reach_nobody(recorder: Recorder) -> None:
    recorder.send(None)
    recorder.receive(object())
    recorder.add_fragment(object(), sent=True, first=True, last=True)

    def fail() -> Headers:
        raise RuntimeError("a fault")

    recorder.respond(fail)
    recorder.session = None  # type: ignore[assignment]
    recorder.finish()
    assert payi_stats().faults == 5


def test_a_refused_connection_is_an_event_unless_it_is_redirected(
    recorder: Recorder, sink: MemorySink
) -> None:
    redirected, _ = open_one()
    redirected.refuse(302, lambda: (), None)
    recorder.refuse(401, lambda: (b"x-request-id", b"req_1"), b"{}")
    assert payi_flush(30)
    (event,) = sink.events
    assert (event.http_status_code, event.user_id, event.resource) == (401, "u", "m")


def test_an_error_that_has_no_text_is_still_an_end(recorder: Recorder) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    recorder.finish(Odd())
    assert payi_stats().faults == 0
    assert recorder.session._unfinished == []


def test_the_module_needs_no_library() -> None:
    assert "websockets" not in vars(sockets)


class Methods:
    """What a hook replaces."""

    _payi_class: Any
    _payi_recorder: Recorder

    def send(self, data: bytes) -> list[bytes]:
        self._payi_recorder.send(data)
        return [b"recorded", *self._payi_class.send(self, data)]


class Connection:
    """A connection of some library."""

    def send(self, data: bytes) -> list[bytes]:
        return [data]


class Typed(Generic[T], Connection):
    """One whose first base is not the library's."""


class Narrow:
    __slots__ = ("_payi_recorder",)


@pytest.mark.parametrize("cls", [Connection, Typed])
def test_an_object_gets_other_methods_and_stays_what_it_is(cls: type[Any], recorder: Recorder) -> None:
    connection, other = cls(), cls()
    for _ in range(2):
        recorder.attach(connection, Methods)
    assert connection.send(b"1") == [b"recorded", b"1"]
    assert isinstance(connection, cls)
    shown = type(connection)
    assert (shown.__name__, shown.__module__, shown.__doc__) == (cls.__name__, __name__, cls.__doc__)
    assert type(other) is cls
    recorder.attach(other, Methods)
    assert type(other) is shown
    assert payi_stats().faults == 0


def test_an_object_whose_class_cannot_be_replaced_is_left_as_it_is(recorder: Recorder) -> None:
    connection = Narrow()
    recorder.attach(connection, Methods)
    assert type(connection) is Narrow
    assert payi_stats().faults == 1


@pytest.mark.parametrize(("status", "is_event"), [(399, False), (400, True), (503, True), (101, False)])
def test_a_refusal_is_an_event_from_the_first_status_of_an_error(
    status: int, is_event: bool, recorder: Recorder, sink: MemorySink
) -> None:
    recorder.refuse(status, lambda: (b"x-request-id", b"req_1"), b"{}")
    assert payi_flush(30)
    assert [event.http_status_code for event in sink.events] == ([status] if is_event else [])
    assert recorder.session.response_headers == (b"x-request-id", b"req_1")


def test_a_message_that_begins_anew_replaces_what_was_not_finished(recorder: Recorder) -> None:
    for first, last, data in [
        (True, False, "lost"),
        (True, False, "a"),
        (False, True, "b"),
        (True, True, "c"),
    ]:
        recorder.add_fragment(data, sent=True, first=first, last=last)
    assert [message.data for message in recorder.session.messages] == [b"ab", b"c"]


def test_nothing_is_recorded_after_the_end(recorder: Recorder) -> None:
    recorder.finish()
    recorder.send("late")
    recorder.receive("late")
    recorder.add_fragment("late", sent=True, first=True, last=True)
    assert not recorder.session.messages
    assert payi_stats().faults == 0


def test_the_query_names_the_model_and_text_that_is_not_utf8_is_replaced(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    recorder, _ = open_one(target="/v1/realtime?a=b&model=gpt%2Drealtime")
    recorder.send("\ud800")
    assert recorder.session.model == "gpt-realtime"
    assert [message.data for message in recorder.session.messages] == [b"?"]
