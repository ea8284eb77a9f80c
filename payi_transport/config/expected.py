"""What a setting accepts, in words, read from its type in the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from payi_transport.config.schema import Section

__all__ = ["describe", "find_section"]

_WORDS: dict[Any, str] = {
    str: "a string",
    int: "an integer of at most 64 bits",
    float: "a number",
}


def describe(hint: Any) -> str:
    """Return what a type accepts as a phrase for an error: "a string", "'bulk', 'single' or 'inline'", …"""
    *others, last = dict.fromkeys(_alternatives(hint))
    return f"{', '.join(others)} or {last}" if others else last


def find_section(hint: Any) -> type[Section] | None:
    """Return the section that a setting of this type holds, None for any other value."""
    # The schema has sections alone, or as `Section | None`.
    for member in get_args(hint) if isinstance(hint, UnionType) else (hint,):
        if isinstance(member, type) and issubclass(member, Section):
            return member
    return None


def _alternatives(hint: Any) -> Iterator[str]:
    described = [meta.description for meta in getattr(hint, "__metadata__", ()) if meta.description]
    origin = get_origin(hint)
    # The description of a type with bounds states the bounds, too.
    if described:
        yield from described
    elif origin in (UnionType, Union):
        for member in get_args(hint):
            # None stands for the default of any key, so it is not worth a word.
            if member is not NoneType:
                yield from _alternatives(member)
    elif origin is Literal:
        yield from map(repr, get_args(hint))
    elif hint is bool:
        # Two alternatives, so that `bool | Literal['auto']` reads "True, False or 'auto'".
        yield from ("True", "False")
    else:
        yield _describe_one(hint, origin)


def _describe_one(hint: Any, origin: Any) -> str:
    section = find_section(hint)
    if section is not None:
        words = f"a dict such as {{{section.__struct_fields__[0]!r}: ...}}"
        return f"a file name, True, False or {words}" if section.shorthand else words
    if origin is tuple:
        # The second argument of `tuple[X, ...]` is the ellipsis.
        item = get_args(hint)[0]
        if find_section(item):
            return "a list of dicts"
        return (
            "a list of strings"
            if str in (item, *get_args(item)[:1])
            else f"a list, each item {describe(item)}"
        )
    if origin is dict:
        return "a dict"
    return "a callable" if origin is Callable else _WORDS[hint]
