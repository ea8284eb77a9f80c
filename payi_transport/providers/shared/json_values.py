"""Reading JSON from a server, which may hold any type, be incomplete, or not be JSON at all."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

__all__ = ["decode", "text"]

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T | None:
    """Return what `data` holds, None if the decoder can't read it."""
    try:
        # Missing fields are common, and an exception is slow.
        return decoder.decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def text(value: Any) -> str | None:
    """Return the value if it is a string that isn't empty."""
    return value if isinstance(value, str) and value else None
