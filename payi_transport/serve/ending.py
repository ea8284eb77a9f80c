"""How the service ends: quietly, and with everything closed, whatever it is doing."""

from __future__ import annotations

import asyncio
import logging
import socket

import uvicorn

__all__ = ["Server", "hide_cancelled"]


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
