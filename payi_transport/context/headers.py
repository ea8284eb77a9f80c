"""Context headers: making them, reading them from a request, and finding the ones to remove.

A request may carry Pay-i's headers to set context values for this one call. They replace the values of its
scopes, and are removed before the request leaves for its provider. `header_text` defines how a value looks in
a header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from payi_transport.compat import Unpack
from payi_transport.context.fields import HeaderFields, Texts
from payi_transport.context.frame import FIELDS, Fields, Frame, check_value, has_needed
from payi_transport.context.header_text import UNREADABLE, decode_header
from payi_transport.context.name_warnings import warn_of_names
from payi_transport.values.headers import Headers, KeptHeaders, flatten
from payi_transport.values.patterns import lazy_compile

__all__ = [
    "NO_HEADERS",
    "OWN_PREFIX",
    "create_headers",
    "create_limit_header_from_ids",
    "find_own_headers",
    "find_removable_headers",
    "override_frame",
    "write_headers",
    "write_proxied_headers",
]

OWN_PREFIX = b"xproxy-"
# AWS's Signature Version 4 lists the headers that it covers.
_SIGNED = lazy_compile(rb"\bSignedHeaders=([^,\s]*)")
NO_HEADERS: frozenset[bytes] = frozenset()


def create_limit_header_from_ids(*, limit_ids: Texts) -> dict[str, str]:
    """Return the header that names the limits of a call. Raises TypeError for anything but a list."""
    return create_headers(limit_ids=limit_ids)


def create_headers(**values: Unpack[HeaderFields]) -> dict[str, str]:
    """Return headers to pass as an SDK's `extra_headers`: each replaces its context field for one call.

    Accepts what `track` accepts except `proxy`. None means unset, and an empty value clears the field. Raises
    TypeError for an unknown argument, for a list field that is not a list and properties that are not a dict.
    """
    return write_headers(values)


def write_headers(values: Mapping[str, object], fields: Fields = FIELDS) -> dict[str, str]:
    """Do the work of `create_headers` for any table of fields."""
    unknown = {name: value for name, value in values.items() if name not in fields.headers}
    if unknown:
        accepted = ", ".join(sorted(fields.headers))
        wrong = ", ".join(map(repr, unknown))
        raise TypeError(f"create_headers() got an unexpected keyword argument {wrong}; accepted: {accepted}")
    headers: dict[str, str] = {}
    for name, header in fields.headers.items():
        value = values.get(name)
        field_type = fields.rows[name].type
        # Any scalar can be written, but a string in place of a list would be written letter by letter.
        if field_type.default is not None:
            check_value(name, value, fields)
        if value is not None:
            headers[header] = field_type.write_header(value)
    warn_of_names(values)
    return headers


def write_proxied_headers(frame: Frame) -> dict[str, str]:
    """Return the headers that pass a frame to Pay-i's proxy, without those of values that are not set."""
    fields = frame.fields
    values = {name: frame.outgoing(name) for name in fields.headers}
    texts = {
        fields.headers[name]: fields.rows[name].type.write_proxied(value)
        for name, value in values.items()
        if value is not None and value != fields.rows[name].type.default and has_needed(frame, name)
    }
    return {header: text for header, text in texts.items() if text}


def find_own_headers(headers: KeptHeaders) -> frozenset[bytes]:
    """Return the lower-case names of Pay-i's headers, which no provider may see."""
    # This runs for every request and few have any, so search all names at once. Packed headers have them in
    # lower case as well.
    if isinstance(headers, bytes):
        if OWN_PREFIX not in headers:
            return NO_HEADERS
        headers = flatten(headers)
    names = b"\n".join(headers[::2]).lower()
    if OWN_PREFIX not in names:
        return NO_HEADERS
    return frozenset(name for name in names.split(b"\n") if name.startswith(OWN_PREFIX))


def find_removable_headers(headers: KeptHeaders) -> frozenset[bytes]:
    """Return the names of Pay-i's headers that can be removed: those that no AWS signature covers."""
    own = find_own_headers(headers)
    headers = flatten(headers)
    for name, value in zip(headers[::2], headers[1::2], strict=True) if own else ():
        if name.lower() == b"authorization" and (signed := _SIGNED.search(value)):
            # AWS rejects a request that lacks a signed header.
            return own.difference(signed[1].lower().split(b";"))
    return own


def override_frame(frame: Frame, headers: Headers, on_malformed: Callable[[str], None]) -> Frame:
    """Return `frame` with the values that a request's headers set; an empty header clears its field.

    A header that can't be read is skipped, and its name passed to `on_malformed`. If a name comes twice, the
    last one wins: an SDK sends its client's headers before those of the call.
    """
    values = _read(frame.fields, headers, on_malformed)
    warn_of_names(values)
    if "use_case_name" in values:
        values = _start_use_case(frame, values)
    return replace(frame, **values)


def _start_use_case(frame: Frame, values: dict[str, Any]) -> dict[str, Any]:
    """Start the use case that a header names: another instance, even under the same name.

    Only the properties of a use case of the same name stay. The empty name leaves every use case.
    """
    nothing = frame.fields.no_use_case
    name = values["use_case_name"]
    if name is None:
        return {**values, **nothing}
    kept = frame.use_case_properties if name == frame.use_case_name else {}
    return {**nothing, "use_case_properties": kept, **values}


def _read(fields: Fields, headers: Headers, on_malformed: Callable[[str], None]) -> dict[str, Any]:
    """Return the values that headers set, by field."""
    values: dict[str, Any] = {}
    readers = fields.readers
    for raw_name, raw_value in zip(headers[::2], headers[1::2], strict=True):
        found = readers.get(raw_name.lower())
        if found is None:
            continue
        name, read = found
        try:
            values[name] = read(decode_header(raw_value))
        except UNREADABLE:
            # A mistake in a header must cost neither the call nor its event.
            on_malformed(raw_name.decode("latin-1"))
    return values
