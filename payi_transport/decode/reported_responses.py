"""Count the usage of a response once, however often it is fetched.

A program polls a background response with `GET /responses/{id}`. Each poll after the end returns the complete
usage, or the failure, again. To tell a poll from a new call, it is remembered what was reported of each id.
A poll counts as a repeat if it has no more units than were reported, or if neither report has any: a response
that was first fetched before its usage was known must still count later.

A stream that was left early, or a session that was, has reported the usage so far, or the tokens that were
counted here. So a later report may have more, and then only that is reported: an event that was sent can't be
taken back. The same goes for a call that ends after the fetch of what it started, as where nobody closes its
stream. What adds to an earlier report has an id of its own, or a queue or a store may take it for the same.

Other calls that aren't polls always count, even if a server reuses their id.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from payi_transport.decode.more_units import add_units, find_more_units, has_units, subtract_numbers
from payi_transport.decode.response_ids import make_distinct
from payi_transport.values.event import Event, Units
from payi_transport.values.names import STREAM_PROPERTY

__all__ = ["ReportedResponses"]

# Servers choose the ids, so their number needs a bound. A poll for an older response counts again.
_MAX_REMEMBERED = 10_000
_NONE: Mapping[str, str] = {}


class _Report(msgspec.Struct, frozen=True, gc=False):
    """What was reported of a response: all of its units, and the properties if it may have more of them.

    `started` is whether the call that started it was among what was reported.
    """

    units: Mapping[str, Units]
    properties: Mapping[str, str]
    started: bool


class ReportedResponses:
    """Remember which responses were reported, and with which units. Safe to use from any thread."""

    def __init__(self) -> None:
        # With inline delivery, exchanges are decoded on the threads of their callers.
        self._lock = threading.RLock()
        self._reports: OrderedDict[str, _Report] = OrderedDict()

    def find_new(self, event: Event, is_fetch: bool) -> Event | None:
        """Return an event, or what it has beyond earlier ones, None if that is nothing; and remember it.

        `is_fetch` is whether its call fetched what another call had started.
        """
        with self._lock:
            known = self._reports.get(event.provider_response_id)
            if known is None or (known.started and not is_fetch):
                # Without units, a call must not hide those of an earlier one.
                if known is None or has_units(event.units):
                    self._remember(event, event.units, not is_fetch)
                return event
            if not has_units(event.units):
                return None if is_fetch else event
            started = known.started or not is_fetch
            if not has_units(known.units):
                self._remember(event, event.units, started)
                return make_distinct(event)
            more = find_more_units(event.units, known.units)
            self._remember(event, add_units(known.units, more), started)
        if not more:
            return None
        properties = subtract_numbers(event.properties or {}, known.properties)
        return make_distinct(msgspec.structs.replace(event, units=more, properties=properties))

    def _remember(self, event: Event, units: Mapping[str, Units], started: bool) -> None:
        # What is complete has no more to come, and its properties would take memory.
        properties = event.properties or _NONE
        properties = properties if STREAM_PROPERTY in properties else _NONE
        self._reports[event.provider_response_id] = _Report(units, properties, started)
        if len(self._reports) > _MAX_REMEMBERED:
            self._reports.popitem(last=False)
