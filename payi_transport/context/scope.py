"""Scopes: `track`, `track_context`, and `get_context`, on top of a context variable.

Each thread and each task sees its own innermost scope, because a context variable holds it. A scope is
active only while its own code runs: a tracked generator leaves it at each `yield` and enters it again at
the next step. Leaving a scope in another context than it was entered in, such as a generator that another
task closes, changes nothing there.

Scopes are linked from the inside out, and a frame is merged once, when its scope is entered
(`frame.enter_scope`). So the frame of a call is one look-up away.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from types import CoroutineType, TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload
from weakref import ReferenceType

import msgspec

from payi_transport.compat import Self, Unpack
from payi_transport.context.entered import (
    Entered,
    by_frame,
    find_entered,
    innermost,
    leave_generator,
    remember_generator,
    remove_entered,
)
from payi_transport.context.fields import PayiContext, Scope
from payi_transport.context.frame import FIELDS, Fields, Frame, check_scope, enter_scope
from payi_transport.context.results import get_last_result
from payi_transport.runtime.decorated import DESCRIPTORS, decorate
from payi_transport.runtime.generators import wrap_async_generator, wrap_generator
from payi_transport.values.shown import show

__all__ = ["get_context", "track", "track_context"]

P = ParamSpec("P")
R = TypeVar("R")


# The frame outside all scopes. None while not instrumented: then scopes do nothing.
_base: Frame | None = None
# The frame of a call outside all scopes, None if such calls are not recorded.
outermost: Frame | None = None


def set_base_frame(base: Frame | None, *, record_unscoped: bool = True) -> None:
    """Turn scopes on, with `base` as the outermost frame, or off with None.

    Without `record_unscoped`, calls outside all scopes are not recorded.
    """
    global _base, outermost
    _base, outermost = base, base if record_unscoped else None


def current_frame() -> Frame | None:
    """Return the frame of a call made here and now, None if it is not to be recorded."""
    entered = find_entered()
    return outermost if entered is None else entered.frame


def get_context() -> PayiContext:
    """Return the context values in force here, inherited ones included.

    `last_result` is Pay-i's `xproxy_result` for the last call made here, in the delivery modes that return
    one: inline delivery and proxy mode. It is missing if Pay-i sent none for that call.
    """
    frame = msgspec.to_builtins(innermost_frame(_base or Frame()))
    frame.pop("hash_user_ids", None)
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in frame.items()}
    result = get_last_result()
    if result is not None:
        values["last_result"] = result
    return cast(PayiContext, values)


def innermost_frame(base: Frame) -> Frame:
    """Return the frame of the innermost scope, or `base` outside all scopes."""
    entered = find_entered()
    return base if entered is None else entered.frame


def current_mode() -> str | None:
    """Return the mode of the innermost `ingest` or `proxy` decorator, None outside of both."""
    entered = find_entered()
    while entered is not None:
        if entered.mode is not None:
            return entered.mode
        entered = entered.outer
    return None


def bind_to_scope(function: Callable[..., R]) -> Callable[..., R]:
    """Return `function` bound to the current scope, wherever it is called later."""
    entered = find_entered()
    return function if entered is None else functools.partial(_run_inside, entered, function)


def _run_inside(entered: Entered, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    # The old value is set again instead of resetting by token, as in all of this module. A token can only
    # be used in the context that it was made in, and a generator or coroutine may be closed in another one.
    outer = innermost.get()
    innermost.set(entered)
    try:
        return function(*args, **kwargs)
    finally:
        innermost.set(outer)


def bind_coroutine(coroutine: CoroutineType[Any, Any, Any]) -> CoroutineType[Any, Any, Any]:
    """Return `coroutine` bound to the current scope, wherever it is awaited later."""
    entered = find_entered()
    if entered is None:
        return coroutine
    bound = cast("CoroutineType[Any, Any, Any]", _await_inside(entered, _Unawaited(coroutine)))
    # Python's warning about a coroutine that was never awaited names it.
    bound.__name__, bound.__qualname__ = coroutine.__name__, coroutine.__qualname__
    return bound


class _Unawaited:
    """Closes a coroutine together with its wrapper, so only the wrapper warns if it was never awaited."""

    def __init__(self, coroutine: CoroutineType[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


async def _await_inside(entered: Entered, unawaited: _Unawaited) -> Any:
    outer = innermost.get()
    innermost.set(entered)
    try:
        return await unawaited.coroutine
    finally:
        innermost.set(outer)


class track_context:
    """Set context values for the calls inside a `with` or `async with` block.

    Accepts the arguments of `track`. One object may be entered many times, even while it is entered. Raises
    TypeError for an unknown argument and for a value that its argument does not accept.
    """

    # "ingest" or "proxy" in the scopes of the decorators of that name.
    mode: str | None = None
    fields: Fields = FIELDS

    def __init__(self, **scope: Unpack[Scope]) -> None:
        check_scope("track_context", scope, fields=self.fields)
        self._scope = scope

    def __enter__(self) -> Self:
        if _base is not None:
            frame = enter_scope(innermost_frame(_base), self._scope)
            entered = Entered(frame, ReferenceType(self), find_entered(), self.mode)
            innermost.set(entered)
            remember_generator(sys._getframe(1), self, entered)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if by_frame:
            leave_generator(sys._getframe(1), self)
        entered = innermost.get()
        if entered is not None and entered.owner() is self:
            innermost.set(entered.outer)
        elif entered is not None:
            innermost.set(remove_entered(self, entered))

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)


@overload
def track(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def track(**scope: Unpack[Scope]) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def track(function: Any = None, /, **scope: Unpack[Scope]) -> Any:
    """Decorate a function, coroutine function, generator, or async generator to set context values.

    `classmethod`, `staticmethod`, and properties may be above it or below. If a plain function returns a
    coroutine, that runs inside the scope, too. Anything else that it returns and that runs later, such as a
    generator, does not.

    Scopes nest: `limit_ids` and `request_tags` combine, properties merge, and other values are inherited. An
    empty value clears the outer one, and another `use_case_name` starts a new use case. Limits of type
    `block` work in proxy mode only; elsewhere, Pay-i takes the events of such calls without them. Without
    `payi_instrument()` the function runs unchanged. Without arguments, the parentheses may be left out.
    Raises TypeError as `track_context` does, and for a class.
    """
    check_scope("track", scope)
    return apply_to(function, "track", decorate_with(functools.partial(track_context, **scope)))


def apply_to(function: Any, name: str, decorator: Callable[[Callable[..., Any]], Any]) -> Any:
    """Return the decorated `function`, or the `decorator` of that name if it was written with parentheses."""
    if function is None:
        return decorator
    if not callable(function) and not isinstance(function, DESCRIPTORS):
        raise TypeError(f"{name}() takes keyword arguments only, such as {name}(user_id={show(function)})")
    return decorator(function)


def decorate_with(make_scope: Callable[[], track_context]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that runs each call of a function in a scope of its own."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(function):
            return wrap_async_generator(function, lambda: _Steps(make_scope()))
        if inspect.iscoroutinefunction(function):
            return _wrap_coroutine(function, make_scope)
        if inspect.isgeneratorfunction(function):
            return wrap_generator(function, lambda: _Steps(make_scope()))
        return _wrap_function(function, make_scope)

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        return cast("Callable[P, R]", decorate(function, wrap))

    return decorator


def _wrap_function(
    function: Callable[..., Any], make_scope: Callable[[], track_context]
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with make_scope():
            result = function(*args, **kwargs)
            return bind_coroutine(result) if inspect.iscoroutine(result) else result

    return call


def _wrap_coroutine(
    function: Callable[..., Any], make_scope: Callable[[], track_context]
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        with make_scope():
            return await function(*args, **kwargs)

    return call


class _Steps:
    """Enters the scope of a generator at each step, and leaves it at each `yield`."""

    def __init__(self, scope: track_context) -> None:
        # Remembered, so that entering and leaving agree even if the program instruments between two steps.
        self._tracked = _base is not None
        self._outer: Entered | None = None
        # Merge the frame once, here. Each step then only sets the variable.
        with scope:
            self._inner = innermost.get()

    def __enter__(self) -> None:
        if self._tracked:
            self._outer = innermost.get()
            innermost.set(self._inner)

    def __exit__(self, *exc_info: object) -> None:
        # Keep the scopes that the generator's own code has entered for its next step.
        if self._tracked:
            self._inner = innermost.get()
            innermost.set(self._outer)
