"""A body that is one message."""

from __future__ import annotations

__all__ = ["split_document"]


def split_document(body: bytes) -> list[tuple[str, bytes]]:
    """The whole body as one frame without a name; no frame at all for an empty body."""
    return [("", body)] if body.strip() else []
