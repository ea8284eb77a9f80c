"""One request to the Pay-i API as a value, and the encoding of its parts. No I/O.

A parameter distinguishes "not given" (`UNSET`, left out of the request) from None, which a body sends as
null. Query and headers have no null, so there None is left out as well. Where several layers set the same
name, the later one wins: the client's defaults, then the endpoint's own parameters, then the `extra_*`
options of the call. In a default or an option, None therefore removes what an earlier layer set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
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
    """Options that every endpoint accepts. They override what the endpoint and the client set."""

    extra_headers: Mapping[str, str | None] | None
    extra_query: Mapping[str, object] | None
    extra_body: Mapping[str, object] | None
    timeout: TimeoutTypes | UnsetType


class RequestSpec(msgspec.Struct, Generic[T], frozen=True):
    """A request to send and the type its response is parsed to."""

    method: str
    path: str
    response_type: type[T]
    # A mutable default is safe in a frozen Struct: msgspec copies empty dicts, and nothing writes to them.
    options: RequestOptions = {}
    query: Mapping[str, object] = {}
    headers: Mapping[str, object] = {}
    body: Any = UNSET
    # None: as many as the client retries.
    max_retries: int | None = None

    def at_cursor(self, cursor: str) -> RequestSpec[T]:
        """Return the same request for another page."""
        # In the options, because they are the last layer: a cursor that the caller passed for the first
        # page must not win.
        extra = {**(self.options.get("extra_query") or {}), "cursor": cursor}
        return msgspec.structs.replace(self, options={**self.options, "extra_query": extra})


def build_path(template: str, /, **values: str) -> str:
    """Fill a path template with percent-encoded values.

    Raises ValueError for an empty value, and for `.` and `..`: both would make the URL point elsewhere, and
    percent-encoding does not protect a dot.
    """
    for name, value in values.items():
        if not value:
            raise ValueError(f"Expected a non-empty value for `{name}` but received {value!r}")
        if value in (".", ".."):
            raise ValueError(f"`{name}`: {value!r} cannot be used as a path segment")
    # `safe=""` encodes slashes too, which would otherwise make a name into two segments of the path.
    return template.format(**{name: quote(str(value), safe="") for name, value in values.items()})


def stringify_properties(
    properties: Mapping[str, object] | UnsetType | None,
) -> Mapping[str, str | None] | UnsetType | None:
    """Convert the values of properties to strings, the only kind that the API accepts besides null."""
    if not isinstance(properties, Mapping):
        return properties
    return {name: None if value is None else str(value) for name, value in properties.items()}


def encode_query(*layers: Mapping[str, object] | None) -> dict[str, str]:
    """Merge query parameters, later layers winning, and convert values to text (lists with commas)."""
    # None stays in until all layers are merged, so that it can remove what an earlier layer set.
    values = {name: value for layer in layers for name, value in (layer or {}).items()}
    return {name: _to_text(value) for name, value in values.items() if _is_given(value)}


def merge_headers(*layers: Mapping[str, object] | None) -> RawHeaders:
    """Merge headers case-insensitively, later layers winning, and encode them. None removes a header."""
    merged = {
        # Keyed in lower case, because HTTP doesn't distinguish case, but sent as the caller wrote it.
        name.lower(): (name, value)
        for layer in layers
        for name, value in (layer or {}).items()
        if value is not UNSET
    }
    return [(name.encode(), encode_header(value)) for name, value in merged.values() if value is not None]


def encode_header(value: object) -> bytes:
    """Encode a header value as UTF-8, with control characters replaced by a space.

    A name or an id may come from an end user, so a line break in it must not start a header of its own.
    """
    # UTF-8, because names of users and use cases may be in any script. httpx encodes a str as ASCII and
    # would raise.
    return _CONTROL.sub(" ", _to_text(value)).strip().encode()


def encode_body(body: Any, extra: Mapping[str, object] | None) -> bytes | None:
    """Encode a body as JSON, with `extra` merged into it; return None where there is no body.

    Raises TypeError for a value that JSON cannot represent, and for `extra` where the body is a list.
    """
    if extra:
        if not isinstance(body, Mapping | UnsetType):
            raise TypeError(f"extra_body: expected a request body that is a dict, got {type(body).__name__}")
        body = {**(body or {}), **extra}
    if body is UNSET:
        return None
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if value is not UNSET}
    return msgspec.json.encode(body, enc_hook=_to_builtins)


def _to_builtins(value: Any) -> Any:
    # msgspec encodes dicts and lists only, and the types of parameters promise any mapping or iterable.
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    # Subclasses of other packages, such as those of pandas and pendulum.
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        # JSON's spelling. Test for it first, because a bool is an int as well.
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(_to_text, value))
    # datetime, date and time all have it, so none of them needs to be named.
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _is_given(value: object) -> bool:
    return value is not None and value is not UNSET
