"""Count the usage of a response once, however often it is fetched.

A program polls a background response with `GET /responses/{id}`. Each poll after the end returns the complete
usage, or the failure, again. To tell a poll from a new call, the ids of reported responses are remembered.
A poll counts as a repeat if the id was reported with units, or if neither report has any: a response that
was first fetched before its usage was known must still count later.

Calls that aren't polls always count, even if a server reuses their id.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from payi_transport.values.event import Event

__all__ = ["ReportedResponses"]

# Servers choose the ids, so their number needs a bound. A poll for an older response counts again.
_MAX_REMEMBERED = 10_000


class ReportedResponses:
    """Remember which responses were reported, and whether with units. Safe to use from any thread."""

    def __init__(self) -> None:
        # With inline delivery, exchanges are decoded on the threads of their callers.
        self._lock = threading.RLock()
        self._has_units: OrderedDict[str, bool] = OrderedDict()

    def is_repeat(self, event: Event, is_fetch: bool) -> bool:
        """Return whether an event only repeats an earlier one, and remember it.

        `is_fetch` is whether its call fetched what another call had started.
        """
        has_units = bool(event.units)
        with self._lock:
            had_units = self._has_units.get(event.provider_response_id)
            if is_fetch and had_units is not None and (had_units or not has_units):
                return True
            self._has_units[event.provider_response_id] = has_units or bool(had_units)
            if len(self._has_units) > _MAX_REMEMBERED:
                self._has_units.popitem(last=False)
            return False
