"""The binary event stream of AWS: https://smithy.io/2.0/aws/amazon-eventstream.html

A message is its length, the length of its headers and the CRC of these two (4 bytes each), then headers,
payload and the CRC of all that stands before. A header is a name, a type and a value; of the types only
strings are read here.
"""

from __future__ import annotations

import contextlib
import json
import re
from struct import Struct
from struct import error as StructError
from zlib import crc32

__all__ = ["EXCEPTION", "split_eventstream"]

# What the name of an exception's frame begins with. No event's name has a colon in it.
EXCEPTION = "exception:"

_PRELUDE = Struct("!III")
_CRC = Struct("!I")
_LENGTH = Struct("!H")
_HEAD, _FOOT = _PRELUDE.size, _CRC.size
# The most that the AWS SDKs take.
_MOST_HEADERS, _MOST_PAYLOAD = 128 << 10, 24 << 20
# Bytes of a header's value by its type; strings and byte arrays say their length themselves.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _STRING = 6, 7
# Lengths within the limits begin so, and no JSON does. A body is searched for them this many times at most.
_LIKE_PRELUDE = re.compile(rb"[\x00\x01].{3}\x00[\x00-\x02]", re.DOTALL)
_MOST_SEARCHES = 64


def split_eventstream(body: bytes) -> list[tuple[str, bytes]]:
    """The messages of a stream as (event type, payload); an exception's type has `EXCEPTION` before it.

    What is cut or corrupt is left out, and what stands whole behind it is not: of a body over the limit, the
    middle is missing.
    """
    messages: list[tuple[str, bytes]] = []
    at = searches = 0
    while at < len(body):
        parts = _find_parts(body, at)
        if parts is not None:
            headers, payload, at = parts
            messages.append(_read_message(_read_headers(body[headers:payload]), body[payload : at - _FOOT]))
            continue
        following = _LIKE_PRELUDE.search(body, at + 1) if searches < _MOST_SEARCHES else None
        if following is None:
            break
        at, searches = following.start(), searches + 1
    return messages


def _find_parts(body: bytes, at: int) -> tuple[int, int, int] | None:
    """Where headers and payload begin, and where the message ends; None where no whole message stands."""
    if len(body) < at + _HEAD + _FOOT:
        return None
    length, headers, told = _PRELUDE.unpack_from(body, at)
    start, end = at + _HEAD, at + length
    payload = end - _FOOT - start - headers
    if headers > _MOST_HEADERS or not 0 <= payload <= _MOST_PAYLOAD or len(body) < end:
        return None
    view = memoryview(body)
    whole = crc32(view[at : start - _FOOT]) == told and (
        _CRC.pack(crc32(view[at : end - _FOOT])) == view[end - _FOOT : end]
    )
    return (start, start + headers, end) if whole else None


def _read_message(headers: dict[str, str], payload: bytes) -> tuple[str, bytes]:
    if ":exception-type" in headers:
        return EXCEPTION + headers[":exception-type"], payload
    if ":error-code" in headers:
        message = {"message": headers.get(":error-message", "")}
        return EXCEPTION + headers[":error-code"], payload or json.dumps(message).encode()
    return headers.get(":event-type", ""), payload


def _read_headers(data: bytes) -> dict[str, str]:
    """The headers that are strings, as far as the headers can be read."""
    headers: dict[str, str] = {}
    at = 0
    # What came before a header that can't be read counts; where the next one begins, nobody knows.
    with contextlib.suppress(IndexError, KeyError, StructError):
        while at < len(data):
            name_end = at + 1 + data[at]
            kind, start = data[name_end], name_end + 1
            if kind in (_BYTES, _STRING):
                (size,) = _LENGTH.unpack_from(data, start)
                start += _LENGTH.size
            else:
                size = _SIZES[kind]
            if kind == _STRING:
                headers[_text(data[at + 1 : name_end])] = _text(data[start : start + size])
            at = start + size
    return headers


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
