"""Find out which limits an ingested event may name: Pay-i refuses those of type `block`, and unknown ones.

The refusal does not say which of an event's limits it is about, so Pay-i is asked for each of them, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payi_transport.client.request import RequestSpec
from payi_transport.client.resources.limits import Limits
from payi_transport.sinks.payi_response import PayiResponse

__all__ = ["ALLOW", "BLOCK", "MISSING", "LimitKinds"]

ALLOW, BLOCK, MISSING = "allow", "block", "missing"
_MAX_KNOWN = 10_000


class LimitKinds:
    """The kind of each limit that an event was refused with. `post` sends a request to Pay-i."""

    def __init__(self, post: Callable[[RequestSpec[Any]], tuple[int, PayiResponse]]) -> None:
        self._post = post
        self._known: dict[str, str] = {}

    def find(self, limit_id: str) -> str | None:
        """Return ALLOW, BLOCK or MISSING, or None if Pay-i does not say."""
        known = self._known.get(limit_id)
        if known is None:
            known = self._ask(limit_id)
            if known is not None and len(self._known) < _MAX_KNOWN:
                self._known[limit_id] = known
        return known

    def _ask(self, limit_id: str) -> str | None:
        try:
            spec: RequestSpec[Any] = Limits.retrieve.build(None, limit_id)
        # It cannot be a part of a path, so it is not the id of a limit.
        except ValueError:
            return MISSING
        _, response = self._post(spec)
        if response.status == 404:
            return MISSING
        limit = (response.read_word() or {}).get("limit") if response.status == 200 else None
        kind = limit.get("limit_type") if isinstance(limit, dict) else None
        return kind if kind in (ALLOW, BLOCK) else None
