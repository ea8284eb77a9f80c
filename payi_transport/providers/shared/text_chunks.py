"""Recognizing chunks of a stream that differ from an earlier one in their text alone.

A reader of usage doesn't read the text of a stream, and nearly all chunks hold nothing else that is new. So a
chunk is compared with the one that was read last, by bytes: what comes before the text, what comes between it
and the padding by which OpenAI hides its length, and what comes after that. Both are strings, and a string
ends at the first quote that is followed by the same bytes: inside of it, the quotes of those bytes would be
escaped. So an equal chunk decodes to equal values in every field but these two, or to nothing, if a string is
malformed.
"""

from __future__ import annotations

from payi_transport.values.patterns import compile_later

__all__ = ["TextChunk"]

_TEXT = compile_later(rb'"(?:content|reasoning_content|reasoning|text)"\s*:\s*"')
_PADDING = compile_later(rb'"obfuscation"\s*:\s*"')
_QUOTE = b'"'


class TextChunk:
    """A chunk with a text, to compare others with."""

    __slots__ = ("_before", "_between", "_end")

    def __init__(self, before: bytes, between: bytes, end: bytes | None) -> None:
        self._before = before
        self._between = between
        self._end = end

    @classmethod
    def read(cls, data: bytes) -> TextChunk | None:
        """Return what to compare others with, None if the chunk has no text."""
        text = _TEXT.search(data)
        if text is None:
            return None
        start = text.end()
        after = _find_end(data, start)
        padding = _PADDING.search(data, after)
        if padding is None:
            return cls(data[:start], data[after:], None)
        end = _find_end(data, padding.end())
        return cls(data[:start], data[after : padding.end()], data[end:])

    def covers(self, data: bytes) -> bool:
        """Return whether another chunk says the same with another text."""
        before, between = self._before, self._between
        if not data.startswith(before):
            return False
        after = data.find(_QUOTE, len(before))
        if after < 0 or not data.startswith(between, after):
            return False
        rest = after + len(between)
        if self._end is None:
            return rest == len(data)
        padded = data.find(_QUOTE, rest)
        return padded >= 0 and data.startswith(self._end, padded) and padded + len(self._end) == len(data)


def _find_end(data: bytes, start: int) -> int:
    """Return where the string that begins at `start` ends. A chunk with an escape in it covers nothing."""
    end = data.find(_QUOTE, start)
    return len(data) if end < 0 else end
