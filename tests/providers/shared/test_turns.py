"""A turn keeps the messages of one response, within a limit."""

from __future__ import annotations

from payi_transport.providers.shared.turns import SocketMessage, Turn


def message(data: bytes, time: float = 1.0) -> SocketMessage:
    return SocketMessage(False, data, time)


def test_a_turn_knows_when_its_first_and_last_messages_arrived() -> None:
    turn = Turn()
    for time in (1.0, 2.0, 3.0):
        turn.add(message(b"a", time), 100)
    assert (turn.first, turn.ended, turn.messages, turn.size) == (1.0, 3.0, [b"a"] * 3, 3)
    assert not turn.finished
    assert turn.finish() is turn
    assert turn.finished


def test_over_the_limit_the_beginning_and_the_last_message_are_kept() -> None:
    turn = Turn()
    for data in (b"first", b"second", b"third", b"fourth"):
        turn.add(message(data), 12)
    assert turn.messages == [b"first", b"fourth"]
    assert turn.size == len(b"firstfourth")
