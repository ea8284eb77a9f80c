"""Binds the recording to one module object of the httpx family: its classes, its transports, its clients.

By module object and not by name, since `httpx2.alias_httpx()` makes two names one module.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from payi_transport.hooks.httpx.record import record_async, record_sync
from payi_transport.hooks.httpx.streams import RecordedAsyncStream, RecordedSyncStream
from payi_transport.hooks.methods import Hooks

__all__ = ["BoundFamily", "bind"]

# The one method that every client of the family sends each request through, once a redirect hop and auth
# step: it sees mounts and custom transports, and clients made before and after.
HOOK = "_send_single_request"


class BoundFamily:
    """A module of the family, and what is made for it."""

    def __init__(self, module: ModuleType) -> None:
        self.module: Any = module
        self.response: Callable[..., Any] = module.Response
        self.byte_stream: Callable[[bytes], Any] = module.ByteStream
        self.not_read: type[Exception] = module.RequestNotRead
        self.sync_stream: type[Any] = type(
            "RecordedSyncStream", (RecordedSyncStream, module.SyncByteStream), {}
        )
        self.async_stream: type[Any] = type(
            "RecordedAsyncStream", (RecordedAsyncStream, module.AsyncByteStream), {}
        )
        self._hooks = Hooks()

    @property
    def name(self) -> str:
        name: str = self.module.__name__
        return name

    def install(self) -> list[str]:
        """Hook the clients; the names of what could not be hooked."""
        if self._hooks:
            return []
        sync = self._hooks.put(self.module.Client, HOOK, self._hook_sync)
        return sync + self._hooks.put(self.module.AsyncClient, HOOK, self._hook_async)

    def uninstall(self) -> None:
        """Put the clients' own methods back."""
        self._hooks.take_off()

    def _hook_sync(self, original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def send(client: Any, request: Any) -> Any:
            return record_sync(self, request, functools.partial(original, client))

        return send

    def _hook_async(
        self, original: Callable[[Any, Any], Awaitable[Any]]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        async def send(client: Any, request: Any) -> Any:
            return await record_async(self, request, functools.partial(original, client))

        return send


_bound: dict[int, BoundFamily] = {}


def bind(module: ModuleType) -> BoundFamily:
    """The one binding of a module object."""
    return _bound.setdefault(id(module), BoundFamily(module))
