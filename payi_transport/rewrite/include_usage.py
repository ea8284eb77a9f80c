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
_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
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
        options = _options.decode(fields.get("stream_options", b"null")) or {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if "include_usage" in options:
        return None
    options["include_usage"] = msgspec.Raw(b"true")
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
    return msgspec.json.encode(fields)


_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*(?P<filled>[^\s\]])?')
_EMPTY_LIST = re.compile(rb"\[\s*\]")
# A blank line ends an event; lines end with \n, \r or both.
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\n\r\n)|(?<=\r\r)")
_DATA = re.compile(rb"(?:^|[\r\n]|^\xef\xbb\xbf)data:([^\r\n]*)")
# An event that grows past this without showing its choices is no usage chunk.
_HELD_MOST = 64 * 1024


class UsageHider:
    """Takes the usage chunk with empty choices out of a stream of server-sent events.

    Chunks pass as they are, with their boundaries, but for an event that may still turn out to be the usage
    chunk: it is held until that is known. Works on what was sent uncompressed.
    """

    __slots__ = ("_held", "_shown")

    def __init__(self) -> None:
        self._held = b""
        # Whether the beginning of the event that is not over yet was shown, so its rest has to be as well.
        self._shown = False

    def feed(self, chunk: bytes) -> bytes:
        """What the caller gets for `chunk`; nothing, when all of it is hidden or held."""
        # The way of nearly every chunk: whole events, and no counts in them. From the end, where usage is,
        # and as bytes: a regular expression takes twice as long.
        if chunk.rfind(b'_tokens"') < 0 and chunk.endswith(_EVENT_ENDS) and not self._held:
            self._shown = False
            return chunk
        return self._feed_slowly(chunk)

    def flush(self) -> bytes:
        """What is still held at the end of the stream."""
        held, self._held = self._held, b""
        return b"" if _is_usage_chunk(held) else held

    def _feed_slowly(self, chunk: bytes) -> bytes:
        *events, rest = _split_events(self._held + chunk)
        shown: list[bytes] = []
        for event in events:
            if self._shown or not _is_usage_chunk(event):
                shown.append(event)
            self._shown = False
        self._shown = self._shown or _cannot_be_usage(rest)
        if self._shown:
            # The end of a line stays, as it may be half of the blank line that ends the event.
            shown.append(rest.rstrip(b"\r\n"))
        self._held = rest[len(shown[-1]) :] if self._shown else rest
        return b"".join(shown)


def _split_events(data: bytes) -> list[bytes]:
    """Each event with the blank line that ends it, and behind them what is not over yet."""
    # Nearly always one event and its end: the pattern looks behind itself at every byte.
    if len(data) > 1 and data.find(b"\n\n") == len(data) - 2 and b"\r" not in data:
        return [data, b""]
    return _EVENT_END.split(data)


def _cannot_be_usage(part: bytes) -> bool:
    """Whether the beginning of an event shows that it is no usage chunk."""
    choices = _CHOICES.search(part)
    return len(part) > _HELD_MOST or (choices is not None and choices["filled"] is not None)


def _is_usage_chunk(event: bytes) -> bool:
    if b'_tokens"' not in event or _EMPTY_LIST.search(event) is None:
        return False
    try:
        data: Any = _any.decode(b"\n".join(_DATA.findall(event)))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("choices") == [] and isinstance(data.get("usage"), dict)
