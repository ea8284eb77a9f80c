"""How the service ends: quietly, and with everything closed, by whatever signals it is told to."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

__all__ = ["Server", "ended_by_signals", "hide_cancelled"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the process by Ctrl+C or SIGTERM with exit code 0, after what is inside is closed and removed.

    Once one has come, others are ignored: all that they could do is to interrupt the cleaning up.
    """
    is_ending = False

    def end(number: int, frame: object) -> None:
        nonlocal is_ending
        is_ending = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(0)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    finally:
        if not is_ending:
            for number, handler in before.items():
                signal.signal(number, handler)


class Server(uvicorn.Server):
    """uvicorn's server, whose app is shut down also after a second Ctrl+C, which cuts off open requests."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections, and shut the app down."""
        await super().shutdown(sockets)
        if self.force_exit:
            for task in self.server_state.tasks:
                task.cancel()
            await self.lifespan.shutdown()


def hide_cancelled(record: logging.LogRecord) -> bool:
    """Return whether to log a record: not the traceback of a request that the end has cut off."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(hide_cancelled)
