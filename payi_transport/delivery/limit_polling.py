"""Ask Pay-i at intervals whether a blocked limit still blocks.

States of limits arrive with the results of calls. Where limits are enforced, a call that names a blocked
limit is refused before it is sent, so it brings no result, and the limit would stay blocked forever. Polling
is what ends that. The thread runs only while some limit is blocked, so most programs never start it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from payi_transport.client.account import PayiAccount
from payi_transport.delivery.limits import LimitStates
from payi_transport.errors import NotFoundError
from payi_transport.runtime.wake_event import WakeEvent
from payi_transport.types.limits import Limit

__all__ = ["LimitPoller", "fetch_state"]

# How long one request may take. Seconds.
_TIMEOUT = 10.0


class LimitPoller:
    """Fetch the state of each blocked limit every `interval` seconds, until none is blocked.

    `fetch` returns the state of a limit. If it raises, the state stays as it is, and `on_problem` is called.
    """

    def __init__(
        self,
        limits: LimitStates,
        fetch: Callable[[str], str],
        interval: float,
        on_problem: Callable[[Exception], None],
    ) -> None:
        self._limits = limits
        self._fetch = fetch
        self._interval = interval
        self._on_problem = on_problem
        # Reentrant, because a signal handler may make a call on the thread that holds it.
        self._lock = threading.RLock()
        self._stopped = False
        self._wake = WakeEvent()
        self._running = False

    def ensure_running(self) -> None:
        """Start polling if a limit is blocked and no thread polls yet. Never raises."""
        with self._lock:
            if self._running or self._stopped or not self._limits.find_blocked():
                return
            self._running = True
        try:
            threading.Thread(target=self._run, name="payi-limits", daemon=True).start()
        except RuntimeError as exc:  # too many threads, or the interpreter is exiting
            self._running = False
            self._on_problem(exc)

    def stop(self) -> None:
        """Stop polling for good."""
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._interval)
            if self._stopped:
                return
            for limit_id in self._limits.find_blocked():
                self._poll(limit_id)
            # Under the lock, so that a limit that blocks right now either keeps this thread or starts
            # another.
            with self._lock:
                self._running = bool(self._limits.find_blocked())
                if not self._running:
                    return

    def _poll(self, limit_id: str) -> None:
        try:
            self._limits.set(limit_id, self._fetch(limit_id))
        except Exception as exc:
            self._on_problem(exc)


def fetch_state(account: PayiAccount, limit_id: str) -> str:
    """Return the state of a limit by what was spent of it. A deleted limit is "ok".

    Raises the errors of the Pay-i client.
    """
    # Imported late, because most programs never need the client, and it is large.
    from payi_transport.client.payi import Payi
    from payi_transport.client.untraced import UntracedClient

    with Payi(
        api_key=account.api_key,
        base_url=account.base_url,
        default_headers=account.headers,
        default_query=account.query,
        timeout=_TIMEOUT,
        # The next interval is the retry.
        max_retries=0,
        http_client=UntracedClient(),
    ) as client:
        try:
            limit = client.limits.retrieve(limit_id).limit
        except NotFoundError:
            return "ok"
    return _find_state(limit, limit.totals.cost.total.base or 0.0)


def _find_state(limit: Limit, spent: float) -> str:
    """Return the state by Pay-i's definitions, which its API reports with calls only."""
    if limit.limit_type == "block" and spent >= limit.max:
        return "blocked"
    if spent > limit.max:
        return "overrun"
    is_exceeded = limit.threshold is not None and spent >= limit.max * limit.threshold
    return "exceeded" if is_exceeded else "ok"
