"""The one active pipeline of a process. While there is none, every hook passes requests through."""

from __future__ import annotations

import os

from payi_transport.pipeline.pipeline import Pipeline

__all__ = ["activate", "deactivate", "get_active", "get_last"]

# Every request of the program reads it, without a lock: assigning a variable is atomic. The hook of httpx
# reads it as `active.current`, since calling `get_active` takes as long as looking up a route.
current: Pipeline | None = None
# The active pipeline or, after `deactivate`, the one that was active: its counts can still be read.
_last: Pipeline | None = None


def get_active() -> Pipeline | None:
    """Return the active pipeline of this process, if there is one."""
    return current


def get_last() -> Pipeline | None:
    """Return the active pipeline of this process, or else the last one that was active."""
    return _last


def activate(pipeline: Pipeline) -> None:
    """Make `pipeline` the one that hooks pass requests to."""
    global current, _last
    # One that was set aside may come back.
    pipeline.count_late_calls_in(None)
    if _last is not None and _last is not pipeline:
        _last.count_late_calls_in(pipeline)
    current = _last = pipeline


def deactivate() -> None:
    """Make every hook pass requests through."""
    global current
    current = None


def _reset_after_fork() -> None:
    global _last
    # A pipeline that was deactivated before the fork has counted for the parent only.
    _last = current
    if current is not None:
        current.reset_after_fork()


# Windows has no fork, and no such function.
if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_reset_after_fork)
