"""Telling a response that is fetched again from one that is new, so that its usage counts once.

OpenAI's background responses are polled by `GET /responses/{id}`, and each poll behind the end shows the
whole usage again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from payi_transport.event import Event

__all__ = ["Repeats"]

# How many response ids are remembered, the latest ones.
_REMEMBERED = 10_000


class Repeats:
    """Remembers the ids of responses whose end was seen."""

    def __init__(self) -> None:
        # Calls that wait for their own report end on many threads.
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_repeat(self, event: Event, fetched_again: bool) -> bool:
        """Whether `event` says what another one said before. `fetched_again`: it is no call of its own."""
        with self._lock:
            if fetched_again and event.provider_response_id in self._seen:
                return True
            if event.units:
                self._seen[event.provider_response_id] = None
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
            return False
