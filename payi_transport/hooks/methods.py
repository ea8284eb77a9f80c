"""Replacing methods of a library's classes, and putting the originals back.

A class is patched, not its instances, so clients made before and after are hooked alike. Only what a class
defines itself is replaced: patching an inherited method would shadow later changes to the base class.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["MethodHook", "MethodPatches"]

# An attribute of every replacement: the replacement itself, and what it replaced.
_MARK = "_payi_transport_replacement"


class MethodPatches:
    """The methods that one hook has replaced."""

    def __init__(self) -> None:
        self._patched: list[tuple[type[Any], str, Any, Any]] = []

    def __len__(self) -> int:
        return len(self._patched)

    def patch(self, owner: type[Any], method: str, make: Callable[[Any], Any]) -> list[str]:
        """Replace a method with what `make(original)` returns.

        Returns the full name of the method if this version of the class does not define it, else an empty
        list, so that callers can add up what is missing. A replacement that is still in place stays, so a
        second call puts back only what a mock has taken away.
        """
        found = owner.__dict__.get(method)
        if found is None:
            return [f"{owner.__module__}.{owner.__qualname__}.{method}"]
        mine = [replacement for _, name, replacement, _ in self._patched if name == method]
        if any(function in mine for function in _unwrap(found)):
            return []
        # A mock that ends after uninstalling restores what it found, which may be a replacement of ours.
        original = _find_original(found)
        # Get the method through the class, which binds a wrapper that another library has put there. Called
        # as the plain value of the class's dict, an APM's wrapt wrapper takes the instance for an argument.
        current = getattr(owner, method) if original is found else original
        replacement = functools.wraps(original)(make(current))
        replacement.__dict__[_MARK] = replacement, original
        setattr(owner, method, replacement)
        self._patched.append((owner, method, replacement, original))
        return []

    def restore(self) -> None:
        """Put the originals back.

        A replacement that someone else has wrapped in the meantime stays: removing it would remove theirs
        too. It passes every call through while no pipeline is active.
        """
        for owner, method, replacement, original in reversed(self._patched):
            if owner.__dict__.get(method) is replacement:
                setattr(owner, method, original)
        self._patched.clear()


def _unwrap(function: Any) -> Iterator[Any]:
    """Yield a function and what it wraps, as far as the wrappers say."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def _find_original(function: Any) -> Any:
    """Return what a replacement of an earlier installation replaced; any other function itself."""
    mark = getattr(function, _MARK, None)
    # Wrappers of others copy or forward attributes, so the mark has to name the function that has it.
    while mark is not None and mark[0] is function:
        function = mark[1]
        mark = getattr(function, _MARK, None)
    return function


class MethodHook:
    """The hook of a library that sends every request through one method of one class."""

    def __init__(self, module: str, owner: str, method: str, make: Callable[[Any], Any]) -> None:
        self.name = module
        self._owner = owner
        self._method = method
        self._make = make
        self._patches = MethodPatches()

    def install(self) -> list[str]:
        """Replace the method. Return its name if this version of the library does not have it."""
        owner = getattr(sys.modules[self.name], self._owner, None)
        if owner is None:
            return [f"{self.name}.{self._owner}"]
        return self._patches.patch(owner, self._method, self._make)

    def uninstall(self) -> None:
        """Put the library's own method back."""
        self._patches.restore()
