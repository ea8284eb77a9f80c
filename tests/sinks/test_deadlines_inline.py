"""A call waits for its inline delivery no longer than that may take, whatever Pay-i sends meanwhile."""

from __future__ import annotations

import asyncio
from time import monotonic

import httpx
import pytest

from payi_transport import payi_instrument, payi_shutdown, payi_stats
from payi_transport.pipeline import sinks
from tests.sinks.test_deadlines import DRIPS
from tests.support.calls import URL

MOCK = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "a"}))


async def ask() -> httpx.Response:
    async with httpx.AsyncClient(transport=MOCK) as client:
        return await client.post(URL, json={})


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    "drip", [DRIPS["header"], DRIPS["1xx responses"]], ids=["header", "1xx"], indirect=True
)
def test_a_call_waits_at_most_as_long_as_inline_delivery_may_take(
    drip: str, is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sinks._INLINE_SECONDS == 10.0
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_BASE_URL", drip)
    payi_instrument(config={"delivery": {"mode": "inline"}})
    started = monotonic()
    if is_async:
        response = asyncio.run(ask())
    else:
        with httpx.Client(transport=MOCK) as client:
            response = client.post(URL, json={})
    assert response.json()["id"] == "a"
    assert monotonic() - started < 10
    assert payi_stats().queued == 1
    payi_shutdown(0)
