"""The key of a call to Google stays in the process, one in its URL too: no event, file or log has it."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import payi_flush, payi_instrument, payi_stats, payi_uninstrument
from tests.contract.google_calls import CATEGORY, MODEL, make_response
from tests.support.origin import Origin


async def ask_with_key_in_url(url: str) -> AsyncIterator[None]:
    """Answered, refused, and never answered: with each HTTP library that has hooks."""
    for library in (httpx, httpx2):
        async with library.AsyncClient() as client:
            for address in (url, "http://127.0.0.1:1"):
                with contextlib.suppress(library.ConnectError):
                    await client.post(
                        f"{address}/v1beta/models/{MODEL}:generateContent?key=sk-secret&alt=json",
                        json={},
                        headers={"x-goog-api-key": "sk-secret", "authorization": "Bearer sk-secret"},
                    )
                yield


@pytest.mark.parametrize("name", ["gemini_unary", "gemini_error_400"])
def test_a_key_never_leaves_the_process(
    name: str, origin: Origin, payi: Origin, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    config: Any = {
        "host_mappings": {host: {"price_as_category": CATEGORY} for host in (origin.netloc, "127.0.0.1:1")},
        "capture": {"request_headers": ["x-goog-api-client"]},
    }
    file = tmp_path / "capture.json"

    async def main() -> None:
        async for _ in ask_with_key_in_url(origin.url):
            pass

    origin.responses = [make_response(name)]
    with caplog.at_level(logging.DEBUG, "payi"):
        for offline in ({}, {"offline_instrumentation": {"file_name": str(file)}}):
            payi_instrument(config=config | offline)
            anyio.run(main)
            assert payi_flush(10)
            assert payi_stats().captured == 4
            payi_uninstrument()
    sent = b"".join(received.body for received in payi.received)
    assert len(json.loads(file.read_text())) == len(json.loads(payi.received[0].body)) == 4
    for written in (sent, file.read_bytes(), caplog.text.encode()):
        assert b"sk-secret" not in written
        assert b"key=" not in written
    assert b"sk-secret" not in repr([received.headers for received in payi.received]).encode()
