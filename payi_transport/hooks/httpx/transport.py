"""A transport of httpx or httpx2 that records the calls that pass through it.

A transport has to be an instance of the base class of its client's module. Which module that is depends on
the transport to be wrapped, so `__new__` creates the instance from a subclass of both classes.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from payi_transport.compat import Self
from payi_transport.hooks.httpx.family import BoundFamily
from payi_transport.hooks.httpx.installed import find_family, get_family

if TYPE_CHECKING:
    import httpx
    import httpx2

    # An instance belongs to only one of them, but which one depends on its argument.
    class _Transport(httpx.BaseTransport, httpx2.BaseTransport):
        def handle_request(self, request: Any) -> Any: ...

    class _AsyncTransport(httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: Any) -> Any: ...

else:
    _Transport = _AsyncTransport = object

__all__ = ["AsyncPayiTransport", "PayiTransport"]


class PayiTransport(_Transport):
    """Wraps any sync transport of httpx or httpx2, and is a transport of the same module.

    Without an argument it wraps a new `HTTPTransport`, of httpx2 if that is installed. Calls are recorded
    once `payi_instrument()` has been called; until then they pass through. Raises TypeError if the argument
    is not a transport.
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
        return self._family.send_inside(self, request)

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
    """Wraps any async transport of httpx or httpx2; see `PayiTransport`."""

    _family: BoundFamily
    _inner: Any

    def __new__(cls, transport: Any = None) -> Self:
        family = get_family("auto") if transport is None else find_family(transport, "AsyncBaseTransport")
        self: Self = object.__new__(_of_family(cls, family.module.AsyncBaseTransport))
        self._family = family
        self._inner = family.module.AsyncHTTPTransport() if transport is None else transport
        return self

    async def handle_async_request(self, request: Any) -> Any:
        return await self._family.send_async_inside(self, request)

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
    """Return a subclass of both `cls` and `base`, the same one each time."""
    # `setdefault` is atomic, so two threads get the same class.
    found = _classes.get((cls, base))
    return found or _classes.setdefault((cls, base), type(cls.__name__, (cls, base), {}))
