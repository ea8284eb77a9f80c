"""What every contract test does: instrument, make calls as a client of any kind does, look at the events."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import anyio

from payi_transport import MemorySink, payi_instrument
from payi_transport.hooks.httpx.installed import HOOKS
from tests.contract.clients import Install, result
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import WireCase

__all__ = ["hold_open", "instrument", "make_response", "run"]


class _Setup(Protocol):
    @property
    def install(self) -> Install: ...

    @property
    def backend(self) -> str: ...

    def client(self, url: str, **options: Any) -> Any: ...


def run(setup: _Setup, url: str, scenario: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    """What a scenario makes of a client of the setup."""

    async def main() -> Any:
        client = setup.client(url, **options)
        try:
            return await scenario(client)
        finally:
            await result(client.close())

    return anyio.run(main, backend=setup.backend)


def instrument(
    setup: _Setup, origin: Origin, sink: MemorySink, *, category: str = "system.openai", **options: Any
) -> None:
    """Record what clients of the setup send to the origin."""
    mapping = {"price_as_category": category, "include_usage": options.pop("include_usage", None)}
    config: Any = {"host_mappings": {origin.netloc: mapping}, **options.pop("config", {})}
    payi_instrument(sink=sink, config=config, **options)
    if setup.install == "explicit":
        # Only the client that was made by the library records: the hooks are taken off again.
        for hook in HOOKS:
            hook.uninstall()


def make_response(case: WireCase) -> CannedResponse:
    return CannedResponse(case.chunks(), status=case.status, headers=case.headers)


@contextlib.contextmanager
def hold_open() -> Iterator[threading.Event]:
    """What an origin waits for, as long as the block takes."""
    hold = threading.Event()
    try:
        yield hold
    finally:
        hold.set()
