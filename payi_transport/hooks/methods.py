"""Methods of a library's classes that are replaced by ours, and put back."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["Hooks", "MethodHook"]


class Hooks:
    """What one adapter has replaced."""

    def __init__(self) -> None:
        self._hooked: list[tuple[type[Any], str, Any, Any]] = []

    def __len__(self) -> int:
        return len(self._hooked)

    def put(self, owner: type[Any], method: str, make: Callable[[Any], Any]) -> list[str]:
        """Replace a method by what `make` makes of it; its name, if this version of the class has none."""
        original = owner.__dict__.get(method)
        if original is None:
            return [f"{owner.__module__}.{owner.__qualname__}.{method}"]
        # Through the class, so that a wrapper of another library's gets bound: an APM's wrapt wrapper that
        # is called as the plain value of the class's dict takes its instance for an argument.
        hook = functools.wraps(original)(make(getattr(owner, method)))
        setattr(owner, method, hook)
        self._hooked.append((owner, method, hook, original))
        return []

    def take_off(self) -> None:
        """Put the methods back, unless somebody has wrapped ours since: that passes through."""
        for owner, method, hook, original in self._hooked:
            if owner.__dict__.get(method) is hook:
                setattr(owner, method, original)
        self._hooked.clear()


class MethodHook:
    """The adapter of a library that sends through one method of one class."""

    def __init__(self, module: str, owner: str, method: str, make: Callable[[Any], Any]) -> None:
        self.name = module
        self._owner = owner
        self._method = method
        self._make = make
        self._hooks = Hooks()

    def install(self) -> list[str]:
        """Hook the method; its name if this version of the library has none."""
        if self._hooks:
            return []
        owner = getattr(sys.modules[self.name], self._owner, None)
        if owner is None:
            return [f"{self.name}.{self._owner}"]
        return self._hooks.put(owner, self._method, self._make)

    def uninstall(self) -> None:
        """Put the library's own method back."""
        self._hooks.take_off()
