"""Methods of resources, typed for each surface from the one function that builds the call."""

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

__all__ = ["RAW", "STREAMING", "Resource", "Variant", "endpoint", "list_endpoint"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
SurfaceT = TypeVar("SurfaceT", bound=Surface)


class Resource(Generic[SurfaceT]):
    """A part of the API, in one of the surfaces."""

    def __init__(self, surface: SurfaceT) -> None:
        self._surface = surface

    def _on_surface(self, surface: Any) -> Any:
        """The same part of the API in another surface."""
        return type(self)(surface)


class endpoint(Generic[P, T]):
    """A method that makes one call. The decorated function gets the resource, which it has no need of."""

    def __init__(self, build: Callable[Concatenate[Any, P], RequestSpec[T]]) -> None:
        self.build = build
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
        if resource is None:
            return self
        return _bind(self.build.__get__(resource), resource._surface.call)


class list_endpoint(Generic[P, T]):
    """A method that asks for a list, page by page."""

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
        return _bind(self.build.__get__(resource), resource._surface.list)


def _bind(build: Callable[P, RequestSpec[Any]], send: Callable[[RequestSpec[Any]], T]) -> Callable[P, T]:
    @functools.wraps(build)
    def method(*args: P.args, **kwargs: P.kwargs) -> T:
        call = build(*args, **kwargs)
        if unknown := call.options.keys() - RequestOptions.__annotations__.keys():
            raise TypeError(f"{build.__qualname__}() got an unexpected keyword argument {min(unknown)!r}")
        return send(call)

    return method


class Variant(Generic[S, A]):
    """The same resource on another surface: `S` for the sync surface, `A` for the async one."""

    def __init__(self, surface: str) -> None:
        self._surface = surface

    @overload
    def __get__(self, resource: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: Any) -> S: ...
    @overload
    def __get__(self, resource: Resource[Async], owner: Any) -> A: ...
    def __get__(self, resource: Any, owner: Any) -> Any:
        if resource is None:
            return self
        return resource._on_surface(getattr(resource._surface, self._surface)())


RAW: Variant[Any, Any] = Variant("raw")
STREAMING: Variant[Any, Any] = Variant("streaming")
