"""Telling a response that is fetched again from one that is new, so that its usage counts once.

OpenAI's background responses are polled by `GET /responses/{id}`, and each poll behind the end shows the
whole usage again, or that it failed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from payi_transport.values.event import Event

__all__ = ["ReportedResponses"]

# How many response ids are remembered, the latest ones.
_REMEMBERED = 10_000


class ReportedResponses:
    """Remembers the ids of responses that were told of, and whether with units."""

    def __init__(self) -> None:
        # Calls that wait for their own report end on many threads.
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, bool] = OrderedDict()

    def is_repeat(self, event: Event, fetched_again: bool) -> bool:
        """Whether `event` says what another one said before. `fetched_again`: it is no call of its own."""
        counts = bool(event.units)
        with self._lock:
            counted = self._seen.get(event.provider_response_id)
            if fetched_again and counted is not None and (counted or not counts):
                return True
            self._seen[event.provider_response_id] = counts or bool(counted)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return False
