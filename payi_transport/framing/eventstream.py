"""The binary event stream of AWS: https://smithy.io/2.0/aws/amazon-eventstream.html

A message starts with a prelude: its length, the length of its headers, and the CRC of these two numbers, 4
bytes each. Then come headers, payload, and the CRC of everything before. A header is a name, a type and a
value; only strings matter here.

The checksums make damage visible, and nothing else marks where a message begins. So if a message is damaged
or its middle was dropped, the rest of the body is searched for bytes that could be a prelude until a whole
message is found.
"""

from __future__ import annotations

import contextlib
import json
import re
from struct import Struct
from struct import error as StructError
from zlib import crc32

from payi_transport.values.patterns import lazy_compile

__all__ = ["EXCEPTION", "split_eventstream"]

# What the name of an exception's message begins with. Names of events contain no colon.
EXCEPTION = "exception:"

_PRELUDE = Struct("!III")
_CRC = Struct("!I")
_LENGTH = Struct("!H")
_HEAD, _FOOT = _PRELUDE.size, _CRC.size
# The most that AWS's SDKs accept, in bytes.
_MAX_HEADERS, _MAX_PAYLOAD = 128 << 10, 24 << 20
# Bytes of a header's value by its type. Strings and byte arrays state their own length.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _STRING = 6, 7
# Preludes within the limits begin like this, and JSON never does.
_PRELUDE_LIKE = lazy_compile(rb"[\x00\x01].{3}\x00[\x00-\x02]", re.DOTALL)
# A hostile body may hold any number of bytes that look like a prelude.
_MAX_SEARCHES = 64


def split_eventstream(body: bytes) -> list[tuple[str, bytes]]:
    """Return the messages of a stream as (event type, payload).

    An exception's type has `EXCEPTION` before it. Damaged and incomplete messages are skipped; whole ones
    after them still count.
    """
    messages: list[tuple[str, bytes]] = []
    at = searches = 0
    while at < len(body):
        parts = _find_parts(body, at)
        if parts is not None:
            headers, payload, at = parts
            messages.append(_read_message(_read_headers(body[headers:payload]), body[payload : at - _FOOT]))
            continue
        following = _PRELUDE_LIKE.search(body, at + 1) if searches < _MAX_SEARCHES else None
        if following is None:
            break
        at, searches = following.start(), searches + 1
    return messages


def _find_parts(body: bytes, at: int) -> tuple[int, int, int] | None:
    """Return where headers and payload begin and where the message ends, None if it is not whole."""
    if len(body) < at + _HEAD + _FOOT:
        return None
    length, headers, prelude_crc = _PRELUDE.unpack_from(body, at)
    start, end = at + _HEAD, at + length
    payload = end - _FOOT - start - headers
    if headers > _MAX_HEADERS or not 0 <= payload <= _MAX_PAYLOAD or len(body) < end:
        return None
    view = memoryview(body)
    whole = crc32(view[at : start - _FOOT]) == prelude_crc and (
        _CRC.pack(crc32(view[at : end - _FOOT])) == view[end - _FOOT : end]
    )
    return (start, start + headers, end) if whole else None


def _read_message(headers: dict[str, str], payload: bytes) -> tuple[str, bytes]:
    # Exceptions are modeled by the service and have a body. Errors are not, and have their code and text in
    # headers, so a body in the same shape is made of them.
    if ":exception-type" in headers:
        return EXCEPTION + headers[":exception-type"], payload
    if ":error-code" in headers:
        message = {"message": headers.get(":error-message", "")}
        return EXCEPTION + headers[":error-code"], payload or json.dumps(message).encode()
    return headers.get(":event-type", ""), payload


def _read_headers(data: bytes) -> dict[str, str]:
    """Return the headers that are strings, up to the first header that can't be read."""
    headers: dict[str, str] = {}
    at = 0
    # The size of a header that can't be read is unknown, and so is where the next one begins.
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
