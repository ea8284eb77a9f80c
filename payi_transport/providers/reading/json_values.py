"""Values of JSON from a server, which may be of any type, cut, or no JSON at all."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

__all__ = ["decode", "text"]

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T | None:
    """What `data` holds, None where it is not what the decoder reads."""
    try:
        # Fields that are not there are common, and an exception takes its time.
        return decoder.decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def text(value: Any) -> str | None:
    """The value where it is a text with something in it."""
    return value if isinstance(value, str) and value else None
