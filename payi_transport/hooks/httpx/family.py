"""Binding the recording to httpx or httpx2: its stream classes, and the hook on its clients.

A family is bound to a module object rather than to a name, because `httpx2.alias_httpx()` makes both names
refer to one module.

`Client._send_single_request` is hooked, although it is private. It is the one method through which a client
sends every request, once for each redirect and each step of an authentication. So the hook sees custom
transports, `mounts=`, and clients made before and after it was installed. `HTTPTransport.handle_request`
would miss custom transports, and `Client.send` would see one call where several requests were sent. The
name is the same in httpx 0.28 and httpx2 2.x, and contract tests pin it; a version without it causes a
warning at start.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from payi_transport.hooks.httpx.record import make_async_send, make_send
from payi_transport.hooks.httpx.request import find_packer
from payi_transport.hooks.httpx.streams import RecordedAsyncStream, RecordedSyncStream
from payi_transport.hooks.methods import MethodPatches, find_class

__all__ = ["BoundFamily", "bind"]

SEND_METHOD = "_send_single_request"


class BoundFamily:
    """One of the two modules, with the stream classes made for it and the hook on its clients."""

    def __init__(self, module: ModuleType) -> None:
        self.module: Any = module
        self.response: Callable[..., Any] = module.Response
        self.byte_stream: Callable[[bytes], Any] = module.ByteStream
        self.not_read: type[Exception] = module.RequestNotRead
        self.pack = find_packer(module)
        # The clients assert that a response's stream is an instance of their own module's class.
        self.sync_stream: type[Any] = type(
            "RecordedSyncStream", (RecordedSyncStream, module.SyncByteStream), {}
        )
        self.async_stream: type[Any] = type(
            "RecordedAsyncStream", (RecordedAsyncStream, module.AsyncByteStream), {}
        )
        # What the transports of `transport.py` do with a request.
        self.send_inside = make_send(self, _send_inside, is_layer=True)
        self.send_async_inside = make_async_send(self, _send_async_inside, is_layer=True)
        self._patches = MethodPatches()

    @property
    def name(self) -> str:
        name: str = self.module.__name__
        return name

    def install(self) -> list[str]:
        """Hook the clients. Return the names of methods that this version does not have."""
        client: Any = find_class(self.module, "Client")
        async_client: Any = find_class(self.module, "AsyncClient")
        missing = self._patches.patch(client, SEND_METHOD, partial(make_send, self))
        return missing + self._patches.patch(async_client, SEND_METHOD, partial(make_async_send, self))

    def uninstall(self) -> None:
        """Put the clients' own methods back."""
        self._patches.restore()


def _send_inside(transport: Any, request: Any) -> Any:
    return transport._inner.handle_request(request)


async def _send_async_inside(transport: Any, request: Any) -> Any:
    return await transport._inner.handle_async_request(request)


# By id, because an alias makes two names of one module. Modules are kept here, so no id is used again.
_bound: dict[int, BoundFamily] = {}


def bind(module: ModuleType) -> BoundFamily:
    """Return the binding of a module object, the same one each time."""
    return _bound.setdefault(id(module), BoundFamily(module))
