"""Clients that are dropped without close leave no open connection behind."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import warnings
from typing import Any

import httpx
import pytest

from payi_transport import AsyncPayi, Payi
from payi_transport.client.own_connections import OwnAsyncClient, OwnClient
from tests.support.origin import CannedResponse, Origin

PAGE = CannedResponse([b'{"items":[]}'])


def test_a_client_that_is_dropped_without_close_leaves_no_warning(origin: Origin) -> None:
    origin.responses = [PAGE]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = Payi(api_key="k", base_url=origin.url)
        client.limits.list()
        del client
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_a_program_that_never_closes_its_client_exits_without_a_warning(origin: Origin) -> None:
    origin.responses = [PAGE]
    script = (
        f"from payi_transport import Payi; p = Payi(api_key='k', base_url={origin.url!r}); p.limits.list()"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_async_client_that_is_dropped_while_asyncio_runs_is_closed(origin: Origin) -> None:
    origin.responses = [PAGE]

    async def main() -> bool:
        client = AsyncPayi(api_key="k", base_url=origin.url)
        await client.limits.list()
        pool = client._http._transport
        http = client._http
        del client
        assert not http.is_closed
        del http
        gc.collect()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        return not pool._pool.connections  # type: ignore[union-attr]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asyncio.run(main())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_the_connections_stay_open_while_a_copy_needs_them(origin: Origin) -> None:
    origin.responses = [PAGE]
    client = Payi(api_key="k", base_url=origin.url)
    with client.copy() as copy:
        del client
        gc.collect()
        assert not copy.is_closed()
        copy.limits.list()


def test_connections_that_the_caller_passed_are_left_alone() -> None:
    with httpx.Client() as http:
        client = Payi(api_key="k", http_client=http)
        del client
        gc.collect()
        assert not http.is_closed


@pytest.mark.parametrize("kind", [OwnClient, OwnAsyncClient])
def test_an_object_whose_constructor_raised_is_collected_quietly(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind(nonsense=1)
    unmade = kind.__new__(kind)
    unmade.__del__()
