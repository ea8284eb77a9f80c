"""Pages of lists, one by one or iterated over as one list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, CursorPage, PageInfo, SyncCursorPage

PAGES: Mapping[str, CursorPage[int]] = {
    "": CursorPage([1, 2], "b", True),
    "b": CursorPage([], "c", True),
    "c": CursorPage([3], "d"),
    "d": CursorPage([4], "e", False),
}


def first_page() -> SyncCursorPage[int]:
    def fetch(cursor: str) -> SyncCursorPage[int]:
        return SyncCursorPage(PAGES[cursor], fetch)

    return fetch("")


async def first_async_page() -> AsyncCursorPage[int]:
    async def fetch(cursor: str) -> AsyncCursorPage[int]:
        return AsyncCursorPage(PAGES[cursor], fetch)

    return await fetch("")


@pytest.mark.parametrize(
    ("page", "more"),
    [
        (CursorPage([1], None, None), False),
        (CursorPage([1], "c", None), True),
        (CursorPage([1], "", None), False),
        (CursorPage([], "c", None), False),
        (CursorPage([], "c", True), True),
        (CursorPage([1], "c", False), False),
        (CursorPage([1], None, True), False),
        (CursorPage(None, None, None), False),
    ],
)
def test_a_page_knows_whether_and_how_to_fetch_the_next_one(page: CursorPage[int], more: bool) -> None:
    def fetch(cursor: str) -> SyncCursorPage[int]:
        return SyncCursorPage(PAGES["d"], fetch)

    wrapped = SyncCursorPage(page, fetch)
    assert wrapped.has_more is wrapped.has_next_page() is more
    assert wrapped.next_cursor == (page.cursor if more else None)
    assert wrapped.next_page_info() == (PageInfo({"cursor": page.cursor or ""}) if more else None)
    assert (wrapped.items, wrapped.cursor) == (page.items or [], page.cursor)
    if more:
        assert wrapped.get_next_page().items == [4]
    else:
        with pytest.raises(RuntimeError, match="last page"):
            wrapped.get_next_page()


def test_iterating_continues_through_all_pages_even_past_an_empty_one() -> None:
    assert list(first_page()) == [1, 2, 3, 4]
    assert [page.items for page in first_page().iter_pages()] == [[1, 2], [], [3], [4]]
    assert list(first_page().get_next_page()) == [3, 4]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_iterating_continues_through_all_pages(backend: str) -> None:
    async def main() -> None:
        page = await first_async_page()
        assert [item async for item in page] == [1, 2, 3, 4]
        assert [each.items async for each in page.iter_pages()] == [[1, 2], [], [3], [4]]
        assert (await page.get_next_page()).items == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_paginator_can_be_awaited_or_iterated_over(backend: str) -> None:
    async def main() -> None:
        paginator = AsyncPaginator(first_async_page)
        assert (await paginator).items == [1, 2]
        assert [item async for item in paginator] == [1, 2, 3, 4]

    anyio.run(main, backend=backend)


def test_the_repr_of_a_page_shows_its_items() -> None:
    page: Any = first_page()
    assert repr(page) == "SyncCursorPage(items=[1, 2], cursor='b', has_more=True)"
    assert page.to_dict() == {"items": [1, 2], "cursor": "b", "has_more": True}
    assert page.to_json(indent=None) == '{"items":[1,2],"cursor":"b","has_more":true}'
    assert json.loads(page.to_json()) == page.to_dict()
