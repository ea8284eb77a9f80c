"""The latest state of each limit that Pay-i reported, and which calls a blocked one refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from payi_transport.context.results import Result

__all__ = ["BLOCKED", "LimitStates"]

# States in which no more calls should be made: a limit of type `block` is then blocked, one of type `allow`
# is overrun. Source: `xproxy_result.limits` of the ingest API.
BLOCKED = frozenset({"blocked", "blocked_external", "overrun"})
# The ids come from responses, so their number needs a bound.
_MAX_LIMITS = 100_000


class LimitStates:
    """States by limit id. Any thread may use it.

    A limit in one of the states `blocking` blocks calls. `on_change` is the user's listener. It is called
    with the id and the new state whenever a state changes, and what it raises reaches the caller of `update`
    and `set`.
    """

    def __init__(
        self, on_change: Callable[[str, str], Any] | None = None, blocking: Iterable[str] = BLOCKED
    ) -> None:
        self._states: dict[str, str] = {}
        self._blocking = frozenset(blocking)
        self._on_change = on_change

    def update(self, result: Result) -> None:
        """Take over the states in a result, whatever its shape.

        An id that is listed as blocked but has no state of its own counts as "blocked".
        """
        limits = result.get("limits")
        states = {
            limit_id: limit.get("state")
            for limit_id, limit in (limits.items() if isinstance(limits, dict) else ())
            if isinstance(limit, dict)
        }
        blocked = result.get("blocked_limit_ids")
        for limit_id in blocked if isinstance(blocked, list) else ():
            if isinstance(limit_id, str):
                states.setdefault(limit_id, "blocked")
        for limit_id, state in states.items():
            if isinstance(state, str):
                self.set(limit_id, state)

    def set(self, limit_id: str, state: str) -> None:
        """Set the state of one limit. New ids beyond the first 100,000 are ignored."""
        if self._states.get(limit_id) == state:
            return
        if limit_id in self._states or len(self._states) < _MAX_LIMITS:
            # Stored before the listener runs. A listener that raises does not undo the change, and one that
            # asks for the states sees the new one.
            self._states[limit_id] = state
            if self._on_change is not None:
                self._on_change(limit_id, state)

    def snapshot(self) -> dict[str, str]:
        """Return a copy of all known states."""
        return self._states.copy()

    def find_state(self, limit_id: str) -> str:
        """Return the state of a limit that blocks calls."""
        return self._states.get(limit_id, "blocked")

    def find_blocked(self, limit_ids: Iterable[str] | None = None) -> list[str]:
        """Return the ids that block calls, among the given ones or among all."""
        # Other threads may add ids while this one iterates over all of them.
        states = self._states.copy() if limit_ids is None else self._states
        ids = states if limit_ids is None else limit_ids
        return [limit_id for limit_id in ids if states.get(limit_id) in self._blocking]
