"""Recognizing chunks of a stream that differ from an earlier one in their text alone.

A reader of usage doesn't read the text of a stream, and nearly all chunks hold nothing else that is new. So a
chunk is compared with the one that was read last, by bytes: what comes before the text, what comes between it
and the padding by which OpenAI hides its length, and what comes after that. Both are strings, and a string
ends at the first quote that is followed by the same bytes: inside of it, the quotes of those bytes would be
escaped. So an equal chunk decodes to equal values in every field but these two, or to nothing, if a string is
malformed.
"""

from __future__ import annotations

from collections.abc import Iterator

from payi_transport.values.patterns import lazy_compile

__all__ = ["TextChunk"]

_TEXT = lazy_compile(rb'"(?:content|reasoning_content|reasoning|text)"\s*:\s*"')
_PADDING = lazy_compile(rb'"obfuscation"\s*:\s*"')
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

    def find_other(self, messages: Iterator[tuple[str, bytes]]) -> bytes | None:
        """Return the next chunk that says more than another text, None if there is none left."""
        before, between, end, size = self._before, self._between, self._end, len(self._before)
        # Thousands of chunks pass here, one call of a function each would take half of the time.
        for _, data in messages:
            if not data.startswith(before):
                return data
            after = data.find(_QUOTE, size)
            if after < 0 or not data.startswith(between, after):
                return data
            rest = after + len(between)
            if end is None:
                if rest != len(data):
                    return data
                continue
            padded = data.find(_QUOTE, rest)
            if padded < 0 or not data.startswith(end, padded) or padded + len(end) != len(data):
                return data
        return None


def _find_end(data: bytes, start: int) -> int:
    """Return where the string that begins at `start` ends. A chunk with an escape in it covers nothing."""
    end = data.find(_QUOTE, start)
    return len(data) if end < 0 else end
