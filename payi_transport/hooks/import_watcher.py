"""Tells when a module has been imported, without importing it.

A finder that stands first and leaves the finding to the others: all it adds to what they find is a call
behind the module's own code.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from threading import get_ident
from types import ModuleType
from typing import Any

__all__ = ["ImportWatcher"]


class ImportWatcher:
    """Calls `on_arrival(name)` on the importing thread, each time one of the modules has been executed.

    An import in which the module itself fails is none; what `on_arrival` raises would be the importer's.
    """

    def __init__(self, names: Iterable[str], on_arrival: Callable[[str], None]) -> None:
        self._names = frozenset(names)
        self._on_arrival = on_arrival
        self._finding: set[tuple[int, str]] = set()

    def watch(self) -> None:
        """Begin to look at imports."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Look at no more imports, and say nothing of those on their way."""
        self._names = frozenset()
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find, to be told of when it has been executed."""
        # Another finder of our kind asks all finders too, this one among them.
        asked = get_ident(), fullname
        if fullname not in self._names or asked in self._finding:
            return None
        self._finding.add(asked)
        try:
            spec = self._ask_others(fullname, path, target)
        finally:
            self._finding.discard(asked)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = _TellingLoader(spec.loader, self)
            spec.loader = loader
        return spec

    def tell(self, name: str) -> None:
        """A module has been executed."""
        if name in self._names:
            self._on_arrival(name)

    def _ask_others(self, *asked: Any) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(*asked)
                if spec is not None:
                    return spec
        return None


class _TellingLoader:
    """A loader that gives its place to the one inside before the module runs: the module never sees it."""

    def __init__(self, inner: Any, arrivals: ImportWatcher) -> None:
        self._inner = inner
        self._arrivals = arrivals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        for holder, name in ((spec, "loader"), (module, "__loader__")):
            if getattr(holder, name, None) is self:
                setattr(holder, name, self._inner)
        self._inner.exec_module(module)
        self._arrivals.tell(module.__name__)
