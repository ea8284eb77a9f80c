"""Decorate what is written in a class or a module: functions, and descriptors that hold one."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

__all__ = ["DESCRIPTORS", "decorate"]

# What `decorate` accepts apart from functions and other callable objects.
DESCRIPTORS = (classmethod, staticmethod, property, functools.cached_property)


def decorate(decorated: Any, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """Return what takes the place of `decorated`, whose function runs as `wrap` makes it run.

    Of a property, that is the function that reads it. Raises TypeError for a class, and for what holds no
    function.
    """
    if isinstance(decorated, classmethod | staticmethod):
        return type(decorated)(decorate(decorated.__func__, wrap))
    if isinstance(decorated, property):
        return decorated.getter(decorate(decorated.fget, wrap))
    if isinstance(decorated, functools.cached_property):
        return type(decorated)(decorate(decorated.func, wrap))
    if inspect.isclass(decorated):
        # Wrapping would turn the class into a function, which breaks isinstance() and inheritance.
        raise TypeError(f"{decorated.__name__} is a class: decorate its methods instead")
    if not callable(decorated):
        raise TypeError(f"{type(decorated).__name__} is not a function: decorate a function instead")
    return functools.wraps(decorated)(_make_awaitable(decorated, wrap(decorated)))


def _make_awaitable(function: Any, wrapper: Any) -> Any:
    """Return the wrapper, awaitable if `types.coroutine` has made the generator function so."""
    code = getattr(function, "__code__", None)
    marked = code is not None and code.co_flags & inspect.CO_ITERABLE_COROUTINE
    return types.coroutine(wrapper) if marked else wrapper
