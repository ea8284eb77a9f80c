"""Take over the results that Pay-i returns for calls: one for the caller, the states of limits for everyone.

A result (`xproxy_result`) arrives in one of two ways. A call that went through Pay-i's proxy has it in the
body of its own response. Any other call has it in Pay-i's response to its event, if the event was sent by
itself.

The proxy responds with 424 to a call that names a blocked limit, and never calls the provider. Its error body
need not name the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.results import Result, find_result, set_last
from payi_transport.decode.body import decode_messages
from payi_transport.delivery.limit_polling import LimitPoller
from payi_transport.delivery.limits import LimitStates

__all__ = ["ResultTracker"]


class ResultTracker:
    """Update the last result and the states of limits. No method raises.

    `poller` asks for the states of blocked limits, where limits are enforced. `warn` logs a call that the
    proxy refused, `note` remembers one that the proxy has counted, and `charge` counts it under its budgets.
    """

    def __init__(
        self,
        limits: LimitStates,
        poller: LimitPoller | None,
        on_fault: Callable[[BaseException], None],
        *,
        warn: Callable[[str], None] = lambda message: None,
        note: Callable[[Exchange], None] = lambda exchange: None,
        charge: Callable[[Exchange, Result | None], None] = lambda exchange, result: None,
    ) -> None:
        self._limits = limits
        self._poller = poller
        self._on_fault = on_fault
        self._warn = warn
        self._note = note
        self._charge = charge

    def end_proxied(self, exchange: Exchange) -> None:
        """Read the result of a finished call that went through Pay-i's proxy; it needs no event."""
        # In a finalizer: nobody sees the result, and the context is that of unrelated code.
        if exchange.outcome is Outcome.ABANDONED:
            return
        if exchange.outcome is Outcome.EXHAUSTED:
            # Even if the body turns out to have no result. The caller must not get the result of an earlier
            # call in its place.
            set_last(exchange.result_slot)
        try:
            result = find_result(data for _, data in decode_messages(exchange))
            self._note(exchange)
        # This runs on the caller's thread, which never sees an error of this library.
        except Exception as exc:
            self._on_fault(exc)
            return
        if result is not None:
            exchange.take_result(result)
            self._update_limits(result)
        # The provider bills no call that failed.
        if exchange.status is not None and exchange.status < 400:
            self._charge(exchange, result)
        if exchange.status == HTTPStatus.FAILED_DEPENDENCY:
            self._take_refusal(exchange.context.limit_ids, result or {})

    def _take_refusal(self, limit_ids: Sequence[str], result: Result) -> None:
        """Learn from a call that the proxy did not forward that a limit is blocked."""
        named = result.get("blocked_limit_ids")
        # Of several limits, one is blocked, and nothing says which. The next result of a call will.
        if not named and len(limit_ids) == 1:
            self._update_limits({"blocked_limit_ids": list(limit_ids)})
        self._warn(
            f"Pay-i's proxy refused a call (HTTP 424), because a limit of it is blocked"
            f" ({', '.join(limit_ids) or 'none of its own'}); raise or reset the limit in Pay-i"
        )

    def on_response(self, response: Mapping[str, Any]) -> None:
        """Read the result in Pay-i's response to a single event. Any thread may call this."""
        result = response.get("xproxy_result")
        if isinstance(result, dict):
            self._update_limits(result)

    def _update_limits(self, result: Result) -> None:
        try:
            self._limits.update(result)
        except BaseException as exc:
            # From the user's listener. Not even its SystemExit may end this thread.
            self._on_fault(exc)
        self.poll_limits()

    def poll_limits(self) -> None:
        """Make sure that the states of blocked limits are being polled."""
        if self._poller is not None:
            self._poller.ensure_running()

    def stop(self) -> None:
        """Stop polling."""
        if self._poller is not None:
            self._poller.stop()
