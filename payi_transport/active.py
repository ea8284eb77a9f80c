"""The one pipeline of a process, if there is one: None means that every hook passes through."""

from __future__ import annotations

import os

from payi_transport.pipeline import Pipeline

__all__ = ["activate", "get_active"]

_active: Pipeline | None = None


def get_active() -> Pipeline | None:
    """The pipeline of this process, if there is one."""
    return _active


def activate(pipeline: Pipeline | None) -> None:
    """Make `pipeline` the one that hooks hand requests to."""
    global _active
    _active = pipeline


def _leave_parent() -> None:
    if _active is not None:
        _active.leave_parent()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_leave_parent)
