"""The frame of the code that runs now, in a context variable: so each thread and task has its own.

A frame is set for as long as code of the scope runs, and never longer: a generator gives it back at each
`yield`, and a scope that is left in another context than it was entered in changes nothing there.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import CoroutineType, TracebackType
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

import msgspec

from payi_transport.compat import Self, Unpack
from payi_transport.context.fields import PayiContext, Scope
from payi_transport.context.frame import FIELDS, Fields, Frame, check_scope, enter_scope
from payi_transport.context.results import get_last_result
from payi_transport.runtime.generators import wrap_async_generator, wrap_generator

__all__ = ["get_context", "track", "track_context"]

P = ParamSpec("P")
R = TypeVar("R")


class _Link(NamedTuple):
    """A frame that is set, who set it, and what was set before."""

    frame: Frame
    owner: track_context
    outer: _Link | None


_links: ContextVar[_Link | None] = ContextVar("payi_transport_frame", default=None)
# The frame outside all scopes, while instrumented; None makes every scope do nothing.
_base: Frame | None = None
_record_unscoped = True


def set_base_frame(base: Frame | None, *, record_unscoped: bool = True) -> None:
    """Switch scopes on, inside `base`, or off with None. `record_unscoped`: whether calls outside count."""
    global _base, _record_unscoped
    _base, _record_unscoped = base, record_unscoped


def current_frame() -> Frame | None:
    """Who a call made here and now is for; None when it is not to be recorded."""
    link = _links.get()
    if link is not None:
        return link.frame
    return _base if _record_unscoped else None


def get_context() -> PayiContext:
    """The values of the innermost scope, those it inherits included.

    `last_result` is what Pay-i said (its `xproxy_result`) of the last call here of those that it answers at
    once: with inline delivery, and in proxy mode. There is none where it said nothing of that call.
    """
    frame = msgspec.to_builtins(_innermost(_base or Frame()))
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in frame.items()}
    result = get_last_result()
    if result is not None:
        values["last_result"] = result
    return cast(PayiContext, values)


def _innermost(base: Frame) -> Frame:
    link = _links.get()
    return base if link is None else link.frame


def find_mode() -> str | None:
    """The mode of the innermost decorator that is for one mode alone, if there is any around."""
    link = _links.get()
    while link is not None:
        if link.owner.mode is not None:
            return link.owner.mode
        link = link.outer
    return None


def carry_scope(function: Callable[..., R]) -> Callable[..., R]:
    """`function`, to be called somewhere else, as inside the scope of here and now."""
    link = _links.get()
    return function if link is None else functools.partial(_run_inside, link, function)


def _run_inside(link: _Link, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    outer = _links.get()
    _links.set(link)
    try:
        return function(*args, **kwargs)
    finally:
        _links.set(outer)


def _carry_coroutine(coroutine: CoroutineType[Any, Any, Any]) -> CoroutineType[Any, Any, Any]:
    """`coroutine`, to be awaited somewhere else, as inside the scope of here and now."""
    link = _links.get()
    if link is None:
        return coroutine
    carried = cast("CoroutineType[Any, Any, Any]", _await_inside(link, _Held(coroutine)))
    carried.__name__, carried.__qualname__ = coroutine.__name__, coroutine.__qualname__
    return carried


class _Held:
    """A coroutine that is closed with the one that is to await it, which alone warns if it never ran."""

    def __init__(self, coroutine: CoroutineType[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


async def _await_inside(link: _Link, held: _Held) -> Any:
    outer = _links.get()
    _links.set(link)
    try:
        return await held.coroutine
    finally:
        _links.set(outer)


def _without(link: _Link, owner: track_context) -> _Link | None:
    """What is set when `owner` leaves out of turn: under scopes of interleaved generators, or elsewhere than
    it was entered (a generator closed by another task), where there may be nothing of its own.
    """
    above: list[_Link] = []
    rest: _Link | None = link
    while rest is not None and rest.owner is not owner:
        above.append(rest)
        rest = rest.outer
    if rest is None:
        return link
    rest = rest.outer
    for passed in reversed(above):
        rest = passed._replace(outer=rest)
    return rest


class track_context:
    """`with track_context(user_id=...)`, or `async with`: who the calls inside the block are for.

    Takes what `track` takes. One object may be entered many times, also at once. Raises TypeError for an
    argument that is not known, and for a value that its argument can't have.
    """

    # Set in scopes that are meant for "ingest" or "proxy" mode alone.
    mode: str | None = None
    fields: Fields = FIELDS

    def __init__(self, **scope: Unpack[Scope]) -> None:
        check_scope("track_context", scope, fields=self.fields)
        self._scope = scope

    def __enter__(self) -> Self:
        if _base is not None:
            frame = enter_scope(_innermost(_base), self._scope)
            _links.set(_Link(frame, self, _links.get()))
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        link = _links.get()
        if link is not None and link.owner is self:
            _links.set(link.outer)
        elif link is not None:
            _links.set(_without(link, self))

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)


def track(**scope: Unpack[Scope]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function, coroutine function, generator or async generator: who its calls are for.

    A coroutine that a plain function returns runs inside the scope as well; any other thing that is returned
    and runs later does not, such as a generator.

    Scopes nest: `limit_ids` and `request_tags` combine, properties merge, the rest is inherited, an empty
    value blocks the outer one, and another `use_case_name` starts a use case afresh. Without
    `payi_instrument()` the function runs as it is. Raises TypeError as `track_context` does, and for a class.
    """
    check_scope("track", scope)
    return decorate_with(functools.partial(track_context, **scope))


def decorate_with(make_scope: Callable[[], track_context]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of functions of every kind, which run inside a scope of their own."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if inspect.isclass(function):
            # A function in its place would be no type any more.
            raise TypeError(f"{function.__name__} is a class: decorate its methods instead")
        if inspect.isasyncgenfunction(function):
            wrapper = wrap_async_generator(function, lambda: _Steps(make_scope()))
        elif inspect.iscoroutinefunction(function):
            wrapper = _wrap_coroutine(function, make_scope)
        elif inspect.isgeneratorfunction(function):
            wrapper = wrap_generator(function, lambda: _Steps(make_scope()))
        else:
            wrapper = _wrap_function(function, make_scope)
        return cast(Callable[P, R], functools.wraps(function)(wrapper))

    return decorate


def _wrap_function(
    function: Callable[..., Any], make_scope: Callable[[], track_context]
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with make_scope():
            result = function(*args, **kwargs)
            return _carry_coroutine(result) if inspect.iscoroutine(result) else result

    return call


def _wrap_coroutine(
    function: Callable[..., Any], make_scope: Callable[[], track_context]
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        with make_scope():
            return await function(*args, **kwargs)

    return call


class _Steps:
    """The scope of a generator, which is entered at each step and left at each `yield`."""

    def __init__(self, scope: track_context) -> None:
        self._tracked = _base is not None
        self._outer: _Link | None = None
        with scope:
            self._inner = _links.get()

    def __enter__(self) -> None:
        if self._tracked:
            self._outer = _links.get()
            _links.set(self._inner)

    def __exit__(self, *exc_info: object) -> None:
        # What the body has set in the meantime is its own, and comes back with the next step.
        if self._tracked:
            self._inner = _links.get()
            _links.set(self._outer)
