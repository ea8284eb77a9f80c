"""Reading JSON from a server, which may hold any type, be incomplete, or not be JSON at all."""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.values.lenient_json import UNREADABLE, decode

__all__ = ["NOTHING", "decode", "text", "written"]

# The raw value of a field that is missing.
NOTHING = msgspec.Raw(b"")
_string = msgspec.json.Decoder(str | None)


def text(value: Any) -> str | None:
    """Return the value if it is a string that isn't empty."""
    return value if isinstance(value, str) and value else None


def written(value: msgspec.Raw) -> str | None:
    """Return a string, any other value as the JSON that it is on the wire, and None for null or nothing."""
    if not value:
        return None
    try:
        return _string.decode(value)
    except UNREADABLE:
        data = bytes(value)
        return decode(_string, data) if data.startswith(b'"') else data.decode("utf-8", "replace")
