"""Descriptors that turn one function, which builds a request, into a typed method on every surface.

A resource is generic in its surface, as in `Limits[Sync]` or `Limits[AsyncRaw]`. Its endpoints are functions
that return a `RequestSpec[T]`; at runtime `endpoint.__get__` passes that spec to the resource's surface. The
overloads of `__get__` are the only place where the six return types are written down: Python has no
higher-kinded types, so "whatever the surface makes of T" cannot be expressed as one signature.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from payi_transport.client.request import RequestOptions, RequestSpec
from payi_transport.client.responses import APIResponse, AsyncAPIResponse
from payi_transport.client.surfaces import (
    Async,
    AsyncRaw,
    AsyncStreaming,
    Surface,
    Sync,
    SyncRaw,
    SyncStreaming,
)
from payi_transport.compat import Self
from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, CursorPage, SyncCursorPage

__all__ = ["RAW", "STREAMING", "Resource", "SurfaceT", "Variant", "endpoint", "list_endpoint"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
SurfaceT = TypeVar("SurfaceT", bound=Surface)


class Resource(Generic[SurfaceT]):
    """A part of the API on one surface."""

    def __init__(self, surface: SurfaceT) -> None:
        self._surface = surface

    def _on_surface(self, surface: Any) -> Any:
        """Return the same part of the API on another surface."""
        return type(self)(surface)


class endpoint(Generic[P, T]):
    """Make a method of a function that builds one request. The function must not use its `self`."""

    def __init__(self, build: Callable[Concatenate[Any, P], RequestSpec[T]]) -> None:
        self.build = build
        # `help()` and documentation tools read the descriptor itself, from the class.
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, resource: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[SyncRaw], owner: Any) -> Callable[P, APIResponse[T]]: ...
    @overload
    def __get__(
        self, resource: Resource[SyncStreaming], owner: Any
    ) -> Callable[P, AbstractContextManager[APIResponse[T]]]: ...
    @overload
    def __get__(self, resource: Resource[Async], owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(
        self, resource: Resource[AsyncRaw], owner: Any
    ) -> Callable[P, Coroutine[Any, Any, AsyncAPIResponse[T]]]: ...
    @overload
    def __get__(
        self, resource: Resource[AsyncStreaming], owner: Any
    ) -> Callable[P, AbstractAsyncContextManager[AsyncAPIResponse[T]]]: ...
    def __get__(self, resource: Any, owner: Any) -> Any:
        # Access on the class returns the descriptor, as it does for functions and properties.
        if resource is None:
            return self
        return _bind(self.build.__get__(resource), resource._surface.send)


class list_endpoint(Generic[P, T]):
    """Make a method of a function that builds the request for the first page of a list."""

    def __init__(self, build: Callable[Concatenate[Any, P], RequestSpec[CursorPage[T]]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, resource: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: Any) -> Callable[P, SyncCursorPage[T]]: ...
    @overload
    def __get__(
        self, resource: Resource[SyncRaw], owner: Any
    ) -> Callable[P, APIResponse[SyncCursorPage[T]]]: ...
    @overload
    def __get__(
        self, resource: Resource[SyncStreaming], owner: Any
    ) -> Callable[P, AbstractContextManager[APIResponse[SyncCursorPage[T]]]]: ...
    @overload
    def __get__(self, resource: Resource[Async], owner: Any) -> Callable[P, AsyncPaginator[T]]: ...
    @overload
    def __get__(
        self, resource: Resource[AsyncRaw], owner: Any
    ) -> Callable[P, Coroutine[Any, Any, AsyncAPIResponse[AsyncCursorPage[T]]]]: ...
    @overload
    def __get__(
        self, resource: Resource[AsyncStreaming], owner: Any
    ) -> Callable[P, AbstractAsyncContextManager[AsyncAPIResponse[AsyncCursorPage[T]]]]: ...
    def __get__(self, resource: Any, owner: Any) -> Any:
        if resource is None:
            return self
        return _bind(self.build.__get__(resource), resource._surface.send_list)


def _bind(build: Callable[P, RequestSpec[Any]], send: Callable[[RequestSpec[Any]], T]) -> Callable[P, T]:
    # The method keeps the name, signature and docstring that a user sees in an editor.
    @functools.wraps(build)
    def method(*args: P.args, **kwargs: P.kwargs) -> T:
        spec = build(*args, **kwargs)
        # `**options: Unpack[RequestOptions]` is checked by type checkers only; at runtime it takes any name.
        if unknown := spec.options.keys() - RequestOptions.__annotations__.keys():
            raise TypeError(f"{build.__qualname__}() got an unexpected keyword argument {min(unknown)!r}")
        return send(spec)

    return method


class Variant(Generic[S, A]):
    """Provide the same resource on another surface: `S` where the resource is sync, `A` where it is async."""

    def __init__(self, factory: str) -> None:
        self._factory = factory

    @overload
    def __get__(self, resource: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: Any) -> S: ...
    @overload
    def __get__(self, resource: Resource[Async], owner: Any) -> A: ...
    def __get__(self, resource: Any, owner: Any) -> Any:
        if resource is None:
            return self
        # Made anew on each access, because a surface has no state but the transport that it shares.
        return resource._on_surface(getattr(resource._surface, self._factory)())


# Typed `Any` here; each resource states its own types where it assigns them.
RAW: Variant[Any, Any] = Variant("raw")
STREAMING: Variant[Any, Any] = Variant("streaming")
