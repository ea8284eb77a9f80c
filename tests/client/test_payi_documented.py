"""The code of Pay-i's own documentation of its client runs here with changed imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.origin import CannedResponse, Origin

PAGE = Path(__file__).with_name("payi_documented.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# Placeholders in the page, and code to put in their place.
PLACEHOLDERS = {
    "units(...)": 'units(category="openai", units={"text": {"input": 10}})',
    "client.resource_name": "client.categories",
}

ACCEPTED = CannedResponse([b'{"request_id":"r1","xproxy_result":{"request_id":"r1"}}'])
MORE = CannedResponse([b'{"items":[{"limit_name":"monthly"}],"cursor":"c1","has_more":true}'])
LAST = CannedResponse([b'{"items":[{"limit_name":"daily"}],"has_more":false}'])


def run(blocks: list[str], origin: Origin) -> str:
    """Run the blocks as one program and return what it prints."""
    text = "\n".join(blocks)
    for placeholder, code in PLACEHOLDERS.items():
        text = text.replace(placeholder, code)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        env={**os.environ, "PAYI_API_KEY": "k", "PAYI_BASE_URL": origin.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_whole_page_runs_from_top_to_bottom(origin: Origin) -> None:
    origin.responses = [ACCEPTED, ACCEPTED, MORE, LAST, LAST, LAST, LAST, MORE, LAST, ACCEPTED, ACCEPTED]
    printed = run(BLOCKS, origin)
    assert printed.splitlines() == [
        "Ingested request: r1",
        "Ingested request: r1",
        "Limit: monthly",
        "Limit: daily",
    ]
    assert [f"{received.method} {received.path}" for received in origin.received] == [
        "POST /api/v1/ingest",
        "POST /api/v1/ingest",
        "GET /api/v1/limits",
        "GET /api/v1/limits?cursor=c1",
        "GET /api/v1/categories",
        "GET /api/v1/limits?limit=10",
        "GET /api/v1/limits?sort_ascending=true",
        "GET /api/v1/limits?limit=20",
        "GET /api/v1/limits?cursor=c1&limit=20",
        "POST /api/v1/ingest",
        "POST /api/v1/ingest",
    ]


@pytest.mark.parametrize(
    ("status", "printed"),
    [
        (200, ""),
        (400, "Bad request: Error code: 400 - No such category\n"),
        (401, "Authentication failed - check your API key\n"),
        (422, "Unexpected error: Error code: 422 - No such category\n"),
        (429, "Rate limit exceeded - slow down requests\n"),
    ],
)
def test_its_error_handling_distinguishes_the_exceptions(status: int, printed: str, origin: Origin) -> None:
    body = ACCEPTED.chunks[0] if status == 200 else b'{"message":"No such category"}'
    origin.responses = [CannedResponse([body], status, {"retry-after-ms": "0"})]
    assert run(BLOCKS[-1:], origin) == printed


def test_the_page_is_complete() -> None:
    assert len(BLOCKS) == 18
