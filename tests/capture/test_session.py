"""A session keeps its messages until the worker takes them."""

from __future__ import annotations

import gc

import pytest

from payi_transport import MemorySink, payi_instrument, track_context
from payi_transport.capture import session as session_module
from payi_transport.capture.exchange import Outcome
from payi_transport.capture.session import Session, SessionWork
from payi_transport.context.frame import Frame
from payi_transport.providers.openai.sockets import REALTIME
from tests.support.exchanges import ROUTE

DELTA = b'{"type":"response.output_text.delta","delta":"Hi"}'
DONE = b'{"type":"response.done"}'
AUDIO = b'{"type":"response.output_audio.delta","delta":"QUJD"}'
APPEND = b'{"type":"input_audio_buffer.append","audio":"QUJD"}'
CREATE = b'{"type":"response.create"}'


class Desk:
    """What a session gives to the worker."""

    def __init__(self) -> None:
        self.works: list[SessionWork] = []
        self.has_room = True

    def push(self, work: SessionWork) -> bool:
        self.works.append(work)
        return self.has_room

    def open(self) -> Session:
        return Session(self.push, REALTIME, ROUTE, Frame())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_only_what_may_end_a_response_wakes_the_worker(desk: Desk) -> None:
    session = desk.open()
    session.send(CREATE)
    session.receive(DELTA)
    assert desk.works == []
    session.receive(DONE)
    (work,) = desk.works
    assert (work.weight, work.ends, work.outcome) == (len(CREATE + DELTA + DONE), 1, None)
    assert [(message.sent, message.data) for message in session.messages] == [
        (True, CREATE),
        (False, DELTA),
        (False, DONE),
    ]


def test_audio_is_not_kept(desk: Desk) -> None:
    session = desk.open()
    for _ in range(1000):
        session.send(APPEND)
        session.receive(AUDIO)
    # Only when it began.
    assert [message.data for message in session.messages] == [b""]
    assert desk.works == []


def test_a_message_that_cannot_be_told_is_left_to_the_worker(desk: Desk) -> None:
    session = desk.open()
    session.receive(b'{"response":{},"type":"response.done"}')
    assert len(desk.works) == 1
    session.send(b"unknown")
    assert len(session.messages) == 2


def test_the_worker_looks_before_messages_pile_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_MAX_BYTES", 100)
    session = desk.open()
    for _ in range(3):
        session.receive(DELTA)
    for _ in range(4):
        session.send(CREATE)
    assert [(work.ends, work.weight > 100) for work in desk.works] == [(0, True), (0, True)]


def test_messages_are_dropped_where_there_is_no_room(desk: Desk) -> None:
    session = desk.open()
    desk.has_room = False
    session.receive(DONE)
    assert session.has_lost
    assert len(session.messages) == 0


def test_only_the_first_end_counts(desk: Desk) -> None:
    session = desk.open()
    session.finish(Outcome.FAILED, ("Error", "text"))
    session.finish()
    (work,) = desk.works
    assert (work.outcome, work.error) == (Outcome.FAILED, ("Error", "text"))


def test_a_connection_that_is_dropped_ends_its_session(desk: Desk) -> None:
    session = desk.open()
    session.receive(DELTA)
    del session
    gc.collect()
    (work,) = desk.works
    assert work.outcome is Outcome.ABANDONED
    assert len(work.session.messages) == 1


def test_a_sent_message_has_the_scope_that_is_not_that_of_the_connection(
    desk: Desk, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    with track_context(user_id="opener"):
        session = desk.open()
        session.send(CREATE)
        with track_context(user_id="sender"):
            session.send(CREATE)
    session.send(CREATE)
    scopes = [message.scope for message in session.messages]
    assert [None if scope is None else scope.user_id for scope in scopes] == [None, "sender", None]
