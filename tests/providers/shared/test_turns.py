"""A turn keeps the messages of one response, within a limit."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("limit", "kept"), [(9, [b"one", b"two", b"six"]), (8, [b"one", b"six"]), (1, [b"one", b"six"])]
)
def test_what_is_as_large_as_the_limit_is_kept_whole(limit: int, kept: list[bytes]) -> None:
    turn = Turn()
    for data in (b"one", b"two", b"six"):
        turn.add(message(data), limit)
    assert (turn.messages, turn.size) == (kept, sum(map(len, kept)))


def test_a_message_that_was_skipped_tells_its_time_alone() -> None:
    turn = Turn()
    turn.add(message(b"", 1.0), 100)
    turn.add(message(b"a", 2.0), 100)
    turn.add(message(b"", 3.0), 100)
    assert (turn.first, turn.ended, turn.messages, turn.size) == (1.0, 3.0, [b"a"], 1)
