"""Split a file of events into its items, a part of the file at a time.

The files that this library writes have an event in each line, in an array or without one, and so have most
others. A line is cut out faster than anything could parse it. Only where the first line isn't an event by
itself, as in a file that an editor has formatted, are items found by parsing them. What other writers' JSON
may have and msgspec refuses, such as half of a surrogate pair, is mended there.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias

import msgspec

from payi_transport.values.lenient_json import mend

__all__ = ["Item", "NotJson", "iterate_items", "split_line"]

# The text of a line as it is in a file, or a value that was parsed: an object, or something else.
Item: TypeAlias = "bytes | dict[str, Any] | list[Any] | str | float | bool | None"

_CHUNK_BYTES = 1 << 20
# No event is larger, so what can't be parsed up to here isn't an event.
_MAX_BYTES = 1 << 28
_AROUND = b" \t\r,"
_BETWEEN = re.compile(r"[\s,]*")
_decoder = json.JSONDecoder()


class NotJson(ValueError):
    """What a file holds isn't JSON objects. The message says where."""


def iterate_items(file: BinaryIO) -> Iterator[Item]:
    """Yield what is in a JSON array, in JSON lines, or in values one after the other, mostly objects.

    Raises NotJson where it isn't any of these, and OSError.
    """
    start = _read_start(file)
    if start[:1] not in (b"[", b"{", b""):
        raise NotJson("it begins with neither '[' nor '{'")
    first = start.removeprefix(b"[").lstrip().partition(b"\n")[0]
    return _iterate_lines(file, start) if _is_object(first) else _parse(file, start)


def _read_start(file: BinaryIO) -> bytes:
    """Return the beginning of a file without the space and the byte order mark that may be before it."""
    start = file.read(_CHUNK_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    # The first line decides how the file is read, and an array may have a line of its own for its bracket.
    while start.removeprefix(b"[").lstrip().count(b"\n") == 0 and len(start) < _MAX_BYTES:
        more = file.read(_CHUNK_BYTES)
        if not more:
            break
        start = (start + more).lstrip()
    return start


def _is_object(line: bytes) -> bool:
    try:
        # An empty object is in one line also where all others are spread over many.
        found = msgspec.json.decode(line.rstrip(_AROUND))
        return isinstance(found, dict) and bool(found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _iterate_lines(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    is_array = start.startswith(b"[")
    last = b""
    for line in _split_lines(file, start[is_array:]):
        item = line.strip(_AROUND)
        if item:
            if last:
                yield last
            last = item
    # The last line may have the bracket of the array, behind an item or alone.
    is_closed = is_array and last.endswith(b"]")
    last = last[: len(last) - is_closed].strip(_AROUND)
    if last:
        yield last
    if is_array and not is_closed:
        raise NotJson("it ends early")


def _split_lines(file: BinaryIO, rest: bytes) -> Iterator[bytes]:
    while True:
        *lines, rest = rest.split(b"\n")
        yield from lines
        more = file.read(_CHUNK_BYTES)
        if not more:
            break
        rest += more
    yield rest


def split_line(line: bytes) -> list[Any]:
    """Return the values in a line that has several, the line itself if it is no JSON."""
    try:
        found: list[Any] = json.loads(b"[%b]" % (mend(line) or line))
    # Of bytes in no encoding, too.
    except (ValueError, RecursionError):
        return [line]
    return found


def _parse(file: BinaryIO, start: bytes) -> Iterator[Item]:
    """Yield values by parsing them, of which each needs all of its text in memory."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    text, place = decode(start).removeprefix("["), 0
    while True:
        place = _skip(text, place)
        if place < len(text) and text[place] != "]":
            try:
                item, end = _decoder.raw_decode(text, place)
            except (ValueError, RecursionError) as exc:
                reason = exc
            else:
                yield mend(text[place:end].encode()) or item
                place = end
                continue
        else:
            reason = ValueError("it ends early")
        text, place = text[place:], 0
        more = file.read(max(_CHUNK_BYTES, len(text)))
        if not more:
            break
        if len(text) > _MAX_BYTES:
            raise NotJson(str(reason))
        text += decode(more)
    if text.strip() not in ("", "]"):
        raise NotJson(str(reason))


def _skip(text: str, place: int) -> int:
    between = _BETWEEN.match(text, place)
    return place if between is None else between.end()
