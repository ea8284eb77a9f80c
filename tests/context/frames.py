"""Frames of scopes that were entered one in the other."""

from __future__ import annotations

import uuid

from payi_transport.context.fields import Scope
from payi_transport.context.frame import Frame, enter_scope

__all__ = ["enter", "is_uuid"]


def enter(*scopes: Scope) -> Frame:
    """The frame inside scopes that were entered one in the other."""
    frame = Frame()
    for scope in scopes:
        frame = enter_scope(frame, scope)
    return frame


def is_uuid(text: str | None) -> bool:
    return text is not None and str(uuid.UUID(text)) == text
