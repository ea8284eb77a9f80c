"""The scopes that are entered, from the inside out, and which of them is in force here.

A context variable holds the innermost one, so each thread and each task sees its own. That is not enough for
a plain generator whose steps run in fresh copies of a context, as servers run them in a thread pool: what it
enters in one step is gone in the next. So a scope that a generator enters is also remembered by the
generator's frame, and found again where that frame is on the stack. Only programs with such a scope open pay
for looking.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any, NamedTuple
from weakref import ReferenceType, getweakrefs

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
    """A scope that has been entered: its frame, what entered it, the scope around it, and its mode.

    Whoever leaves the scope holds its owner. Held here, it would outlive a generator that never leaves it.
    """

    frame: Frame
    owner: ReferenceType[Any]
    outer: Entered | None
    mode: str | None


class _Remembered(ReferenceType[Any]):
    """A scope that a generator has entered and not left, with the id of its frame and its code.

    It is a reference to the scope's owner, and goes with it. Two of one owner differ.
    """

    __slots__ = ("code", "entered", "key", "number")
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    code: CodeType
    entered: Entered
    key: int
    number: int


_numbers = itertools.count()
innermost: ContextVar[Entered | None] = ContextVar("payi_transport_scope", default=None)
# The scopes that generators have entered and not left, by the ids of their frames. Holding a frame would keep
# alive what its generator holds. A generator that is dropped is closed, which leaves its scopes. One that was
# entered without `with`, and is never left, is forgotten together with its owner. If the owner is kept, the
# id may be another frame's by then, which is told by its code.
by_frame: dict[int, list[_Remembered]] = {}


def find_entered() -> Entered | None:
    """Return the innermost scope in force where this is called, None outside all scopes."""
    entered = innermost.get()
    return _find_in_generators(entered) if by_frame else entered


def _find_in_generators(entered: Entered | None) -> Entered | None:
    for scopes in _iterate_generators(sys._getframe(2)):
        last = scopes[-1].entered
        # What was entered inside of it, in this step, is further in.
        return entered if _is_around(last, entered) else last
    return entered


def _iterate_generators(frame: FrameType | None) -> Iterator[tuple[_Remembered, ...]]:
    """Yield the scopes that each generator on the stack has entered, from the inside out."""
    while frame is not None:
        # A copy, because a finalizer may leave a scope at any time.
        scopes = tuple(by_frame.get(id(frame), ()))
        if scopes and scopes[-1].code is frame.f_code:
            yield scopes
        frame = frame.f_back


def _is_around(outer: Entered, entered: Entered | None) -> bool:
    while entered is not None and entered is not outer:
        entered = entered.outer
    return entered is not None


def remember_generator(frame: FrameType, owner: object, entered: Entered) -> None:
    """Remember a scope by the frame whose `with` statement has entered it, if that is a generator's.

    Not for one that `contextlib` runs: what is inside of its scope is not the generator's code.
    """
    if frame.f_code.co_flags & inspect.CO_GENERATOR:
        caller = frame.f_back
        if caller is None or caller.f_globals.get("__name__") != "contextlib":
            scope = _Remembered(owner, _forget)
            scope.key, scope.code = id(frame), frame.f_code
            scope.entered, scope.number = entered, next(_numbers)
            by_frame.setdefault(id(frame), []).append(scope)


def leave_generator(frame: FrameType, owner: object) -> None:
    """Forget the scope that `owner` has entered last in a generator, if there is one.

    A generator on the stack goes first, the innermost one. But a scope may be left anywhere.
    """
    own = {scope for scope in getweakrefs(owner) if type(scope) is _Remembered}
    if own:
        here = (own.intersection(scopes) for scopes in _iterate_generators(frame))
        _forget(max(next(filter(None, here), own), key=lambda scope: scope.number))


def _forget(scope: _Remembered) -> None:
    # Another thread, or a finalizer, may forget the same one.
    with contextlib.suppress(KeyError, ValueError):
        by_frame[scope.key].remove(scope)
        if not by_frame[scope.key]:
            del by_frame[scope.key]


def remove_entered(owner: object, entered: Entered) -> Entered | None:
    """Return the scopes from `entered` outwards without the one that `owner` entered last.

    A scope that is not the innermost is left when plain generators with scopes take turns. If another task
    closes such a generator, the scope is not among those of that task, and nothing changes.
    """
    inside: list[Entered] = []
    rest: Entered | None = entered
    while rest is not None and rest.owner() is not owner:
        inside.append(rest)
        rest = rest.outer
    if rest is None:
        return entered
    rest = rest.outer
    for scope in reversed(inside):
        rest = scope._replace(outer=rest)
    return rest
