"""Carrying the configuration into children that `multiprocessing` starts anew.

A forked child has the hooks of its parent. A child by `spawn` or `forkserver` is a new interpreter. It first
reads a dict of what it needs to know of its parent: `sys.path`, `sys.argv`, the main module. The functions
that make this dict are hooked and add an entry. An environment variable would do as well, but every program
that this one starts would see it. joblib's loky has such a function of its own.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["HOOKS", "use_entry_maker"]

_FUNCTION = "get_preparation_data"
_ENTRY = "payi_transport"


# Replaced by `use_entry_maker`, since this folder is below the one that knows what a child needs.
_make_entry: Callable[[], object] = lambda: None  # noqa: E731 (it has a type)


def use_entry_maker(make: Callable[[], object]) -> None:
    """Set what makes the entry for a child, or None if the child is to be left alone."""
    global _make_entry
    _make_entry = make


class _PreparationHook:
    """The hook of one module that makes such a dict."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._original: Any = None
        self._replacement: Any = None

    def install(self) -> list[str]:
        module: Any = sys.modules[self.name]
        original = getattr(module, _FUNCTION, None)
        if original is None:
            return [f"{self.name}.{_FUNCTION}"]
        if self._original is None:
            self._original, self._replacement = original, self._wrap(original)
            setattr(module, _FUNCTION, self._replacement)
        return []

    def uninstall(self) -> None:
        module = sys.modules.get(self.name)
        # What others have wrapped around it meanwhile stays, and ours adds nothing from now on.
        if self._original is not None and getattr(module, _FUNCTION, None) is self._replacement:
            setattr(module, _FUNCTION, self._original)
        self._original = self._replacement = None

    def _wrap(self, original: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
        @functools.wraps(original)
        def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, object]:
            data = original(*args, **kwargs)
            # A child must start whatever happens here.
            with contextlib.suppress(Exception):
                if self._replacement is get_preparation_data and (entry := _make_entry()) is not None:
                    data[_ENTRY] = entry
            return data

        return get_preparation_data


HOOKS = [
    _PreparationHook(name)
    for name in ("multiprocessing.spawn", "loky.backend.spawn", "joblib.externals.loky.backend.spawn")
]
