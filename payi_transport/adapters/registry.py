"""Every adapter of this library, and when it is installed: now where its library is loaded, else once it is.

To add one for another HTTP library: write `adapters/<library>.py` with an object that is an `Adapter`, and
name it in `get_adapters`. That module must not import the library, which may not be installed or never be
needed, but look it up in `sys.modules` when `install` is called.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from payi_transport.adapters import aiohttp, bedrock_calls, botocore, requests
from payi_transport.adapters.arrivals import Arrivals
from payi_transport.adapters.families import get_families
from payi_transport.adapters.thread_pools import ThreadPools

__all__ = ["Adapter", "Registry", "get_adapters"]


class Adapter(Protocol):
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


def get_adapters() -> list[Adapter]:
    """One a library, whether that is installed or not, and the one for thread pools."""
    return [
        *get_families(),
        aiohttp.ADAPTER,
        botocore.ADAPTER,
        requests.ADAPTER,
        *bedrock_calls.ADAPTERS,
        ThreadPools(),
    ]


class Registry:
    """Installs adapters. `tell_missing` takes the name of a library, and what of it could not be hooked."""

    def __init__(self, adapters: Iterable[Adapter], tell_missing: Callable[[str, str], None]) -> None:
        self._adapters = {adapter.name: adapter for adapter in adapters}
        self._tell_missing = tell_missing
        self._arrivals = Arrivals(self._adapters, self._arrive)
        self._lock = threading.Lock()

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
