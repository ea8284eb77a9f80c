"""Calls with the Google SDK: what was recorded, and a question, asked through a client of any kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from payi_transport import MemorySink, payi_instrument
from payi_transport.hooks.httpx.installed import HOOKS
from tests.contract.clients import result
from tests.contract.google_clients import FAMILY, GOOGLE_SETUPS, GoogleSetup
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES

__all__ = [
    "CATEGORY",
    "MODEL",
    "PREFIXES",
    "QUESTION",
    "by_name",
    "instrument",
    "make_response",
    "of_google",
    "open_stream",
    "run",
    "some_setups",
]

CATEGORY = "system.google.vertex"
by_name = {case.name.removeprefix("google/"): case for case in CASES if case.name.startswith("google/")}
MODEL = "gemini-2.5-flash"
QUESTION = "What is the weather in Boston?"
# What stands before the name of a model in the path of a call, by what a client talks to.
PREFIXES = {
    "gemini": "/models/",
    "vertex": "/projects/p/locations/us-central1/publishers/google/models/",
    "express": "/publishers/google/models/",
}
# One of each kind: the rest differ in nothing that most tests meet.
some_setups = pytest.mark.parametrize(
    "setup",
    [setup for setup in GOOGLE_SETUPS if setup.name in ("own-sync", "own-async", f"async-{FAMILY}")],
    ids=lambda setup: setup.name,
)
of_google = [
    # What the SDK does with aiohttp itself.
    pytest.mark.filterwarnings(
        "ignore:Inheritance class AiohttpClientSession from ClientSession is discouraged:DeprecationWarning"
    ),
]
_Scenario = Callable[[Any], Awaitable[Any]]


def run(setup: GoogleSetup, url: str, scenario: _Scenario, access: str = "gemini") -> Any:
    """What a scenario makes of a client of the setup."""

    async def main() -> Any:
        async with setup.client(url, access) as client:
            return await scenario(client)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in setup.environment.items():
            patch.setenv(name, value)
        return anyio.run(main)


def instrument(origin: Origin, sink: MemorySink, setup: GoogleSetup | None = None, **options: Any) -> None:
    """Record what is sent to the origin; of a setup without hooks, what its HTTP client sends alone."""
    payi_instrument(
        sink=sink, config={"host_mappings": {origin.netloc: {"price_as_category": CATEGORY}}}, **options
    )
    if setup is not None and not setup.hooked:
        for hook in HOOKS:
            hook.uninstall()


def make_response(name: str) -> CannedResponse:
    case = by_name[name]
    return CannedResponse(case.chunks(), status=case.status, headers=case.headers)


async def open_stream(client: Any, **request: Any) -> Any:
    return await result(client.models.generate_content_stream(**request))
