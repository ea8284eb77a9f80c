"""Lists of Pay-i's API: a page at a time, by a cursor that says where the last one ended."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from payi_transport.serve.faults import Refusal
from payi_transport.values.numbers import read_number

__all__ = ["make_page"]

_USUAL, _MAX = 25, 100


def make_page(request: Request, items: Sequence[Any]) -> dict[str, Any]:
    """Return the page of `items` that a request asks for, by `cursor`, `limit`, and `sort_ascending`."""
    query = request.query_params
    if query.get("sort_ascending", "true").lower() in ("false", "0"):
        items = items[::-1]
    start = _read_cursor(query.get("cursor"))
    end = start + _read_size(query.get("limit"))
    page: dict[str, Any] = {"items": list(items[start:end]), "has_more": end < len(items)}
    if end < len(items):
        page["cursor"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return page


def _read_size(text: str | None) -> int:
    size = read_number(text) if text else _USUAL
    if size is None or not 1 <= size <= _MAX:
        raise Refusal("invalid_limit", f"limit: expected a number from 1 to {_MAX}, got {text!r}")
    return size


def _read_cursor(text: str | None) -> int:
    if not text:
        return 0
    try:
        start = read_number(base64.urlsafe_b64decode(text).decode())
    except ValueError:
        start = None
    if start is None:
        raise Refusal("invalid_cursor", f"{text!r} is not a cursor of this list")
    return start
