"""Carrying scopes into thread pools: a call made in a pool's thread belongs to the scope that submitted it.

Tasks of asyncio and trio, and their functions that run something on a thread, copy the context by themselves.
The threads of `concurrent.futures.ThreadPoolExecutor` have contexts of their own. So `submit` is hooked and
binds the function to the current scope, and to nothing else of the context. That covers pools made
earlier, subclasses that call `submit`, `map`, and `loop.run_in_executor`. Outside all scopes, the function is
submitted unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from payi_transport.context.scope import bind_to_scope
from payi_transport.hooks.methods import MethodHook

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["HOOK"]


def _make_submit(original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # Bind here, on the thread that submits. The pool's thread may have been started in another scope.
        return original(executor, bind_to_scope(function), *args, **kwargs)

    return submit


HOOK = MethodHook("concurrent.futures.thread", "ThreadPoolExecutor", submit=_make_submit)
