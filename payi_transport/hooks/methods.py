"""Replacing methods of a library's classes, and putting the originals back.

A class is patched, not its instances, so clients made before and after are hooked alike. Only what a class
defines itself is replaced: patching an inherited method would shadow later changes to the base class.

Other libraries wrap the same methods, most of them with wrapt. The replacement then goes below their
wrappers: into the innermost one, whose `__wrapped__` can be assigned. The attribute of the class stays as
they set it, so libraries can be removed in any order, and the last one leaves the original. Wrappers of other
kinds hide what they call, so the replacement goes on top of them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["MethodHook", "MethodPatches", "find_class", "find_original"]

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
        proxies = list(_iterate_proxies(found))
        # A mock that ends after uninstalling restores what it found, which may be a replacement of ours.
        original = find_original(proxies[-1].__wrapped__ if proxies else found)
        replacement = functools.wraps(original)(make(_bind(original, owner)))
        replacement.__dict__[_MARK] = replacement, original
        if proxies:
            proxies[-1].__wrapped__ = replacement
        else:
            setattr(owner, method, replacement)
        self._patched.append((owner, method, replacement, original))
        return []

    def restore(self) -> None:
        """Put the originals back.

        A replacement that someone else has wrapped in the meantime, and not with wrapt, stays: removing it
        would remove theirs too. It passes every call through while no pipeline is active.
        """
        for owner, method, replacement, original in reversed(self._patched):
            found = owner.__dict__.get(method)
            if found is replacement:
                setattr(owner, method, original)
            for proxy in _iterate_proxies(found):
                if proxy.__wrapped__ is replacement:
                    proxy.__wrapped__ = original
        self._patched.clear()


def find_class(module: Any, name: str) -> type[Any] | None:
    """Return a class of a library, even if another library has put a subclass of its own in its place."""
    found: type[Any] | None = getattr(module, name, None)
    library = module.__name__.partition(".")[0]
    bases = getattr(found, "__mro__", ())
    return next((base for base in bases if base.__module__.partition(".")[0] == library), found)


def _bind(function: Any, owner: type[Any]) -> Any:
    """Return what `owner.method` would be: some wrappers, called unbound, mistake the instance."""
    bind = getattr(type(function), "__get__", None)
    return function if bind is None else bind(function, None, owner)


def _iterate_proxies(function: Any) -> Iterator[Any]:
    """Yield the wrapt wrappers around a function, from the outermost to the innermost."""
    # By name, because several libraries bring a copy of wrapt. Its proxies claim the class of what they wrap,
    # so ask for their type.
    while any(base.__name__.endswith("ObjectProxy") for base in type(function).__mro__):
        yield function
        function = function.__wrapped__


def _unwrap(function: Any) -> Iterator[Any]:
    """Yield a function and what it wraps, as far as the wrappers say."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def find_original(function: Any) -> Any:
    """Return what a replacement of an earlier installation replaced; any other function itself."""
    mark = getattr(function, _MARK, None)
    # Wrappers of others copy or forward attributes, so the mark has to name the function that has it.
    while mark is not None and mark[0] is function:
        function = mark[1]
        mark = getattr(function, _MARK, None)
    return function


class MethodHook:
    """The hook of a library that sends every request through methods of one class.

    `methods` has, by its name, what makes the replacement of a method from the original.
    """

    def __init__(self, module: str, owner: str, **methods: Callable[[Any], Any]) -> None:
        self.name = module
        self._owner = owner
        self._methods = methods
        self._patches = MethodPatches()

    def install(self) -> list[str]:
        """Replace the methods. Return the names of those that this version of the library does not have."""
        owner = find_class(sys.modules[self.name], self._owner)
        if owner is None:
            return [f"{self.name}.{self._owner}"]
        missing = (self._patches.patch(owner, name, make) for name, make in self._methods.items())
        return [name for names in missing for name in names]

    def uninstall(self) -> None:
        """Put the library's own methods back."""
        self._patches.restore()
