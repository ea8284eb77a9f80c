"""What tells who calls are for where it runs: at once, or at each step of a tracked generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

from payi_transport.context.scope import current_frame, track

__all__ = ["aecho", "echo", "user"]


def user() -> str | None:
    """Who calls made here and now are for."""
    frame = current_frame()
    return frame.user_id if frame else None


@track(user_id="g")
def echo() -> Generator[Any, Any, str]:
    """Yields what it is sent or thrown, and who it was for."""
    got: Any = "started"
    while got != "stop":
        try:
            got = yield got, user()
        except LookupError as exc:
            got = f"caught {exc}"
    return "returned"


@track(user_id="g")
async def aecho() -> AsyncGenerator[Any, Any]:
    """Yields what it is sent or thrown, and who it was for."""
    got: Any = "started"
    while got != "stop":
        await asyncio.sleep(0)
        try:
            got = yield got, user()
        except LookupError as exc:
            got = f"caught {exc}"
