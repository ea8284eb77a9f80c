"""One call of the Pay-i API as a value, and the parts of its request. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from payi_transport.client.timeouts import TimeoutTypes

__all__ = [
    "RawHeaders",
    "RequestOptions",
    "RequestSpec",
    "build_path",
    "encode_body",
    "encode_header",
    "encode_query",
    "merge_headers",
    "stringify_properties",
]

T = TypeVar("T")
RawHeaders = list[tuple[bytes, bytes]]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class RequestOptions(TypedDict, total=False):
    """What every call takes beside its own parameters. Extras win over what the call and the client say."""

    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    extra_body: Mapping[str, object] | None
    timeout: TimeoutTypes | UnsetType


class RequestSpec(msgspec.Struct, Generic[T], frozen=True):
    """What to send, and what the answer is. UNSET is not sent, None only as a value of the body."""

    method: str
    path: str
    answer: type[T]
    options: RequestOptions = {}
    query: Mapping[str, object] = {}
    headers: Mapping[str, object] = {}
    body: Any = UNSET

    def at(self, cursor: str) -> RequestSpec[T]:
        """The same call for another page."""
        extra = {**(self.options.get("extra_query") or {}), "cursor": cursor}
        return msgspec.structs.replace(self, options={**self.options, "extra_query": extra})


def build_path(template: str, /, **values: str) -> str:
    """A path with its parameters, escaped. Raises ValueError for one that is empty or changes the path."""
    for name, value in values.items():
        if not value:
            raise ValueError(f"Expected a non-empty value for `{name}` but received {value!r}")
        if value in (".", ".."):
            raise ValueError(f"`{name}`: {value!r} can't be part of a path")
    return template.format(**{name: quote(str(value), safe="") for name, value in values.items()})


def stringify_properties(
    properties: Mapping[str, object] | UnsetType | None,
) -> Mapping[str, str | None] | UnsetType | None:
    """Properties with their values as text, as the API takes no others."""
    if not isinstance(properties, Mapping):
        return properties
    return {name: None if value is None else str(value) for name, value in properties.items()}


def encode_query(*layers: Mapping[str, object] | None) -> dict[str, str]:
    """The layers' values as text, later ones winning; lists joined by commas."""
    values = {name: value for layer in layers for name, value in (layer or {}).items()}
    return {name: _to_text(value) for name, value in values.items() if _is_given(value)}


def merge_headers(*layers: Mapping[str, object] | None) -> RawHeaders:
    """The layers' headers, later ones winning whatever the case of their names."""
    merged = {
        name.lower(): (name.encode(), encode_header(value))
        for layer in layers
        for name, value in (layer or {}).items()
        if _is_given(value)
    }
    return list(merged.values())


def encode_header(value: object) -> bytes:
    """A header's value in UTF-8, without the characters that no header may have."""
    return _CONTROL.sub(" ", _to_text(value)).strip().encode()


def encode_body(body: Any, extra: Mapping[str, object] | None) -> bytes | None:
    """JSON, None for a call without a body. Raises TypeError for what JSON can't say."""
    if extra:
        if not isinstance(body, Mapping | UnsetType):
            raise TypeError(f"extra_body: a body of type {type(body).__name__} can't be merged with it")
        body = {**(body or {}), **extra}
    if body is UNSET:
        return None
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if value is not UNSET}
    return msgspec.json.encode(body, enc_hook=_to_builtins)


def _to_builtins(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(_to_text, value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _is_given(value: object) -> bool:
    return value is not None and value is not UNSET
