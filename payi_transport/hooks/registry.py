"""All hooks of this library, and when each is installed.

A library that is already imported is hooked at once, any other as soon as the program imports it. To add an
HTTP library, write `hooks/<library>.py` with an object that is a `LibraryHook` and list it in `get_hooks`.
Such a module must not import its library, which may not be installed and may never be needed: `install` finds
it in `sys.modules`. The module is imported itself with its library, since most programs use one or two.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from typing import Protocol

from payi_transport.hooks import child_processes, thread_pools
from payi_transport.hooks.httpx import installed
from payi_transport.hooks.import_watcher import ImportWatcher
from payi_transport.runtime.imports import forks_wait
from payi_transport.runtime.process_lock import ProcessLock

__all__ = ["LazyHook", "LibraryHook", "Registry", "get_hooks"]


class LibraryHook(Protocol):
    """The hooks into one HTTP library."""

    @property
    def name(self) -> str:
        """The module that has to be loaded before anything can be hooked, such as `aiohttp.client`."""
        ...

    def install(self) -> list[str]:
        """Hook the library, and return the names of what this version of it does not have.

        Runs inside an import statement of the program, so it must not import what the program may import. It
        may be called more than once.
        """
        ...

    def uninstall(self) -> None:
        """Put back what was hooked, if anything is."""
        ...


class LazyHook:
    """A hook whose module `load` imports. `name` is the hook's own."""

    def __init__(self, name: str, load: Callable[[], LibraryHook]) -> None:
        self.name = name
        self._load = load
        self._hook: LibraryHook | None = None

    def install(self) -> list[str]:
        """Import the hook, and hook the library. Return what this version of it does not have."""
        if self._hook is None:
            with forks_wait():
                self._hook = self._load()
        return self._hook.install()

    def uninstall(self) -> None:
        """Put back what was hooked, if anything is."""
        if self._hook is not None:
            self._hook.uninstall()


def _load_aiohttp() -> LibraryHook:
    from payi_transport.hooks.aiohttp.session import HOOK

    return HOOK


def _load_botocore_http() -> LibraryHook:
    from payi_transport.hooks.botocore.http import HOOK

    return HOOK


def _load_botocore_calls() -> LibraryHook:
    from payi_transport.hooks.botocore.api_calls import HOOK

    return HOOK


def _load_aiobotocore_calls() -> LibraryHook:
    from payi_transport.hooks.botocore.api_calls import ASYNC_HOOK

    return ASYNC_HOOK


def _load_requests() -> LibraryHook:
    from payi_transport.hooks.requests import HOOK

    return HOOK


def _load_websockets() -> LibraryHook:
    from payi_transport.hooks.websockets.protocol import HOOK

    return HOOK


def _load_legacy_websockets() -> LibraryHook:
    from payi_transport.hooks.websockets.legacy import HOOK

    return HOOK


def _load_websocket_client() -> LibraryHook:
    from payi_transport.hooks.websocket_client import HOOK

    return HOOK


def _load_grpc() -> LibraryHook:
    from payi_transport.hooks.grpc.channels import SYNC_HOOK

    return SYNC_HOOK


def _load_async_grpc() -> LibraryHook:
    from payi_transport.hooks.grpc.channels import ASYNC_HOOK

    return ASYNC_HOOK


_HOOKS: tuple[LibraryHook, ...] = (
    *installed.HOOKS,
    LazyHook("aiohttp.client", _load_aiohttp),
    LazyHook("botocore.httpsession", _load_botocore_http),
    LazyHook("requests.adapters", _load_requests),
    LazyHook("websockets.client", _load_websockets),
    LazyHook("websockets.legacy.client", _load_legacy_websockets),
    LazyHook("websocket._core", _load_websocket_client),
    LazyHook("botocore.client", _load_botocore_calls),
    LazyHook("aiobotocore.client", _load_aiobotocore_calls),
    LazyHook("grpc._channel", _load_grpc),
    LazyHook("grpc.aio._channel", _load_async_grpc),
    thread_pools.HOOK,
    *child_processes.HOOKS,
)


def get_hooks() -> tuple[LibraryHook, ...]:
    """Return one hook for each library, installed or not, and those for thread pools and child processes."""
    return _HOOKS


class Registry:
    """Installs hooks. `warn_missing(library, name)` reports what of a library could not be hooked."""

    def __init__(self, hooks: Iterable[LibraryHook], warn_missing: Callable[[str, str], None]) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._warn_missing = warn_missing
        self._watcher = ImportWatcher(self._hooks, self._install)
        self._lock = ProcessLock()

    def install(self) -> None:
        """Hook the libraries that are loaded, and each of the others once the program imports it."""
        # Start watching first. A library that another thread imports in between is then installed twice,
        # which changes nothing; in the other order it could be missed.
        self._watcher.watch()
        self.repair()

    def repair(self) -> None:
        """Hook again what a mock has taken away from the libraries that are loaded."""
        for name in self._hooks:
            if sys.modules.get(name) is not None:
                self._install(name)

    def uninstall(self) -> None:
        """Stop watching imports, and put everything back."""
        self._watcher.stop()
        with self._lock:
            for hook in self._hooks.values():
                hook.uninstall()

    def _install(self, name: str) -> None:
        try:
            # If another thread is still importing the module, this waits for it. It has to come before the
            # lock, since that thread may be about to take it.
            importlib.import_module(name)
            with self._lock:
                missing = self._hooks[name].install()
        # This may run inside an import statement of the program, which must not fail because of it.
        except Exception as exc:
            missing = [f"module that can be hooked ({exc!r})"]
        for what in missing:
            self._warn_missing(name, what)
