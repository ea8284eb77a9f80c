"""The types of context fields: what a field accepts, how scopes merge it, how headers carry it.

A scope accepts more than a frame holds: numbers and UUIDs count as text, and any list, tuple or set as a
list. Merging converts, so a frame holds only text, tuples of text, dicts of text, ints and bools, all of
which can be sent as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from types import NoneType
from typing import Annotated, Any, NamedTuple

import msgspec

from payi_transport.context.header_text import (
    LARGEST_VERSION,
    encode_properties,
    read_list,
    read_logging,
    read_properties,
    read_switch,
    read_text,
    read_version,
    to_properties,
    to_text,
    write_list,
    write_logging,
    write_properties,
    write_text,
)

__all__ = ["LOGGING", "PROPERTIES", "SWITCH", "TEXT", "TEXTS", "VERSION", "FieldType"]


class FieldType(NamedTuple):
    """What all fields of one type share.

    `merge(outer, inner)` returns the value inside a scope that sets `inner`, which is not None.
    `read_header` raises one of `header_text.UNREADABLE` for a malformed value. `write_header` takes what a
    scope accepts, `write_proxied` what a frame holds.
    """

    expected: str
    accepts: Callable[[object], bool]
    merge: Callable[[Any, Any], Any]
    read_header: Callable[[str], Any]
    write_header: Callable[[Any], str]
    write_proxied: Callable[[Any], str]
    frame_type: Any
    config_type: Any
    default: Any = None


def _is_text(value: object) -> bool:
    """Accept whatever reads as one text, such as a number or a UUID."""
    return isinstance(value, str) or not isinstance(value, _NOT_TEXT)


def _is_list(value: object) -> bool:
    """Accept a list of text. A single string is refused: it is never meant as a list of its letters."""
    return isinstance(value, list | tuple | Set) and all(map(_is_text, value))


def _is_properties(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_version(value: object) -> bool:
    # In Python, True is an int.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_VERSION


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


# str() makes text of these, too, but nobody means `b'x'` or `[1, 2]` as a user id.
_NOT_TEXT = (NoneType, bytes, bytearray, list, tuple, Set, Mapping)


def _replace_text(outer: str | None, inner: object) -> str | None:
    # An empty value clears the outer one.
    return to_text(inner) or None


def _replace(outer: object, inner: object) -> object:
    return inner


def _combine(outer: tuple[str, ...], inner: Iterable[object]) -> tuple[str, ...]:
    added = tuple(map(to_text, inner))
    # A dict drops duplicates as a set would, and keeps the order. An empty list clears the outer one.
    return tuple(dict.fromkeys((*outer, *added))) if added else ()


def _merge_properties(outer: Mapping[str, str], inner: Mapping[Any, object]) -> Mapping[str, str]:
    # A new dict, because the calls of the outer scope still refer to the old one.
    return {**outer, **to_properties(inner)} if inner else {}


def _send_disabled(logs: bool) -> str:
    """Send only a False: without the header, Pay-i logs content."""
    return "" if logs else "True"


# Pay-i takes text alone; `config` accepts what reads as one text.
Property = Annotated[str | int | float | bool, msgspec.Meta(description="a string, a number, True or False")]

TEXT = FieldType("a string", _is_text, _replace_text, read_text, write_text, str, str | None, str | None)
TEXTS = FieldType(
    "a list of strings",
    _is_list,
    _combine,
    read_list,
    write_list,
    ",".join,
    tuple[str, ...],
    tuple[str, ...],
    (),
)
PROPERTIES = FieldType(
    "a dict",
    _is_properties,
    _merge_properties,
    read_properties,
    write_properties,
    encode_properties,
    Mapping[str, str],
    dict[str, Property],
    {},
)
_VERSION = "an integer from 0 to 2**53"
VERSION = FieldType(
    _VERSION,
    _is_version,
    _replace,
    read_version,
    write_text,
    str,
    int | None,
    Annotated[int, msgspec.Meta(ge=0, le=LARGEST_VERSION, description=_VERSION)] | None,
)
SWITCH = FieldType("True or False", _is_switch, _replace, read_switch, str, str, bool | None, bool | None)
# The header disables logging, so its value is the opposite of the field's.
LOGGING = SWITCH._replace(read_header=read_logging, write_header=write_logging, write_proxied=_send_disabled)
