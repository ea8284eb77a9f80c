"""A body that is one message."""

from __future__ import annotations

__all__ = ["split_document"]


def split_document(body: bytes) -> list[tuple[str, bytes]]:
    """Return the whole body as one message without a name, and nothing for an empty body."""
    return [("", body)] if body.strip() else []
