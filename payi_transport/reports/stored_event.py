"""Read one event from a file, without its content.

Files may be of any version, of the `payi` SDK, or edited by hand, so nothing in them is trusted: a field that
is missing, null, or of another type counts as absent, and so does a time that no call can have. A usage with
a count that no call can have can't be read. An item that isn't an event is None. Nearly all events are
well-formed, and those are decoded in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from payi_transport.decode.missing_units import MISSING
from payi_transport.providers.shared.counts import count
from payi_transport.reports.items import Item
from payi_transport.values.event import Header, Units
from payi_transport.values.moments import find_moment
from payi_transport.values.names import STATUS_NO_RESPONSE, UNITS_PROPERTY, PayiPropertyNames

__all__ = ["StoredEvent", "read_event"]

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MAX_COUNT = 2**53
_LITELLM = b"x-litellm-response-cost"


# To tell an event without units from an item that has none because it is no event.
_NO_UNITS: Mapping[str, Units] = MappingProxyType({})


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a report needs of an event, by the names of `Event`, and Pay-i's result, where it was kept."""

    category: str = ""
    units: Mapping[str, Units] = _NO_UNITS
    provider_response_id: str | None = None
    resource: str | None = None
    event_timestamp: datetime | None = None
    end_to_end_latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    http_status_code: int | None = None
    properties: Mapping[str, str] | None = None
    use_case_properties: Mapping[str, str] | None = None
    provider_uri: str | None = None
    limit_ids: tuple[str, ...] | None = None
    request_tags: tuple[str, ...] | None = None
    use_case_id: str | None = None
    use_case_name: str | None = None
    use_case_step: str | None = None
    use_case_version: int | None = None
    user_id: str | None = None
    account_name: str | None = None
    scope: str | None = None
    xproxy_result: Mapping[str, Any] | None = None

    @property
    def provider_response_headers(self) -> tuple[Header, ...] | None:
        """The headers of the response, where they have anything to say about its cost."""
        return None

    @property
    def failed(self) -> bool:
        """Whether the call failed, before or during its response."""
        status = self.http_status_code or 0
        # A failure may come with status 200, in the middle of a stream, and then only this property tells.
        failure = (self.properties or {}).get(PayiPropertyNames.failure)
        return status >= 400 or status == STATUS_NO_RESPONSE or bool(failure)


class _WithHeaders(StoredEvent, frozen=True, kw_only=True, gc=False):
    """An event of a LiteLLM proxy, which states the cost in a header. Reading headers doubles the work."""

    provider_response_headers: tuple[Header, ...] | None = None


_FIELDS = _WithHeaders.__struct_fields__
_Lenient = msgspec.defstruct("_Lenient", [(name, Any, None) for name in _FIELDS])
_decode_fast = msgspec.json.Decoder(StoredEvent).decode
_decode_headers = msgspec.json.Decoder(_WithHeaders).decode
_decode_any = msgspec.json.Decoder(_Lenient).decode


def read_event(item: Item) -> StoredEvent | None:
    """Return the event of an item, None if it isn't one: every event has a category or units."""
    event: StoredEvent | None
    try:
        event = _decode(item) if isinstance(item, bytes) else msgspec.convert(item, _WithHeaders)
    except _UNREADABLE:
        event = _read_leniently(item)
    if event is None or not (event.category or event.units is not _NO_UNITS):
        return None
    if not all(_is_possible(unit.input) and _is_possible(unit.output) for unit in event.units.values()):
        event = replace(event, units={}, properties={**(event.properties or {}), UNITS_PROPERTY: MISSING})
    moment = find_moment(event.event_timestamp)
    return event if moment is event.event_timestamp else replace(event, event_timestamp=moment)


def _is_possible(number: int | None) -> bool:
    return number is None or 0 <= number <= _MAX_COUNT


def _decode(item: bytes) -> StoredEvent:
    return _decode_headers(item) if _LITELLM in item else _decode_fast(item)


def _read_leniently(item: Item) -> StoredEvent | None:
    """Return what can be read of an event, None for what is no object."""
    try:
        fields: Any = _decode_any(item) if isinstance(item, bytes) else msgspec.convert(item, _Lenient)
    except _UNREADABLE:
        return None
    read: dict[str, Any] = {}
    for row in msgspec.structs.fields(_WithHeaders):
        value = getattr(fields, row.name)
        try:
            read[row.name] = msgspec.convert(value, row.type, strict=False)
        except msgspec.ValidationError:
            read[row.name] = _find_default(row.name, value)
    read["units"] = _NO_UNITS if fields.units is None else _read_units(fields.units)
    read["category"] = read["category"] or ""
    return _WithHeaders(**read)


def _find_default(name: str, value: Any) -> Any:
    """Return what is left of a field of another type: the texts of a dict or a list, else nothing."""
    if name.endswith("properties") and isinstance(value, dict):
        return {key: text for key, text in value.items() if isinstance(text, str)}
    if name in ("limit_ids", "request_tags") and isinstance(value, list):
        return tuple(text for text in value if isinstance(text, str))
    return None


def _read_units(units: Any) -> dict[str, Units]:
    found = {}
    for name, unit in units.items() if isinstance(units, dict) else ():
        if isinstance(unit, dict):
            found[name] = Units(_read_count(unit, "input"), _read_count(unit, "output"))
    return found


def _read_count(unit: Mapping[str, Any], direction: str) -> int | None:
    value = unit.get(direction)
    # Also one that no call can have, which says that the usage can't be read.
    return value if type(value) is int else count(unit, direction)
