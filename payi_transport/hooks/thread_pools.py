"""Carries scopes into thread pools: what a thread hands to a pool is done for whom the thread works.

Tasks of asyncio and trio, and their ways to call a thread, take the context along by themselves; a thread of
`concurrent.futures.ThreadPoolExecutor` has a context of its own. So `submit` hands over the scope with the
function, and nothing else of the context: of pools of any age and of subclasses that call it, for `map` and
for `loop.run_in_executor` too. Outside all scopes it does nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from payi_transport.context.scope import bind_to_scope
from payi_transport.hooks.methods import Hooks

__all__ = ["ThreadPools"]


class ThreadPools:
    """An adapter like those of HTTP libraries: installed once the program has thread pools."""

    name = "concurrent.futures.thread"

    def __init__(self) -> None:
        self._hooks = Hooks()

    def install(self) -> list[str]:
        if self._hooks:
            return []
        return self._hooks.put(sys.modules[self.name].ThreadPoolExecutor, "submit", _hook)

    def uninstall(self) -> None:
        self._hooks.take_off()


def _hook(original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return original(executor, bind_to_scope(function), *args, **kwargs)

    return submit
