"""Pages of the Pay-i API's lists, sync and async.

Iterating over a page yields its items and then fetches the pages after it, one at a time, each by the cursor
of the one before. A page holds a `fetch` function rather than a client, so this module does no I/O.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from payi_transport.types.model import Model

__all__ = ["AsyncCursorPage", "AsyncPaginator", "CursorPage", "PageInfo", "SyncCursorPage"]

T = TypeVar("T")


class CursorPage(Model, Generic[T]):
    """One page as the API returns it. `cursor` asks for the next one."""

    items: list[T] | None = None
    cursor: str | None = None
    has_more: bool | None = None


class PageInfo(NamedTuple):
    """The parameters that ask for a page, in addition to those of its list."""

    params: Mapping[str, str]


class _BasePage(Generic[T]):
    """A page, and how to fetch another one by its cursor."""

    def __init__(self, page: CursorPage[T], fetch: Callable[[str], Any]) -> None:
        self._page = page
        self._fetch = fetch

    @property
    def items(self) -> list[T]:
        return self._page.items or []

    @property
    def cursor(self) -> str | None:
        return self._page.cursor

    @property
    def next_cursor(self) -> str | None:
        """Return the `cursor=` of the next page; None on the last one."""
        return self._page.cursor if self.has_more else None

    @property
    def has_more(self) -> bool:
        """Return whether there is another page. If the API does not say, an empty page is the last one."""
        more = self._page.has_more
        return bool(self._page.cursor) and (bool(self.items) if more is None else more)

    def has_next_page(self) -> bool:
        """Return `has_more`."""
        return self.has_more

    def next_page_info(self) -> PageInfo | None:
        """Return the parameters that ask for the next page; None on the last one."""
        return None if (cursor := self.next_cursor) is None else PageInfo({"cursor": cursor})

    def to_dict(self) -> dict[str, Any]:
        """Return the page as the API sent it."""
        return self._page.to_dict()

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return `to_dict()` as JSON; `indent=None` is one line."""
        return self._page.to_json(indent=indent)

    def _next_cursor(self) -> str:
        if (cursor := self.next_cursor) is None:
            raise RuntimeError("This is the last page; check has_next_page() before get_next_page()")
        return cursor

    def __repr__(self) -> str:
        return repr(self._page).replace(type(self._page).__name__, type(self).__name__, 1)


class SyncCursorPage(_BasePage[T]):
    """A page of a list. Iterate over it for its items and those of all pages after it."""

    _fetch: Callable[[str], SyncCursorPage[T]]

    def get_next_page(self) -> SyncCursorPage[T]:
        """Fetch the next page. Raises RuntimeError on the last one."""
        return self._fetch(self._next_cursor())

    def iter_pages(self) -> Iterator[SyncCursorPage[T]]:
        """Yield this page and those after it."""
        page = self
        yield page
        while page.has_more:
            page = page.get_next_page()
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.iter_pages():
            yield from page.items


class AsyncCursorPage(_BasePage[T]):
    """A page of a list. Use `async for` for its items and those of all pages after it."""

    _fetch: Callable[[str], Awaitable[AsyncCursorPage[T]]]

    async def get_next_page(self) -> AsyncCursorPage[T]:
        """Fetch the next page. Raises RuntimeError on the last one."""
        return await self._fetch(self._next_cursor())

    async def iter_pages(self) -> AsyncIterator[AsyncCursorPage[T]]:
        """Yield this page and those after it."""
        page = self
        yield page
        while page.has_more:
            page = await page.get_next_page()
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.iter_pages():
            for item in page.items:
                yield item


class AsyncPaginator(Generic[T]):
    """A list that is not fetched yet: `await` returns its first page, `async for` yields all of its items."""

    def __init__(self, first: Callable[[], Awaitable[AsyncCursorPage[T]]]) -> None:
        self._first = first

    def __await__(self) -> Generator[Any, Any, AsyncCursorPage[T]]:
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item
