"""Find calls that succeeded without units that can be read, so that none of them goes unnoticed.

A provider that reports its usage in an unknown place, a body that can't be parsed, and a stream that was not
asked for its usage all look the same on a bill: an event of no cost. So such an event has a property,
`payi_stats()` counts it, and a warning says once for each host what to do. Everything that asks whether units
are missing asks this module.

A stream that its caller left early is explained by that. One that was read to its end is not, although no
reader has found a message that says so: its messages may be of a kind that none knows.

If this library could not read the end of the body, because it was too large or could not be inflated, a
second property and the warning say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from payi_transport.capture.exchange import Exchange
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Event, ParsedResponse
from payi_transport.values.names import (
    STREAM_PROPERTY,
    UNITS_PROPERTY,
    UNITS_REASON_PROPERTY,
    PayiPropertyNames,
)

__all__ = ["MISSING", "find_missing_units", "has_missing_units"]

MISSING: Final = "missing"
_OVER_LIMIT = "it is over capture.max_body_bytes"


def find_missing_units(
    exchange: Exchange, response: ParsedResponse, raw: RawResponse, properties: Mapping[str, str]
) -> dict[str, str]:
    """Return the properties of a call that succeeded although its units can't be read, or not all of them.

    `properties` are those that the event has already: they explain a call that failed or ended early.
    """
    if exchange.status is None or exchange.status >= 400 or PayiPropertyNames.failure in properties:
        return {}
    is_partial = STREAM_PROPERTY in properties
    # Whether the caller left early is unknown where the end is unread: SDKs close a stream at its last event.
    reason = raw.unread or (_OVER_LIMIT if raw.is_cut and raw.read_to_end else "")
    reasons = {UNITS_REASON_PROPERTY: reason} if reason else {}
    if response.units or response.has_usage:
        return reasons if is_partial else {}
    was_left = is_partial and not raw.read_to_end
    return {} if was_left and not reasons else {UNITS_PROPERTY: MISSING, **reasons}


def has_missing_units(event: Event) -> bool:
    """Return whether an event says that its units are missing, or not all of them."""
    properties = event.properties or {}
    return properties.get(UNITS_PROPERTY) == MISSING or UNITS_REASON_PROPERTY in properties
