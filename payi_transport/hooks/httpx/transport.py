"""A transport that records what passes through it, of either family of httpx."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from payi_transport.compat import Self
from payi_transport.hooks.httpx.family import BoundFamily
from payi_transport.hooks.httpx.installed import find_family, get_family
from payi_transport.hooks.httpx.record import record_async, record_sync

if TYPE_CHECKING:
    import httpx
    import httpx2

    # An instance is of one family alone; which, only the argument tells.
    class _Transport(httpx.BaseTransport, httpx2.BaseTransport):
        def handle_request(self, request: Any) -> Any: ...

    class _AsyncTransport(httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: Any) -> Any: ...

else:
    _Transport = _AsyncTransport = object

__all__ = ["AsyncPayiTransport", "PayiTransport"]


class PayiTransport(_Transport):
    """`PayiTransport(transport)` wraps any sync transport of httpx or httpx2, and is of that family itself.

    Without an argument it wraps a new `HTTPTransport`, of httpx2 where that is installed. Raises TypeError
    for what is no transport. Records once `payi_instrument()` was called, and passes through else.
    """

    _family: BoundFamily
    _inner: Any

    def __new__(cls, transport: Any = None) -> Self:
        family = get_family("auto") if transport is None else find_family(transport, "BaseTransport")
        self: Self = object.__new__(_of_family(cls, family.module.BaseTransport))
        self._family = family
        self._inner = family.module.HTTPTransport() if transport is None else transport
        return self

    def handle_request(self, request: Any) -> Any:
        return record_sync(self._family, request, self._inner.handle_request)

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._inner.__exit__(exc_type, exc_value, traceback)


class AsyncPayiTransport(_AsyncTransport):
    """`PayiTransport` for async transports."""

    _family: BoundFamily
    _inner: Any

    def __new__(cls, transport: Any = None) -> Self:
        family = get_family("auto") if transport is None else find_family(transport, "AsyncBaseTransport")
        self: Self = object.__new__(_of_family(cls, family.module.AsyncBaseTransport))
        self._family = family
        self._inner = family.module.AsyncHTTPTransport() if transport is None else transport
        return self

    async def handle_async_request(self, request: Any) -> Any:
        return await record_async(self._family, request, self._inner.handle_async_request)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._inner.__aexit__(exc_type, exc_value, traceback)


_classes: dict[tuple[type[Any], type[Any]], type[Any]] = {}


def _of_family(cls: type[Any], base: type[Any]) -> type[Any]:
    """`cls`, as a class that is also of the family that `base` belongs to."""
    found = _classes.get((cls, base))
    return found or _classes.setdefault((cls, base), type(cls.__name__, (cls, base), {}))
