"""Whom one call is for, said by its own headers: making them, reading them, and taking them off again.

A value is plain ASCII where it can be, and otherwise an extended value of RFC 8187 (`UTF-8''%C3%A4`): SDKs
refuse a header that is not ASCII. Properties are compact JSON, which has escapes of its own.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from payi_transport.context.frame import LARGEST_VERSION, NO_USE_CASE, Frame, check_value, merge, to_text
from payi_transport.values.headers import Headers
from payi_transport.values.names import CONTEXT_HEADERS, PayiHeaderNames

__all__ = [
    "create_headers",
    "create_limit_header_from_ids",
    "find_own_headers",
    "find_removable_headers",
    "override_frame",
]

_PREFIX = b"xproxy-"
_SIGNED = re.compile(rb"\bSignedHeaders=([^,\s]*)")
_NONE: frozenset[bytes] = frozenset()
_EXTENDED = "UTF-8''"
# What a header can hold as it is: printable ASCII, with no space at either end; an item of a list, no comma.
_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_PLAIN_ITEM = re.compile(r"[!-+\--~]([ -+\--~]*[!-+\--~])?")
_FALSE = frozenset({"0", "false", "no", "off"})


def create_limit_header_from_ids(*, limit_ids: Sequence[str]) -> dict[str, str]:
    """The header that names the limits of a call. Raises TypeError for what is no list."""
    return create_headers(limit_ids=limit_ids)


def create_headers(
    *,
    limit_ids: Sequence[str] | None = None,
    user_id: str | None = None,
    account_name: str | None = None,
    use_case_id: str | None = None,
    use_case_name: str | None = None,
    use_case_version: int | None = None,
    use_case_step: str | None = None,
    use_case_properties: Mapping[str, object] | None = None,
    request_properties: Mapping[str, object] | None = None,
    price_as_category: str | None = None,
    price_as_resource: str | None = None,
    resource_scope: str | None = None,
    log_prompt_and_response: bool | None = None,
    request_tags: Sequence[str] | None = None,
) -> dict[str, str]:
    """Headers for `extra_headers` of an SDK: each replaces, for one call, what its context says.

    None is not said, an empty value blocks what the context says. Raises TypeError for lists and
    properties that are none.
    """
    names = PayiHeaderNames
    headers = {
        names.user_id: _write_text(user_id),
        names.account_name: _write_text(account_name),
        names.use_case_id: _write_text(use_case_id),
        names.use_case_name: _write_text(use_case_name),
        names.use_case_version: _write_text(use_case_version),
        names.use_case_step: _write_text(use_case_step),
        names.use_case_properties: _write_properties("use_case_properties", use_case_properties),
        names.request_properties: _write_properties("request_properties", request_properties),
        names.price_as_category: _write_text(price_as_category),
        names.price_as_resource: _write_text(price_as_resource),
        names.resource_scope: _write_text(resource_scope),
        names.logging_disable: None if log_prompt_and_response is None else str(not log_prompt_and_response),
        names.limit_ids: _write_list("limit_ids", limit_ids),
        names.request_tags: _write_list("request_tags", request_tags),
    }
    return {name: value for name, value in headers.items() if value is not None}


def find_own_headers(headers: Headers) -> frozenset[bytes]:
    """The names, lower case, of the headers that are Pay-i's: those that no provider is to see."""
    names = headers[::2]
    # Every request is asked this, and few have any: one search through all names at once.
    if _PREFIX not in b"\n".join(names).lower():
        return _NONE
    return frozenset(name for name in map(bytes.lower, names) if name.startswith(_PREFIX))


def find_removable_headers(headers: Headers) -> frozenset[bytes]:
    """Those of Pay-i's headers that AWS's signature does not cover: without the others it would be wrong."""
    own = find_own_headers(headers)
    for name, value in zip(headers[::2], headers[1::2], strict=True) if own else ():
        if name.lower() == b"authorization" and (signed := _SIGNED.search(value)):
            return own.difference(signed[1].lower().split(b";"))
    return own


def override_frame(frame: Frame, headers: Headers, on_malformed: Callable[[str], None]) -> Frame:
    """`frame` as a request's headers say: what they name replaces the context's value, empty blocks it.

    A header that can't be read is left out, and `on_malformed` told its name. Of a name that comes twice the
    last counts: an SDK sends its client's headers before those of the call.
    """
    said = _read(headers, on_malformed)
    if "use_case_name" in said:
        said = _enter_use_case(frame, said)
    return msgspec.structs.replace(frame, **said)


def _enter_use_case(frame: Frame, said: Mapping[str, Any]) -> dict[str, Any]:
    """A name in a header is that of another instance; the empty name leaves every use case."""
    name = said["use_case_name"]
    if name is None:
        return {**said, **NO_USE_CASE}
    kept = frame.use_case_properties if name == frame.use_case_name else {}
    return {**NO_USE_CASE, "use_case_properties": kept, **said}


def _read(headers: Headers, on_malformed: Callable[[str], None]) -> dict[str, Any]:
    """What the headers say, by the names of a frame's fields."""
    said: dict[str, Any] = {}
    for raw_name, raw_value in zip(headers[::2], headers[1::2], strict=True):
        name, reader = _READERS.get(raw_name.lower(), (None, None))
        if name is None or reader is None:
            continue
        try:
            said[name] = reader(_decode(raw_value))
        except _UNREADABLE:
            on_malformed(raw_name.decode("latin-1"))
    return said


def _decode(value: bytes) -> str:
    """UTF-8, or what is none: some clients write ISO 8859-1, as HTTP once had it."""
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _read_text(value: str) -> str | None:
    extended = value[: len(_EXTENDED)].upper() == _EXTENDED
    return (unquote(value[len(_EXTENDED) :]) if extended else value) or None


def _read_list(value: str) -> tuple[str, ...]:
    items = (_read_text(item.strip()) for item in value.split(","))
    return tuple(dict.fromkeys(item for item in items if item))


def _read_version(value: str) -> int | None:
    version = int(value) if value else None
    if version is not None and not 0 <= version <= LARGEST_VERSION:
        raise ValueError("out of range")
    return version


def _read_properties(value: str) -> Mapping[str, str]:
    """Compact JSON, or in proxy mode its base64."""
    text = value if value.startswith("{") else base64.b64decode(value, validate=True)
    return merge({}, _properties.decode(text) if text else {})


def _read_logging(value: str) -> bool | None:
    """Whether content is logged; the header says whether it is not."""
    return value.lower() in _FALSE if value else None


_properties = msgspec.json.Decoder(dict[str, Any])
_UNREADABLE = (ValueError, msgspec.DecodeError, RecursionError)
_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "limit_ids": _read_list,
    "request_tags": _read_list,
    "request_properties": _read_properties,
    "use_case_properties": _read_properties,
    "use_case_version": _read_version,
    "log_prompt_and_response": _read_logging,
}
_READERS: Mapping[bytes, tuple[str, Callable[[str], Any]]] = {
    header.lower().encode(): (field, _FIELDS.get(field, _read_text))
    for field, header in CONTEXT_HEADERS.items()
}


def _write_text(value: object) -> str | None:
    return None if value is None else _escape(to_text(value), _PLAIN)


def _write_list(name: str, items: Sequence[str] | None) -> str | None:
    if items is None:
        return None
    check_value(name, items)
    texts = (to_text(item).strip() for item in items)
    return ",".join(_escape(text, _PLAIN_ITEM) for text in texts if text)


def _write_properties(name: str, properties: Mapping[str, object] | None) -> str | None:
    if properties is None:
        return None
    check_value(name, properties)
    texts = merge({}, properties)
    return json.dumps(texts, separators=(",", ":")) if texts else ""


def _escape(text: str, plain: re.Pattern[str]) -> str:
    as_is = not text or (plain.fullmatch(text) and not text.upper().startswith(_EXTENDED))
    return text if as_is else _EXTENDED + quote(text, safe="")
