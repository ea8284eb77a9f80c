"""Asking an OpenAI-compatible stream for its usage, and hiding the extra chunk from a caller who didn't ask.

Source: `stream_options.include_usage` in OpenAI's reference for chat completions. The usage then comes in one
additional chunk, without a choice, before `[DONE]`. Usage in a chunk that has choices is never hidden.

The request side runs for every request that may be asked for usage, so it first searches the body for
`"stream"`. Only a body that contains it is parsed, and only its top level: all other values stay raw bytes.
The response side sees every chunk. Nearly all are single events that start like the one before, up to their
choices, or whole events without token counts, which two searches from the end recognize. Others are split
into events, and an event that may still turn out to be the usage chunk is held back until it is complete.
What is held back is looked at whenever it has doubled, so that an event costs linear time in its size,
whatever its chunks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.rewrite.event_splitter import EVENT_ENDS, EventSplitter
from payi_transport.values.json_keys import SMALL_BODY, has_key
from payi_transport.values.lenient_json import UNREADABLE, decode, mend
from payi_transport.values.patterns import compile_possessive, lazy_compile

__all__ = ["STREAM_KEY", "UsageHider", "ask_for_usage", "may_be_stream"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


# SDKs write `"stream"` among the first keys or the last. Source: openai 3.57 (`model, stream, messages`).
STREAM_KEY = b'"stream"'
_FRONT = 256


def may_be_stream(body: bytes) -> bool:
    """Return whether a body contains `"stream"` with its quotes, in linear time."""
    if len(body) < SMALL_BODY:
        return body.find(STREAM_KEY) >= 0
    return body.find(STREAM_KEY, 0, _FRONT) >= 0 or has_key(body, STREAM_KEY)


def ask_for_usage(body: bytes) -> bytes | None:
    """Return a request body that asks for usage, or None if it isn't a stream or the caller set the option.

    Apart from `stream_options`, every value keeps its bytes.
    """
    if not may_be_stream(body):
        return None
    try:
        fields = _fields.decode(body)
        if bytes(fields.get("stream", b"")) != b"true":
            return None
        options = _options.decode(fields.get("stream_options", b"null")) or {}
    except UNREADABLE:
        return _insert_option(body)
    # The caller has decided, even with false.
    if "include_usage" in options:
        return None
    options["include_usage"] = msgspec.Raw(b"true")
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
    return msgspec.json.encode(fields)


def _insert_option(body: bytes) -> bytes | None:
    """Do the same for JSON that only a lenient parser reads, as with half of a surrogate pair."""
    fields = decode(_fields, mend(body) or b"") or {}
    is_stream = bytes(fields.get("stream", b"")) == b"true" and "stream_options" not in fields
    # Nobody reads a request that is not UTF-8. Leave the response to the provider.
    if not is_stream or not _is_utf8(body):
        return None
    start = body.index(b"{") + 1
    return b'%b"stream_options":{"include_usage":true},%b' % (body[:start], body[start:])


def _is_utf8(body: bytes) -> bool:
    try:
        return bool(body.decode())
    except UnicodeDecodeError:
        return False


class _Chunk(msgspec.Struct):
    choices: Any = None
    usage: Any = None
    error: Any = None


_chunk = msgspec.json.Decoder(_Chunk)
_DATA = lazy_compile(rb"(?:^|[\r\n]|^\xef\xbb\xbf)data:([^\r\n]*)")
# An event whose choices are not empty, recognized before it is complete: up to its choices it has only
# strings and numbers, so they are its own and not those of a value inside it.
_CONTENT = compile_possessive(
    rb'(?:event:[^\r\n]*+[\r\n]++)?data:\s*+\{\s*+(?:"[^"\\]*+"\s*+:\s*+(?:"[^"\\]*+"|[\w.+-]++)\s*+,\s*+)*+'
    rb'"choices"\s*+:\s*+\[\s*+[^\s\]]'
)
# Where to look for the choices. Without a bound, an event that comes byte by byte is matched ever again.
_MAX_MATCHED = 1024
# How many events to learn a start from. They may differ in each, for example in a time.
_MAX_LOOKS = 4
# Also ends a line, but hardly any server sends it.
_RETURN = ord("\r")
# An event larger than this is not a usage chunk. Passing it on bounds what is held back.
_MAX_BUFFERED = 64 * 1024


class UsageHider:
    """Removes the usage chunk without choices from an uncompressed stream of server-sent events.

    Chunks pass unchanged, with their boundaries, except for an event that may still turn out to be the usage
    chunk: it is held back until that is known.
    """

    __slots__ = ("_learned_start", "_looks_left", "_next_look", "_passing", "_splitter", "_start")

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        # How an event of this stream started that had choices, up to the first of them. Empty until then.
        self._learned_start = b""
        self._looks_left = _MAX_LOOKS
        # The same between two events, and empty within one.
        self._start = b""
        # The size at which what is held back is looked at again. Bytes.
        self._next_look = 0
        # Whether the start of an incomplete event was passed on, so that its rest has to be as well.
        self._passing = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what the caller gets for `chunk`, which may be empty."""
        # Nearly every chunk is one event that starts like those before it, and so has choices as well. These
        # methods are the fastest, as they don't parse arguments. `removeprefix` returns the chunk itself if
        # that starts otherwise.
        rest = chunk.removeprefix(self._start)
        if rest is not chunk and rest.partition(b"\n")[2] == b"\n" and _RETURN not in rest:
            return chunk
        # Most others consist of whole events without token counts. Search for bytes, from the end, where
        # usage is: a regular expression takes twice as long.
        if chunk.rfind(b'_tokens"') < 0 and chunk.endswith(EVENT_ENDS) and not self._splitter.size:
            if self._looks_left and not self._passing:
                self._learn_start(chunk)
            self._passing = False
            self._start = self._learned_start
            return chunk
        shown = self._feed_slowly(chunk)
        self._start = b"" if self._passing or self._splitter.size else self._learned_start
        return shown

    def flush(self) -> bytes:
        """Return what is still held back at the end of the stream."""
        buffered = b"".join(self._splitter.take_rest())
        return b"" if _is_usage_chunk(buffered) else buffered

    def _learn_start(self, chunk: bytes) -> None:
        self._looks_left -= 1
        found = _CONTENT.match(chunk, 0, _MAX_MATCHED)
        # Only from an event that `feed` would recognize by it.
        if found is not None and chunk.partition(b"\n")[2] == b"\n" and _RETURN not in chunk:
            self._learned_start = found[0]

    def _feed_slowly(self, chunk: bytes) -> bytes:
        shown: list[bytes] = []
        for event in self._splitter.feed(chunk):
            if self._passing or not _is_usage_chunk(event):
                shown.append(event)
            self._passing, self._next_look = False, 0
        self._passing = self._passing or self._cannot_be_usage()
        if self._passing:
            rest = b"".join(self._splitter.take_rest())
            # Keep a line ending back: it may be half of the blank line that ends the event.
            shown.append(rest.rstrip(b"\r\n"))
            self._splitter.keep(rest[len(shown[-1]) :])
        return b"".join(shown)

    def _cannot_be_usage(self) -> bool:
        """Return whether what has arrived of an event rules out that it is the usage chunk."""
        size = self._splitter.size
        if size > _MAX_BUFFERED:
            return True
        if size < self._next_look:
            return False
        self._next_look = 2 * size
        return _has_choices(self._splitter.join_rest())


def _has_choices(event: bytes | bytearray) -> bool:
    """Return whether the start of an event already rules out that it is the usage chunk."""
    return _CONTENT.match(event, 0, _MAX_MATCHED) is not None


def _is_usage_chunk(event: bytes) -> bool:
    # A host may report usage in every chunk. Those have choices, so don't parse them.
    if b'_tokens"' not in event or _has_choices(event):
        return False
    chunk = decode(_chunk, b"\n".join(_DATA.findall(event)))
    # Choices may be an empty list, null, or missing. An error is for the caller, whatever comes with it.
    return chunk is not None and not chunk.choices and not chunk.error and isinstance(chunk.usage, dict)
