"""Who a call is for: one frozen value, and the rules by which an inner scope's value adds to an outer one's.

The rules are those of Pay-i's page on decorators: lists combine, properties merge, the rest is inherited,
and an empty value blocks the outer one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Set
from types import NoneType
from typing import Final, TypeAlias, TypedDict, TypeVar, Unpack

import msgspec

__all__ = [
    "LARGEST_VERSION",
    "NO_USE_CASE",
    "Frame",
    "Scope",
    "UseCase",
    "check_scope",
    "check_value",
    "enter_scope",
    "merge",
    "to_text",
]

T = TypeVar("T")
# A version beyond this is no number that JSON can tell apart from its neighbours.
LARGEST_VERSION: Final = 2**53


class Scope(TypedDict, total=False):
    """What `track` and `track_context` take. None is 'not said', an empty value blocks the outer one."""

    limit_ids: list[str] | None
    use_case_name: str | None
    use_case_id: str | None
    use_case_version: int | None
    use_case_step: str | None
    user_id: str | None
    account_name: str | None
    request_properties: Mapping[str, object] | None
    use_case_properties: Mapping[str, object] | None
    request_tags: list[str] | None
    log_prompt_and_response: bool | None
    proxy: bool | None
    price_as_category: str | None
    price_as_resource: str | None
    resource_scope: str | None


def check_scope(function: str, scope: Mapping[str, object], *more: str) -> None:
    """Raises TypeError for an argument that neither a scope has nor is named in `more`, and for a value that
    its argument can't have.
    """
    if not _NAMES.issuperset(scope):
        wrong = ", ".join(repr(name) for name in scope if name not in _NAMES)
        accepted = ", ".join(sorted({*_NAMES, *more}))
        raise TypeError(f"{function}() got an unexpected keyword argument {wrong}; accepted: {accepted}")
    for name, value in scope.items():
        check_value(name, value)


def check_value(name: str, value: object) -> None:
    """Raises TypeError for a value that the argument `name` of a scope can't have."""
    fits, expected = _KINDS.get(name, _TEXT)
    if value is not None and not fits(value):
        raise TypeError(f"{name}: expected {expected}, got {value!r}")


def _is_text(value: object) -> bool:
    """Whether it reads as one text: a number does, and a UUID."""
    return isinstance(value, str) or not isinstance(value, _NO_TEXTS)


def _is_list(value: object) -> bool:
    """One name is not meant as the list of its letters."""
    return isinstance(value, list | tuple | Set) and all(map(_is_text, value))


def _is_version(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_VERSION


_NO_TEXTS = (NoneType, bytes, bytearray, list, tuple, Set, Mapping)
_NAMES = frozenset(Scope.__annotations__)
# What tells whether a value fits, and what does, in words.
_Kind: TypeAlias = tuple[Callable[[object], bool], str]
_TEXT: _Kind = (_is_text, "a string")
_LIST: _Kind = (_is_list, "a list of strings")
_PROPERTIES: _Kind = (lambda value: isinstance(value, Mapping), "a dict")
_SWITCH: _Kind = (lambda value: isinstance(value, bool), "True or False")
_KINDS: Mapping[str, _Kind] = {
    "limit_ids": _LIST,
    "request_tags": _LIST,
    "request_properties": _PROPERTIES,
    "use_case_properties": _PROPERTIES,
    "use_case_version": (_is_version, "an integer from 0 to 2**53"),
    "log_prompt_and_response": _SWITCH,
    "proxy": _SWITCH,
}


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who the calls inside a scope are for."""

    limit_ids: tuple[str, ...] = ()
    use_case_name: str | None = None
    use_case_id: str | None = None
    use_case_version: int | None = None
    use_case_step: str | None = None
    user_id: str | None = None
    account_name: str | None = None
    request_properties: Mapping[str, str] = {}
    use_case_properties: Mapping[str, str] = {}
    request_tags: tuple[str, ...] = ()
    log_prompt_and_response: bool | None = None
    proxy: bool | None = None
    price_as_category: str | None = None
    price_as_resource: str | None = None
    resource_scope: str | None = None


def enter_scope(outer: Frame, **scope: Unpack[Scope]) -> Frame:
    """The frame inside `scope`, which was entered inside `outer`."""
    use_case = _enter_use_case(outer, scope)
    return Frame(
        **use_case,
        limit_ids=_combine(outer.limit_ids, scope.get("limit_ids")),
        request_tags=_combine(outer.request_tags, scope.get("request_tags")),
        request_properties=merge(outer.request_properties, scope.get("request_properties")),
        user_id=_inherit(outer.user_id, scope.get("user_id")),
        account_name=_inherit(outer.account_name, scope.get("account_name")),
        price_as_category=_inherit(outer.price_as_category, scope.get("price_as_category")),
        price_as_resource=_inherit(outer.price_as_resource, scope.get("price_as_resource")),
        resource_scope=_inherit(outer.resource_scope, scope.get("resource_scope")),
        log_prompt_and_response=_either(scope.get("log_prompt_and_response"), outer.log_prompt_and_response),
        proxy=_either(scope.get("proxy"), outer.proxy),
    )


class UseCase(TypedDict):
    """The part of a frame that belongs to its use case."""

    use_case_name: str | None
    use_case_id: str | None
    use_case_version: int | None
    use_case_step: str | None
    use_case_properties: Mapping[str, str]


NO_USE_CASE: UseCase = {
    "use_case_name": None,
    "use_case_id": None,
    "use_case_version": None,
    "use_case_step": None,
    "use_case_properties": {},
}


def _enter_use_case(outer: Frame, scope: Scope) -> UseCase:
    """A different name starts a use case afresh; the empty name leaves every use case."""
    given = scope.get("use_case_name")
    if given == "":
        return NO_USE_CASE
    name = _inherit(outer.use_case_name, given)
    if name != outer.use_case_name:
        outer = Frame(use_case_name=name, use_case_id=str(uuid.uuid4()))
    return {
        "use_case_name": outer.use_case_name,
        "use_case_id": _inherit(outer.use_case_id, scope.get("use_case_id")),
        "use_case_version": _either(scope.get("use_case_version"), outer.use_case_version),
        "use_case_step": _inherit(outer.use_case_step, scope.get("use_case_step")),
        "use_case_properties": merge(outer.use_case_properties, scope.get("use_case_properties")),
    }


def to_text(value: object) -> str:
    """Pay-i takes text alone, so values become text. Lone surrogates have no encoding: they become `?`."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _inherit(outer: str | None, inner: str | None) -> str | None:
    return outer if inner is None else to_text(inner) or None


def _either(inner: T | None, outer: T | None) -> T | None:
    return outer if inner is None else inner


def _combine(outer: tuple[str, ...], inner: Iterable[str] | None) -> tuple[str, ...]:
    if inner is None:
        return outer
    added = tuple(map(to_text, inner))
    return tuple(dict.fromkeys((*outer, *added))) if added else ()


def merge(outer: Mapping[str, str], inner: Mapping[str, object] | None) -> Mapping[str, str]:
    """None is left out."""
    if inner is None:
        return outer
    added = {to_text(name): to_text(value) for name, value in inner.items() if value is not None}
    return {**outer, **added} if inner else {}
