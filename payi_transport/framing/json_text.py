"""JSON: one document, or an array whose elements are the messages of a stream.

Google streams an array unless the caller asks for server-sent events. If it breaks off, or if its middle
was dropped because the body was over the limit, it isn't valid JSON as a whole. Then each element is parsed
by itself, and every complete one counts.

Some servers and gateways call a stream of JSON lines JSON, too.
"""

from __future__ import annotations

import json
import re

import msgspec

from payi_transport.framing.document import split_document
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.values.patterns import lazy_compile

__all__ = ["split_json"]

# Between two lines of a stream. No string has a line break in it, so a document has this nowhere.
_NEXT_LINE = lazy_compile(rb"\}\r?\n\{")
_ARRAY = lazy_compile(rb"[\s\xef\xbb\xbf]*\[")
# msgspec.Raw leaves the elements unparsed, so a valid array is split in one pass and each reader decodes
# only the fields that it needs.
_elements = msgspec.json.Decoder(list[msgspec.Raw])
# The standard library's decoder is slower, but it can stop at the end of one value and say where that is.
_scanner = json.JSONDecoder()
_BETWEEN = lazy_compile(r"[\s,]*")
# Where an element begins after a gap. Servers that write an element in several lines indent all but the
# first.
_NEXT_ELEMENT = lazy_compile(r"^(?:,\s*)?(?=\{)", re.MULTILINE)


def split_json(body: bytes) -> list[tuple[str, bytes]]:
    """Return the elements of an array as messages without a name, or any other body as one message."""
    # Most bodies are an object, which is found out much faster.
    start = None if body.startswith(b"{") else _ARRAY.match(body)
    if start is None:
        # The same goes for documents of one line.
        return split_ndjson(body) if b"\n" in body and _NEXT_LINE.search(body) else split_document(body)
    try:
        return [("", bytes(element)) for element in _elements.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Surrogates keep bytes that are not UTF-8, such as half a character at a cut, so that encoding
        # restores them exactly.
        text = body[start.end() :].decode("utf-8", "surrogateescape")
    return [("", element.encode("utf-8", "surrogateescape")) for element in _scan(text)]


def _scan(text: str) -> list[str]:
    """Return the complete elements of an incomplete array, on both sides of the one gap it may have."""
    elements, end = _scan_run(text, 0)
    # Search from after the broken element's start, because that start looks like the beginning of an
    # element itself.
    following = _NEXT_ELEMENT.search(text, end + 1)
    return elements + _scan_run(text, following.end())[0] if following else elements


def _scan_run(text: str, position: int) -> tuple[list[str], int]:
    """Return the elements from a position on, and the position of the first one that is incomplete."""
    elements: list[str] = []
    while True:
        start = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]  # it matches anywhere
        try:
            _, position = _scanner.raw_decode(text, start)
        except (ValueError, RecursionError):
            return elements, start
        elements.append(text[start:position])
