"""Learning that a module has been imported, without importing it.

`import` asks each finder on `sys.meta_path` for a module's spec, and the spec's loader then runs the module's
code. The watcher puts itself first on that list. Asked for a watched module, it asks the other finders and
wraps the loader of the spec they return. The wrapper restores the original loader, lets it run the module,
and then reports the import. Any other module costs one set look-up, and modules that are never imported
are never loaded.

`autostart` runs this file in every Python process, so it imports nothing that takes time.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["ImportWatcher"]


class ImportWatcher:
    """Calls `on_import(name)` on the importing thread, after one of the modules has been executed.

    A module that is reloaded is reported again; one whose code raises is not. Whatever `on_import` raises
    reaches the code that imports, so it must not raise.
    """

    def __init__(self, names: Iterable[str], on_import: Callable[[str], None]) -> None:
        self._names = frozenset(names)
        self._on_import = on_import
        # The searches that are running, by thread and module.
        self._searches: set[tuple[int, str]] = set()

    def watch(self) -> None:
        """Start watching imports."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Stop watching, and report nothing of imports that are still running."""
        # Loaders that were wrapped before ask `report`, which knows no name from now on.
        self._names = frozenset()
        try:
            sys.meta_path.remove(self)
        except ValueError:
            # It was stopped before.
            return

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that the other finders find, with its loader wrapped."""
        # Another library's finder of this kind asks all finders in turn, including this one. Without the
        # guard, the two would ask each other forever.
        search = get_ident(), fullname
        if fullname not in self._names or search in self._searches:
            return None
        self._searches.add(search)
        try:
            spec = self._ask_others(fullname, path, target)
        finally:
            self._searches.discard(search)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = _ReportingLoader(spec.loader, self)
            spec.loader = loader
        return spec

    def report(self, name: str) -> None:
        """Report that a module has been executed."""
        if name in self._names:
            self._on_import(name)

    def _ask_others(self, *search: Any) -> ModuleSpec | None:
        # A copy, because a finder or another thread may change the list meanwhile.
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(*search)
                if spec is not None:
                    return spec
        return None


class _ReportingLoader:
    """Runs a module with the loader inside, and reports it afterwards.

    It replaces itself with the loader inside before the module runs, so the module never sees it. Code that
    reads data files through `__loader__` gets the loader it expects.
    """

    def __init__(self, inner: Any, watcher: ImportWatcher) -> None:
        self._inner = inner
        self._watcher = watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        for holder, name in ((spec, "loader"), (module, "__loader__")):
            if getattr(holder, name, None) is self:
                setattr(holder, name, self._inner)
        self._inner.exec_module(module)
        self._watcher.report(module.__name__)
