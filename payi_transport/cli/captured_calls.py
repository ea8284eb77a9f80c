"""Read the calls in a file of captured events.

These files are written by this library's offline sink and by the `payi` SDK, which use the same field names.
A file may be of any version or edited by hand, so nothing in it is trusted: a field that is missing, null or
of another type counts as absent, and an item that isn't an event is skipped and counted.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from payi_transport.errors import PayiError
from payi_transport.providers.shared.counts import count, section
from payi_transport.values.event import Units
from payi_transport.values.names import STATUS_NO_RESPONSE, PayiPropertyNames

__all__ = ["Call", "Capture", "read_capture"]

_NAMES = ("category", "resource", "use_case_name", "user_id")


# `Any` throughout: a field of another type must cost only itself and not the event.
class _Item(msgspec.Struct):
    """The fields of an event that are read."""

    category: Any = None
    resource: Any = None
    use_case_name: Any = None
    user_id: Any = None
    units: Any = None
    http_status_code: Any = None
    end_to_end_latency_ms: Any = None
    properties: Any = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One captured call; what the file doesn't say is None."""

    category: str | None = None
    resource: str | None = None
    use_case_name: str | None = None
    user_id: str | None = None
    failed: bool = False
    latency_ms: int | None = None
    units: Mapping[str, Units] = {}


class Capture(NamedTuple):
    """The calls in a file, and how many of its items aren't events."""

    calls: Sequence[Call]
    skipped: int


_items = msgspec.json.Decoder(list[msgspec.Raw])
_item = msgspec.json.Decoder(_Item)
# msgspec raises the last two for text that isn't UTF-8 and for JSON that is nested too deeply.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EXPECTED = "expected a file that offline_instrumentation wrote"


def read_capture(path: Path) -> Capture:
    """Read the calls in a file. Raises PayiError if the file can't be read or isn't a JSON array."""
    try:
        # An editor on Windows may have put a byte order mark before the array, which JSON doesn't allow.
        items = _items.decode(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as exc:
        raise PayiError(f"{path} can't be read: {exc.strerror}") from None
    # Before its base class DecodeError, so that valid JSON of another shape gets a message of its own.
    except msgspec.ValidationError:
        raise PayiError(f"{path} isn't a JSON array; {_EXPECTED}") from None
    except _UNREADABLE:
        raise PayiError(f"{path} isn't valid JSON; {_EXPECTED}") from None
    calls = [call for item in items if (call := _read_call(item)) is not None]
    return Capture(calls, len(items) - len(calls))


def _read_call(item: msgspec.Raw) -> Call | None:
    """Return the call of an event, or None if the item isn't one: every event has a category or units."""
    try:
        fields = msgspec.structs.asdict(_item.decode(item))
    except _UNREADABLE:
        return None
    if fields["category"] is None and fields["units"] is None:
        return None
    return Call(
        **{name: _read_text(fields[name]) for name in _NAMES},
        failed=_has_failed(fields),
        latency_ms=_read_milliseconds(fields["end_to_end_latency_ms"]),
        units=_read_units(section(fields, "units")),
    )


def _has_failed(fields: Mapping[str, Any]) -> bool:
    status = count(fields, "http_status_code") or 0
    # A failure may come with status 200, in the middle of a stream, and then only this property tells.
    failure = section(fields, "properties").get(PayiPropertyNames.failure)
    return status >= 400 or status == STATUS_NO_RESPONSE or bool(failure)


def _read_units(units: Mapping[str, Any]) -> dict[str, Units]:
    return {
        name: Units(input=count(unit, "input"), output=count(unit, "output"))
        for name, unit in units.items()
        if isinstance(unit, dict)
    }


def _read_text(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None


def _read_milliseconds(value: Any) -> int | None:
    # True counts as a number in Python, and NaN and infinity can't be rounded.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number and value >= 0 and math.isfinite(value) else None
