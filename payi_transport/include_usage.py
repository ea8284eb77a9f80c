"""Asking an OpenAI-shaped stream for its usage chunk, and hiding that chunk from a caller who didn't ask.

Source: `stream_options.include_usage` in OpenAI's reference of chat completions: the usage then comes in one
more chunk, with empty `choices`, before `[DONE]`. A usage that rides on a chunk with choices is never hidden.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

__all__ = ["UsageHider", "ask_for_usage"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def ask_for_usage(body: bytes) -> bytes | None:
    """The request body that asks for usage; None when there is nothing to ask, or the caller said either way.

    Every other byte of the body's values stays as it was. Looks from the end first, where SDKs put `stream`,
    and parses only a body that has it.
    """
    if body.rfind(b'"stream"') < 0:
        return None
    try:
        fields = _fields.decode(body)
        if bytes(fields.get("stream", b"")) != b"true":
            return None
        options = _fields.decode(fields.get("stream_options", b"{}"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if "include_usage" in options:
        return None
    options["include_usage"] = msgspec.Raw(b"true")
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
    return msgspec.json.encode(fields)


_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*(?P<filled>[^\s\]])?')
# An event that grows past this without showing its choices is no usage chunk.
_HELD_MOST = 64 * 1024


class UsageHider:
    """Takes the usage chunk with empty choices out of a stream of server-sent events.

    Chunks pass as they are, with their boundaries, but for an event that may still turn out to be the usage
    chunk: it is held until that is known. Works on what was sent uncompressed.
    """

    __slots__ = ("_held", "_needle")

    def __init__(self) -> None:
        self._held = b""
        # How this server spells empty choices; learned from the first chunk that has any.
        self._needle: bytes | None = None

    def feed(self, chunk: bytes) -> bytes:
        """What the caller gets for `chunk`; nothing, when all of it is hidden or held."""
        needle = self._needle
        # The way of nearly every chunk: whole lines, and no empty choices in them.
        if needle is not None and not self._held and chunk.rfind(needle) < 0 and chunk[-1:] == b"\n":
            return chunk
        return self._feed_slowly(chunk)

    def flush(self) -> bytes:
        """What is still held at the end of the stream."""
        held, self._held = self._held, b""
        return b"" if _is_usage_chunk(held) else held

    def _feed_slowly(self, chunk: bytes) -> bytes:
        if self._needle is None:
            spelled = re.search(rb'"choices"\s*:\s*\[', chunk)
            self._needle = spelled.group() + b"]" if spelled else None
        text = self._held + chunk
        events = re.split(rb"(?<=\n\n)|(?<=\r\r)|(?<=\r\n\r\n)", text)
        self._held = events.pop()
        if _cannot_be_usage(self._held):
            events.append(self._held)
            self._held = b""
        return b"".join(event for event in events if not _is_usage_chunk(event))


def _cannot_be_usage(part: bytes) -> bool:
    """Whether the beginning of an event shows that it is no usage chunk."""
    choices = _CHOICES.search(part)
    return len(part) > _HELD_MOST or (choices is not None and choices["filled"] is not None)


def _is_usage_chunk(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    try:
        data: Any = _any.decode(event[event.index(b"data:") + 5 :])
    except (ValueError, msgspec.DecodeError):
        return False
    return isinstance(data, dict) and data.get("choices") == [] and isinstance(data.get("usage"), dict)
