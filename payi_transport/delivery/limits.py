"""The latest state of each limit that Pay-i told of, and which call is to be refused for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from payi_transport.context.results import Result

__all__ = ["BLOCKED", "LimitStates"]

# States in which Pay-i wants no more calls. Source: `xproxy_result.limits` of the ingest API.
BLOCKED = frozenset({"blocked", "blocked_external"})
# Ids are the program's own; a bound all the same.
_REMEMBERED = 100_000


class LimitStates:
    """States by limit id. `on_change` hears of each id and its new state; what it raises is the caller's."""

    def __init__(self, on_change: Callable[[str, str], Any] | None = None) -> None:
        self._states: dict[str, str] = {}
        self._on_change = on_change

    def update(self, result: Result) -> None:
        """Take over what a result says."""
        told = result.get("limits")
        states = {
            limit_id: limit.get("state")
            for limit_id, limit in (told.items() if isinstance(told, dict) else ())
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
        """One limit is in this state now."""
        if self._states.get(limit_id) == state:
            return
        if limit_id in self._states or len(self._states) < _REMEMBERED:
            self._states[limit_id] = state
            if self._on_change is not None:
                self._on_change(limit_id, state)

    def snapshot(self) -> dict[str, str]:
        """Every state that is known."""
        return self._states.copy()

    def find_blocked(self, limit_ids: Iterable[str] | None = None) -> list[str]:
        """Those that block, of the given ids or of all."""
        states = self._states.copy() if limit_ids is None else self._states
        ids = states if limit_ids is None else limit_ids
        return [limit_id for limit_id in ids if states.get(limit_id) in BLOCKED]
