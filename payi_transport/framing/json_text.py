"""JSON: one document, or an array whose elements are the messages of a stream.

Google streams such an array where a caller does not ask for events. Of an array that was cut, the complete
elements are kept.
"""

from __future__ import annotations

import json
import re

import msgspec

from payi_transport.framing.document import split_document

__all__ = ["split_json"]

_ARRAY = re.compile(rb"[\s\xef\xbb\xbf]*\[")
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_scanner = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")
# Where an element begins behind a gap: inside of one, servers that write an element in lines indent them.
_NEXT_ELEMENT = re.compile(r"^(?:,\s*)?(?=\{)", re.MULTILINE)


def split_json(body: bytes) -> list[tuple[str, bytes]]:
    """The elements of an array as messages without a name; the whole body as one where it is no array."""
    start = _ARRAY.match(body)
    if start is None:
        return split_document(body)
    try:
        return [("", bytes(element)) for element in _elements.decode(body)]
    except (msgspec.DecodeError, RecursionError):
        text = body[start.end() :].decode("utf-8", "surrogateescape")
    return [("", element.encode("utf-8", "surrogateescape")) for element in _scan(text)]


def _scan(text: str) -> list[str]:
    """The complete elements of an array that was cut, on both sides of the one gap that it may have."""
    elements, end = _scan_run(text, 0)
    behind = _NEXT_ELEMENT.search(text, end + 1)
    return elements + _scan_run(text, behind.end())[0] if behind else elements


def _scan_run(text: str, position: int) -> tuple[list[str], int]:
    """The elements from a position on, and where the first begins that is not complete."""
    elements: list[str] = []
    while True:
        start = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]  # it matches anywhere
        try:
            _, position = _scanner.raw_decode(text, start)
        except (ValueError, RecursionError):
            return elements, start
        elements.append(text[start:position])
