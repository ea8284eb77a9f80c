"""Reading JSON from a server, which may hold any type, be incomplete, or not be JSON at all."""

from __future__ import annotations

from typing import Any

from payi_transport.values.lenient_json import decode

__all__ = ["decode", "text"]


def text(value: Any) -> str | None:
    """Return the value if it is a string that isn't empty."""
    return value if isinstance(value, str) and value else None
