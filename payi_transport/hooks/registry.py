"""All hooks of this library, and when each is installed.

A library that is already imported is hooked at once, any other as soon as the program imports it. To add an
HTTP library, write `hooks/<library>.py` with an object that is a `LibraryHook` and list it in `get_hooks`.
Such a module must not import its library, which may not be installed and may never be needed: `install` finds
it in `sys.modules`.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from payi_transport.hooks import requests
from payi_transport.hooks.aiohttp import session
from payi_transport.hooks.botocore import api_calls, http
from payi_transport.hooks.httpx.installed import get_families
from payi_transport.hooks.import_watcher import ImportWatcher
from payi_transport.hooks.thread_pools import ThreadPools

__all__ = ["LibraryHook", "Registry", "get_hooks"]


class LibraryHook(Protocol):
    """The hooks into one HTTP library."""

    @property
    def name(self) -> str:
        """The module that is to be loaded before there is anything to hook, as `aiohttp.client`."""
        ...

    def install(self) -> list[str]:
        """Hook what the module has; the names of what this version of it has not.

        Runs inside somebody's import, so it must not import anything, and it may be called again.
        """
        ...

    def uninstall(self) -> None:
        """Put back what was hooked, if anything is."""
        ...


def get_hooks() -> list[LibraryHook]:
    """One a library, whether that is installed or not, and the one for thread pools."""
    return [
        *get_families(),
        session.HOOK,
        http.HOOK,
        requests.HOOK,
        *api_calls.HOOKS,
        ThreadPools(),
    ]


class Registry:
    """Installs adapters. `tell_missing` takes the name of a library, and what of it could not be hooked."""

    def __init__(self, adapters: Iterable[LibraryHook], tell_missing: Callable[[str, str], None]) -> None:
        self._adapters = {adapter.name: adapter for adapter in adapters}
        self._tell_missing = tell_missing
        self._arrivals = ImportWatcher(self._adapters, self._arrive)
        self._lock = threading.RLock()

    def install(self) -> None:
        """Hook the libraries that are loaded, and each of the others once the program imports it."""
        # Watching comes first: what another thread imports meanwhile arrives twice, which changes nothing.
        self._arrivals.watch()
        for name in self._adapters:
            if sys.modules.get(name) is not None:
                self._arrive(name)

    def uninstall(self) -> None:
        """Look at imports no more, and put everything back."""
        self._arrivals.stop()
        with self._lock:
            for adapter in self._adapters.values():
                adapter.uninstall()

    def _arrive(self, name: str) -> None:
        try:
            # Waits, before any lock is taken, where another thread is in the middle of importing it.
            importlib.import_module(name)
            with self._lock:
                missing = self._adapters[name].install()
        except Exception as exc:
            missing = [f"module that can be hooked ({exc!r})"]
        for what in missing:
            self._tell_missing(name, what)
