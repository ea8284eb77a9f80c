"""A session keeps its messages until the worker takes them."""

from __future__ import annotations

import gc
from typing import Any

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


def fill(size: int) -> bytes:
    """A message of so many bytes that ends nothing."""
    return DELTA[:-2] + b"x" * (size - len(DELTA)) + b'"}'


@pytest.mark.parametrize("way", [Session.send, Session.receive])
@pytest.mark.parametrize(("size", "looks"), [(1 << 18, 0), ((1 << 18) + 1, 1)])
def test_the_worker_looks_once_for_so_many_bytes(way: Any, size: int, looks: int, desk: Desk) -> None:
    session = desk.open()
    way(session, fill(size))
    assert [(work.weight, work.ends) for work in desk.works] == [(size, 0)] * looks
    # What was looked at does not count again.
    way(session, fill(100))
    session.finish()
    assert [work.weight for work in desk.works] == ([size, 100] if looks else [size + 100, 0])


def test_each_look_counts_the_ends_since_the_last_one(desk: Desk) -> None:
    session = desk.open()
    for message in (DONE, DELTA, DONE):
        session.receive(message)
    session.finish()
    assert [(work.ends, work.outcome) for work in desk.works] == [(1, None), (1, None), (0, Outcome.CLOSED)]
    assert [work.ended >= session.started for work in desk.works] == [True] * 3


def test_audio_that_begins_anew_is_noted_anew(desk: Desk) -> None:
    session = desk.open()
    for message in (AUDIO, AUDIO, DELTA, AUDIO, AUDIO):
        session.receive(message)
    assert [message.data for message in session.messages] == [b"", DELTA, b""]
    assert all(not message.sent for message in session.messages)


def test_messages_after_a_loss_are_kept_again(desk: Desk) -> None:
    session = desk.open()
    assert not session.has_lost
    desk.has_room = False
    session.receive(DONE)
    desk.has_room = True
    session.receive(DONE)
    assert [message.data for message in session.messages] == [DONE]
    assert session.has_lost


def test_what_is_remembered_of_a_caller_is_that_of_each_message_it_sends(desk: Desk) -> None:
    callers = iter("abc")
    session = Session(
        desk.push, REALTIME, ROUTE, None, (b"a", b"b"), model="m", remember=lambda: next(callers)
    )
    session.send(CREATE)
    session.receive(DELTA)
    session.send(CREATE)
    assert (session.caller, session.model, session.request_headers) == ("a", "m", (b"a", b"b"))
    assert [message.caller for message in session.messages] == ["b", None, "c"]
    assert (session.response_headers, session.refusal, session.log_content) == ((), None, True)
    assert (session.body_limit, session.frame) == (1 << 24, None)
