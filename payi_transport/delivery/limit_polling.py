"""Asking Pay-i again and again whether a blocked limit still blocks, as nothing else would tell.

Where limits are enforced, no call that names a blocked one is sent, so no answer brings its new state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from payi_transport.client.account import PayiAccount
from payi_transport.delivery.limits import LimitStates
from payi_transport.errors import NotFoundError

__all__ = ["LimitPoller", "fetch_state"]

# How long one question may take, in seconds.
_TIMEOUT = 10.0


class LimitPoller:
    """Asks for each blocked limit every `interval` seconds, on a thread that lives as long as there is one.

    `fetch` says the state of a limit, and may raise: then the state stays, and `on_problem` is told.
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
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._running = False

    def ensure_running(self) -> None:
        """Begin to ask, if a limit is blocked and nobody asks yet. Never raises."""
        with self._lock:
            if self._running or self._stopped.is_set() or not self._limits.find_blocked():
                return
            self._running = True
        try:
            threading.Thread(target=self._run, name="payi-limits", daemon=True).start()
        except RuntimeError as exc:  # there are too many, or the interpreter exits
            self._running = False
            self._on_problem(exc)

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            for limit_id in self._limits.find_blocked():
                self._check(limit_id)
            with self._lock:
                self._running = bool(self._limits.find_blocked())
                if not self._running:
                    return

    def _check(self, limit_id: str) -> None:
        try:
            self._limits.set(limit_id, self._fetch(limit_id))
        except Exception as exc:
            self._on_problem(exc)


def fetch_state(account: PayiAccount, limit_id: str) -> str:
    """ "blocked" or "ok", by what was spent of a limit; a limit that is gone blocks nothing.

    Raises the errors of the Pay-i client.
    """
    # Most programs need none of the client, so that it is not to be imported with everything else.
    from payi_transport.client.payi import Payi

    with Payi(
        api_key=account.api_key,
        base_url=account.base_url,
        default_headers=account.headers,
        default_query=account.query,
        timeout=_TIMEOUT,
        max_retries=0,
    ) as client:
        try:
            limit = client.limits.retrieve(limit_id).limit
        except NotFoundError:
            return "ok"
    spent = limit.totals.cost.total.base or 0.0
    return "blocked" if limit.limit_type == "block" and spent >= limit.max else "ok"
