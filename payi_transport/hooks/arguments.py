"""Reading what a program passes to its library, without taking anything from the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["UnreadableError", "peek", "read"]

Result = TypeVar("Result")


class UnreadableError(Exception):
    """What the program has passed can't be read. Its library will raise an error of its own."""


def peek(options: dict[str, Any], name: str) -> Any:
    """Return an option that holds headers, in a form that can be read any number of times.

    An iterator can be read once, so its items are returned as a list, and the library gets another iterator
    over them. Raises UnreadableError if it raises anything, which the library then sees at the same item.
    """
    value: Any = options.get(name)
    if not hasattr(value, "__next__"):
        return value
    items: list[Any] = []
    try:
        for item in value:
            items.append(item)  # noqa: PERF402 (what came before an error is kept)
    except Exception as exc:
        options[name] = _fail_after(items, exc)
        raise UnreadableError from exc
    options[name] = iter(items)
    return items


def read(make: Callable[..., Result], *values: Any) -> Result:
    """Return what a function makes of what the program has passed. Raises UnreadableError if it can't."""
    try:
        return make(*values)
    except (TypeError, ValueError) as exc:
        raise UnreadableError from exc


def _fail_after(items: list[Any], exc: Exception) -> Iterator[Any]:
    yield from items
    raise exc
