r"""Decode JSON as leniently as the providers' SDKs do.

Python's `json` module, and with it every SDK, accepts NaN and infinities, half of a surrogate pair, a byte
order mark, and UTF-16. HTTP libraries replace bytes that are not UTF-8. msgspec refuses a document that has
any of these, even in a field that nobody reads. So a document that it refuses is mended as text and decoded a
second time. Documents that it accepts, which are nearly all, cost nothing more.

Two more kinds of documents are read that strict SDKs refuse, because their tokens were billed all the same:
those with control characters in a string, and those with something after their end.

Mending changes only what msgspec refuses, and keeps every other byte, since function calls are reported as on
the wire. NaN, infinities and numbers that overflow become null, which readers treat as missing. Half of a
surrogate pair and bytes that are not UTF-8 become U+FFFD, the replacement character. Control characters in
strings are escaped. Strings are matched as a whole, so a text about NaN stays what it is. Each pattern runs
in linear time.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TypeVar

import msgspec

from payi_transport.values.patterns import compile_possessive, lazy_compile

__all__ = ["UNREADABLE", "decode", "mend"]

T = TypeVar("T")

# What msgspec raises for data that it can't decode.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_SURROGATE = lazy_compile(rb"\\u[dD][89a-fA-F]")
# Every escape is matched, so that an escaped backslash before a `u` is not taken for an escape of its own.
# The group is half of a pair.
_ESCAPE = lazy_compile(
    rb"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|(u[dD][89a-fA-F][0-9A-Fa-f]{2})|.)",
    re.DOTALL,
)
# A number of more than 308 digits may overflow without an exponent.
_MAX_DIGITS = 308
# Nobody writes a count that long, and reading it may take time that grows faster than its length.
_MAX_CHARACTERS = 400
_NUMBER_LIKE = lazy_compile(rb"NaN|Infinity|\d[eE]\+?\d|(?<!\d)\d{%d}" % _MAX_DIGITS)
_STRING = rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)'
_strings = compile_possessive(_STRING, re.DOTALL)
_CONTROL = lazy_compile(rb"[\0-\x1f]")
# What msgspec says of a document that something follows, with the byte where that begins, from 1.
_TRAILING = lazy_compile(r"trailing characters \(byte (\d+)\)")
_VALUE = compile_possessive(
    _STRING + rb"|NaN|-?Infinity"
    rb"|(?<![\d.])-?\d++(?:\.\d++)?[eE]\+?\d++"
    rb"|(?<![\d.])-?\d{%d}\d*+(?:\.\d++)?" % _MAX_DIGITS,
    re.DOTALL,
)


def decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T | None:
    """Return what `data` holds, None if the decoder can't read it even after mending."""
    try:
        # Missing fields are common, and an exception is slow.
        return decoder.decode(data) if data else None
    except UNREADABLE as exc:
        original, error = bytes(data), exc
    mended = mend(original)
    try:
        if mended is not None:
            return decoder.decode(mended)
    except UNREADABLE as exc:
        original, error = mended or b"", exc
    end = _TRAILING.search(str(error))
    if end:
        with contextlib.suppress(*UNREADABLE):
            return decoder.decode(original[: int(end[1]) - 1])
    return None


def mend(data: bytes) -> bytes | None:
    """Return JSON that `json.loads` accepts in a form that msgspec accepts, None if nothing had to change."""
    # Python's own detection, by a byte order mark or by where the zero bytes are.
    mended = data.decode(json.detect_encoding(data), "replace").encode("utf-8", "replace")
    if _SURROGATE.search(mended):
        mended = _ESCAPE.sub(_replace_half, mended)
    if _NUMBER_LIKE.search(mended):
        mended = _VALUE.sub(_replace_value, mended)
    if _CONTROL.search(mended):
        mended = _strings.sub(_escape_controls, mended)
    return None if mended == data else mended


def _escape_controls(string: re.Match[bytes]) -> bytes:
    return _CONTROL.sub(lambda control: b"\\u%04x" % ord(control[0]), string[0])


def _replace_half(match: re.Match[bytes]) -> bytes:
    return match[0] if match[1] is None else b"\\ufffd"


def _replace_value(match: re.Match[bytes]) -> bytes:
    value = match[0]
    if value.startswith(b'"'):
        return value
    # `float` reads NaN and infinities as Python's `json` writes them.
    return value if len(value) <= _MAX_CHARACTERS and math.isfinite(float(value)) else b"null"
