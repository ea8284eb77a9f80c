"""Pages of Pay-i's lists: how many items, in which order, and where the next one starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from payi_transport.serve.faults import Refusal
from payi_transport.serve.paging import make_page


def ask(items: Sequence[int], **query: str) -> dict[str, Any]:
    return make_page(Request({"type": "http", "query_string": urlencode(query).encode()}), items)


@pytest.mark.parametrize(
    ("count", "query", "shown", "has_more"),
    [
        (0, {}, 0, False),
        (25, {}, 25, False),
        (26, {}, 25, True),
        (30, {"limit": ""}, 25, True),
        (3, {"limit": "3"}, 3, False),
        (3, {"limit": "2"}, 2, True),
        (3, {"limit": "1"}, 1, True),
        (101, {"limit": "100"}, 100, True),
    ],
    ids=str,
)
def test_a_page_says_whether_there_are_more(
    count: int, query: dict[str, str], shown: int, has_more: bool
) -> None:
    page = ask(range(count), **query)
    assert page["items"] == list(range(shown))
    assert page["has_more"] is has_more
    assert ("cursor" in page) is has_more


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, [0, 1, 2, 3, 4]) for text in ("true", "1", "yes", "")),
        *((text, [4, 3, 2, 1, 0]) for text in ("false", "False", "FALSE", "0")),
    ],
)
def test_pages_follow_each_other_in_either_order(text: str, expected: list[int]) -> None:
    seen: list[int] = []
    query = {"limit": "2", "sort_ascending": text}
    while True:
        page = ask(range(5), **query)
        seen += page["items"]
        if not page["has_more"]:
            break
        query["cursor"] = page["cursor"]
    assert seen == expected
    assert len(page["items"]) == 1


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        *(
            ({"limit": text}, "invalid_limit", f"limit: expected a number from 1 to 100, got {text!r}")
            for text in ("0", "101", "-1", "x")
        ),
        *(
            ({"cursor": text}, "invalid_cursor", f"{text!r} is not a cursor of this list")
            for text in ("x", "_w==", "LTU=")
        ),
    ],
)
def test_a_wrong_size_and_the_cursor_of_another_list_are_refused(
    query: dict[str, str], code: str, message: str
) -> None:
    with pytest.raises(Refusal) as raised:
        ask(range(5), **query)
    assert (raised.value.code, str(raised.value)) == (code, message)


def test_an_empty_cursor_is_the_start_of_the_list() -> None:
    assert ask(range(5), cursor="")["items"] == [0, 1, 2, 3, 4]
