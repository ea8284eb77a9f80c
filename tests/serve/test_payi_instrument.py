"""A program that Pay-i's own SDK instruments, unchanged, reports to the service in proxy and ingest mode."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.serve.conftest import Serve
from tests.serve.test_proxy import COMPLETION, find_calls
from tests.support.origin import CannedResponse, Origin

pytest.importorskip("payi", reason="Pay-i's SDK is not installed")

PROGRAM = Path(__file__).with_name("payi_program.py")
SSE = {"content-type": "text/event-stream"}
CHUNK = {"id": "c3", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1"}
CHUNKS = [
    {
        **CHUNK,
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}],
    },
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {**CHUNK, "choices": [], "usage": COMPLETION["usage"]},
]
STREAM = [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in CHUNKS), b"data: [DONE]\n\n"]


@pytest.mark.parametrize("strict", [False, True], ids=["service", "strict service"])
@pytest.mark.parametrize("mode", ["proxy", "ingest"])
def test_every_call_is_counted_once_with_its_context(
    mode: str, strict: bool, serve: Serve, origin: Origin
) -> None:
    address, service = serve(strict=strict, upstreams={"openai": origin.url})
    limit = {"limit_name": "n", "limit_id": "monthly", "max": 1, "limit_type": "allow"}
    httpx.post(f"{address}/api/v1/limits", json=limit, headers={"xproxy-api-key": "k"}).raise_for_status()
    whole = [json.dumps({**COMPLETION, "id": name}).encode() for name in ("c1", "c2")]
    origin.responses = [*(CannedResponse([body]) for body in whole), CannedResponse(STREAM, headers=SSE)]
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), mode, address, origin.url],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    printed = [json.loads(line) for line in ran.stdout.splitlines()]
    assert printed == [{"text": "Hi", "id": name} for name in ("c1", "c2", "c3")]
    found = find_calls(service)
    assert [call.response_id for call in found] == ["c1", "c2", "c3"]
    for call in found:
        row = call.call
        assert (row.use_case, row.user, row.account, row.model) == ("chat", "ann", "acme", "gpt-4.1")
        # 1000 tokens at $2 and 500 at $8 a million.
        assert (row.input, row.output, row.cost, row.price_status) == (1000, 500, Decimal("0.006"), "priced")
        assert call.detail.limits == {"monthly": "ok"}
    [budget] = service.queries.budgets()
    assert budget.spent == Decimal("0.018")
