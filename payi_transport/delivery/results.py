"""Taking over what Pay-i says of calls: their last result for the caller, the states of limits for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.results import Result, find_result, set_last
from payi_transport.decode.body import decode_messages
from payi_transport.delivery.limit_polling import LimitPoller
from payi_transport.delivery.limits import LimitStates

__all__ = ["ResultTracker"]


class ResultTracker:
    """`check` asks for the state of blocked limits where they are enforced. Never raises."""

    def __init__(
        self, limits: LimitStates, check: LimitPoller | None, on_fault: Callable[[BaseException], None]
    ) -> None:
        self._limits = limits
        self._check = check
        self._on_fault = on_fault

    def end_proxied(self, exchange: Exchange) -> None:
        """The end of a call that went through Pay-i, which says in the answer what came of it."""
        if exchange.outcome is Outcome.ABANDONED:
            return
        if exchange.outcome is Outcome.EXHAUSTED:
            set_last(exchange.result_slot)
        try:
            result = find_result(data for _, data in decode_messages(exchange))
        except Exception as exc:
            self._on_fault(exc)
            return
        if result is not None:
            exchange.take_result(result)
            self._note_limits(result)

    def on_response(self, answer: Mapping[str, Any]) -> None:
        """Pay-i's answer to an event that went alone, whoever made that. On any thread."""
        result = answer.get("xproxy_result")
        if isinstance(result, dict):
            self._note_limits(result)

    def _note_limits(self, result: Result) -> None:
        try:
            self._limits.update(result)
        except BaseException as exc:  # of the listener that the user gave: nothing that it raises ends us
            self._on_fault(exc)
        self.poll_limits()

    def poll_limits(self) -> None:
        """See to it that somebody asks for the state of limits that block."""
        if self._check is not None:
            self._check.ensure_running()

    def stop(self) -> None:
        """Ask no more."""
        if self._check is not None:
            self._check.stop()
