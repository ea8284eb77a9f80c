"""Events are found in a stream in linear time, however it is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.rewrite import event_splitter, include_usage
from payi_transport.rewrite.add_result import StreamResult
from payi_transport.rewrite.event_splitter import EventSplitter
from payi_transport.rewrite.include_usage import UsageHider


@given(st.lists(st.binary(max_size=8) | st.text("\r\na", max_size=8).map(str.encode)))
@example([b"a\n", b"\n", b"\n", b"b\r\n\r", b"\n"])
def test_nothing_is_lost_and_every_event_ends_with_a_line(chunks: list[bytes]) -> None:
    splitter = EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    rest = splitter.join_rest()
    assert splitter.size == len(rest)
    assert b"".join([*events, rest]) == b"".join(chunks)
    assert splitter.take_rest() == ([rest] if rest else []) and splitter.size == 0
    assert all(event.endswith((b"\n", b"\r")) for event in events)


@given(
    events=st.lists(st.text("ab: ", min_size=1, max_size=9).map(str.encode), min_size=1),
    step=st.integers(1, 9),
)
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n"])
def test_the_same_events_are_found_however_they_are_cut(end: bytes, events: list[bytes], step: int) -> None:
    stream = b"".join(event + end for event in events)
    splitter = EventSplitter()
    found = [event for at in range(0, len(stream), step) for event in splitter.feed(stream[at : at + step])]
    assert found == [event + end for event in events]


def test_events_with_different_ends_are_told_apart_in_one_chunk() -> None:
    assert EventSplitter().feed(b"data: a\r\n\r\ndata: b\n\n") == [b"data: a\r\n\r\n", b"data: b\n\n"]
    assert EventSplitter().feed(b"data: a\r\rdata: b\n\n") == [b"data: a\r\r", b"data: b\n\n"]


class Counted:
    """A pattern that counts the bytes it searches."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.searched = 0

    def finditer(self, data: bytes) -> Iterator[re.Match[bytes]]:
        self.searched += len(data)
        return self.pattern.finditer(data)

    def match(self, data: bytes, start: int, end: int) -> re.Match[bytes] | None:
        self.searched += len(data)
        return self.pattern.match(data, start, end)


@pytest.mark.parametrize("make", [UsageHider, lambda: StreamResult(lambda: None, UsageHider())])
@pytest.mark.parametrize("piece", [b"A", b"A\n", b"A" * 64])
def test_one_event_costs_linear_time_whatever_its_chunks(
    make: Callable[[], ResponseRewriter], piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = Counted(event_splitter._END)
    choices = Counted(include_usage._CONTENT)
    monkeypatch.setattr(event_splitter, "_END", ends)
    monkeypatch.setattr(include_usage, "_CONTENT", choices)
    rewriter = make()
    shown = [rewriter.feed(b"data: ")]
    count = 60_000 // len(piece)
    shown += [rewriter.feed(piece) for _ in range(count)]
    shown += [rewriter.feed(b"\n\n"), rewriter.flush()]
    assert b"".join(shown) == b"data: " + piece * count + b"\n\n"
    # Two bytes before each chunk are searched again, and what is held back each time it has doubled.
    assert ends.searched < 8 * 60_000 and choices.searched < 3 * 60_000
