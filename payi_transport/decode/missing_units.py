"""Find calls that succeeded without units that can be read, so that none of them goes unnoticed.

A provider that reports its usage in an unknown place, a body that can't be parsed, and a stream that was not
asked for its usage all look the same to whoever pays: an event of no cost. So such an event has a property,
`payi_stats()` counts it, and a warning says once for each host what to do. Everything that asks whether units
are missing asks this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from payi_transport.capture.exchange import Exchange
from payi_transport.values.event import Event, ParsedResponse, Units
from payi_transport.values.names import STREAM_PROPERTY, UNITS_PROPERTY, PayiPropertyNames

__all__ = ["MISSING", "find_missing_units", "has_missing_units"]

MISSING: Final = "missing"


def find_missing_units(
    exchange: Exchange, response: ParsedResponse, units: Mapping[str, Units], properties: Mapping[str, str]
) -> dict[str, str]:
    """Return the property of a call that succeeded although no units can be read, empty for any other call.

    `properties` are those that the event has already: they explain a call that failed or ended early.
    """
    if units or response.has_usage or exchange.status is None or exchange.status >= 400:
        return {}
    explained = PayiPropertyNames.failure in properties or STREAM_PROPERTY in properties
    return {} if explained else {UNITS_PROPERTY: MISSING}


def has_missing_units(event: Event) -> bool:
    """Return whether an event says that its units are missing."""
    return (event.properties or {}).get(UNITS_PROPERTY) == MISSING
