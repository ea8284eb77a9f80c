"""The scopes that are entered, from the inside out, and which of them is in force here.

A context variable holds the innermost one, so each thread and each task sees its own. That is not enough for
a plain generator whose steps run in fresh copies of a context, as servers run them in a thread pool: what it
enters in one step is gone in the next. So a scope that a generator enters is also remembered by the
generator's frame, and found again where that frame is on the stack. Only programs with such a scope open pay
for looking.
"""

from __future__ import annotations

import inspect
import sys
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple

from payi_transport.context.frame import Frame

__all__ = [
    "Entered",
    "by_frame",
    "find_entered",
    "innermost",
    "leave_generator",
    "remember_generator",
    "remove_entered",
]


class Entered(NamedTuple):
    """A scope that has been entered: its frame, the object that entered it, and the scope around it."""

    frame: Frame
    owner: Any
    outer: Entered | None


innermost: ContextVar[Entered | None] = ContextVar("payi_transport_scope", default=None)
# The scopes that generators have entered and not left, by the ids of their frames. Holding a frame would keep
# its generator alive. A generator that is dropped is closed, which leaves its scopes.
by_frame: dict[int, list[Entered]] = {}


def find_entered() -> Entered | None:
    """Return the innermost scope in force where this is called, None outside all scopes."""
    entered = innermost.get()
    return _find_in_generators(entered) if by_frame else entered


def _find_in_generators(entered: Entered | None) -> Entered | None:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        scopes = by_frame.get(id(frame))
        if scopes:
            # What was entered inside of it, in this step, is further in.
            return entered if _is_around(scopes[-1], entered) else scopes[-1]
        frame = frame.f_back
    return entered


def _is_around(outer: Entered, entered: Entered | None) -> bool:
    while entered is not None and entered is not outer:
        entered = entered.outer
    return entered is not None


def remember_generator(frame: FrameType, entered: Entered) -> None:
    """Remember a scope by the frame whose `with` statement has entered it, if that is a generator's.

    Not for one that `contextlib` runs: what is inside of its scope is not the generator's code.
    """
    if frame.f_code.co_flags & inspect.CO_GENERATOR:
        caller = frame.f_back
        if caller is None or caller.f_globals.get("__name__") != "contextlib":
            by_frame.setdefault(id(frame), []).append(entered)


def leave_generator(frame: FrameType, owner: object) -> None:
    """Forget the scope that `owner` has entered last in a generator's frame, if there is one."""
    scopes = by_frame.get(id(frame), [])
    for entered in reversed(scopes):
        if entered.owner is owner:
            scopes.remove(entered)
            break
    if not scopes:
        by_frame.pop(id(frame), None)


def remove_entered(owner: object, entered: Entered) -> Entered | None:
    """Return the scopes from `entered` outwards without the one that `owner` entered last.

    A scope that is not the innermost is left when plain generators with scopes take turns. If another task
    closes such a generator, the scope is not among those of that task, and nothing changes.
    """
    inside: list[Entered] = []
    rest: Entered | None = entered
    while rest is not None and rest.owner is not owner:
        inside.append(rest)
        rest = rest.outer
    if rest is None:
        return entered
    rest = rest.outer
    for scope in reversed(inside):
        rest = scope._replace(outer=rest)
    return rest
