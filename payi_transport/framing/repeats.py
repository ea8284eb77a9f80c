"""Leave out the events of a stream that differ from the one before in their text alone.

A reader of usage doesn't read the text of a stream, and nearly all of its events hold nothing else that is
new. So an event is compared with an earlier one by bytes, which takes a fraction of the time of reading it.

Two strings may differ: the text, and the padding by which OpenAI hides its length. A string ends at the first
quote, as quotes inside of it are escaped. An event with an escaped quote in its text is kept. So one that is
left out decodes to what the one before it decodes to, in every field but these two, or to nothing, if a
string is malformed. Whether reading such an event once more would change anything is for its reader to say.

Servers send nearly every event in a chunk of its own. Where they don't, or a proxy puts chunks together, the
body is split at its blank lines first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from payi_transport.values.patterns import lazy_compile

__all__ = ["join_without_repeats"]

_TEXT = lazy_compile(rb'"(?:content|reasoning_content|reasoning|text|thinking)"\s*:\s*"')
_PADDING = lazy_compile(rb'"obfuscation"\s*:\s*"')
_BLANK_LINE, _DATA = b"\n\n", b"data:"
_QUOTE, _LINE_END = ord('"'), ord("\n")
# Events that are looked at to find one that repeats. A stream begins with a few that don't, and one of
# thinking begins anew where its text begins. The bound keeps time linear.
_MAX_LOOKS = 64


def join_without_repeats(chunks: list[bytes], is_repeatable: Callable[[bytes], bool]) -> bytes:
    """Return a stream of server-sent events without those that repeat the one before with another text.

    `is_repeatable` gets the data of an event, and says whether reading it twice is as good as once.
    """
    fewer = _leave_out(chunks, is_repeatable, _BLANK_LINE)
    if len(fewer) <= len(chunks) / 2:
        return b"".join(fewer)
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    events = body.split(_BLANK_LINE)
    fewer = _leave_out(events, is_repeatable, b"")
    return body if len(fewer) == len(events) else _BLANK_LINE.join(fewer)


def _leave_out(events: list[bytes], is_repeatable: Callable[[bytes], bool], end: bytes) -> list[bytes]:
    """Return the events without those that repeat. What doesn't end in `end` is not a whole event."""
    place = 0
    while place < min(len(events) - 1, _MAX_LOOKS):
        event, following = events[place], place + 1
        frame = _Frame.read(event, end)
        if (
            frame is not None
            and (place == 0 or events[place - 1].endswith(end))
            and not frame.find_odd(events[following : following + 1])
            and is_repeatable(event.partition(_DATA)[2])
        ):
            odd = [following + number for number in frame.find_odd(events[following:])]
            # What comes after another kind of event is kept: it may undo what that one changes.
            kept = {*odd, *(number + 1 for number in odd)} - {len(events)}
            events = [*events[:following], *(events[number] for number in sorted(kept))]
        place = following
    return events


class _Frame(NamedTuple):
    """What is around the text of an event: `before` it, and `between` after its quote.

    An event with padding has that after `between`, and then `after`.
    """

    before: bytes
    between: bytes
    after: bytes

    @classmethod
    def read(cls, event: bytes, end: bytes) -> _Frame | None:
        """Return the frame of one whole event, None for one without a text, and for anything else."""
        text = _TEXT.search(event)
        if text is None or not event.endswith(end) or _BLANK_LINE in event.removesuffix(end):
            return None
        before, closed = event[: text.end()], event.find(_QUOTE, text.end()) + 1
        padding = _PADDING.search(event, closed)
        if padding is None:
            return cls(before, event[closed:], b"")
        return cls(before, event[closed : padding.end()], event[event.find(_QUOTE, padding.end()) :])

    def find_odd(self, events: list[bytes]) -> list[int]:
        """Return which events have anything but a text and a padding in this frame."""
        odd: list[int] = []
        before, between, after = self
        # Thousands of events pass here. Of the methods of bytes, these cost the least.
        for place, event in enumerate(events):
            text, quote, rest = event.removeprefix(before).partition(b'"')
            padding = rest.removeprefix(between).removesuffix(after)
            # If a part of the frame is missing, a quote is missing, or left in what is taken for padding.
            if not quote or _QUOTE in padding or _LINE_END in padding or _LINE_END in text:
                odd.append(place)
        return odd
