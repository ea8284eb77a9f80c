"""The one pipeline of a process, if there is one: None means that every hook passes through."""

from __future__ import annotations

import os

from payi_transport.pipeline.pipeline import Pipeline

__all__ = ["activate", "deactivate", "get_active", "get_last"]

_active: Pipeline | None = None
# The active one, or where there is none any more, the one that was: its counts can still be asked for.
_last: Pipeline | None = None


def get_active() -> Pipeline | None:
    """The pipeline of this process, if there is one."""
    return _active


def get_last() -> Pipeline | None:
    """The pipeline of this process, or the last one that there was."""
    return _last


def activate(pipeline: Pipeline) -> None:
    """Make `pipeline` the one that hooks hand requests to."""
    global _active, _last
    _active = _last = pipeline


def deactivate() -> None:
    """Have every hook pass through."""
    global _active
    _active = None


def _leave_parent() -> None:
    global _last
    # What was put away before the fork counted for the parent.
    _last = _active
    if _active is not None:
        _active.leave_parent()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_leave_parent)
