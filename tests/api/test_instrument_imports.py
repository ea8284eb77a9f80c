"""`payi_instrument()` imports nothing that the program does not use, and hooks what is imported later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.origin import CannedResponse, Origin, run_origin
from tests.support.programs import TAKEN, delivered, make_environment

# Only a program with an event loop, a client of this kind, a call to this provider, or a budget uses these.
UNUSED = (
    *("aiohttp", "anyio", "asyncio", "botocore", "grpc", "httpcore", "httpcore2", "httpx2", "requests"),
    *("opentelemetry", "sqlite3", "trio", "urllib3", "websockets", "payi_transport.prices"),
    *(f"payi_transport.hooks.{name}" for name in ("aiohttp", "botocore", "grpc", "requests", "websockets")),
    *(f"payi_transport.providers.{name}.readers" for name in ("anthropic", "bedrock", "google", "openai")),
)
# How programs make a call to `url` by each library.
CALLS = {
    "httpx": "httpx.Client().post(url, json=body)",
    "httpx2": "httpx2.Client().post(url, json=body)",
    "requests": "requests.post(url, json=body)",
    "aiohttp": "import asyncio; asyncio.run(post(aiohttp))",
    "payi_transport": "payi_transport.payi_httpx_client().post(url, json=body)",
}
PROGRAM = """
import sys
# What measures coverage was imported before the program's first line.
before = set(sys.modules)
# Where these are installed, everything is imported at once.
sys.modules.update(gevent=None, eventlet=None)
import payi_transport

async def post(aiohttp):
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        await response.read()

url, body = sys.argv[1], {{"model": "gpt-4.1"}}
mapping = {{url.split("/")[2]: {{"price_as_category": "system.openai"}}}}
{first}
payi_transport.payi_instrument(config={{"host_mappings": mapping}})
print(*[name for name in {unused} if name in sys.modules and name not in before])
{then}
{call}
"""
RESPONSE = (
    b'{"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4.1", "choices": [],'
    b' "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}'
)


def run(file: Path, payi: Origin, provider: Origin, **parts: str) -> str:
    """Run a program that makes a call and ends at once; return what it had imported without need."""
    file.write_text(PROGRAM.format(unused=UNUSED, **parts))
    ran = subprocess.run(
        [sys.executable, str(file), f"{provider.url}/v1/chat/completions"],
        env=make_environment(payi),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.mark.parametrize("library", CALLS)
def test_a_library_is_imported_by_the_program_alone_and_hooked_then(library: str, tmp_path: Path) -> None:
    with run_origin(Origin()) as payi, run_origin(Origin()) as provider:
        payi.responses, provider.responses = [TAKEN], [CannedResponse([RESPONSE])]
        parts = {"then": f"import {library}", "call": CALLS[library]}
        assert run(tmp_path / "program.py", payi, provider, first="", **parts) == ""
        # The first delivery is after the program's last line, and imports what it needs even then.
        assert delivered(payi) == {"chatcmpl-1": 1}


@pytest.mark.parametrize("library", CALLS)
def test_a_library_that_is_imported_before_is_hooked_at_once(library: str, tmp_path: Path) -> None:
    with run_origin(Origin()) as payi, run_origin(Origin()) as provider:
        payi.responses, provider.responses = [TAKEN], [CannedResponse([RESPONSE])]
        parts = {"first": f"import {library}", "call": CALLS[library]}
        run(tmp_path / "program.py", payi, provider, then="", **parts)
        assert delivered(payi) == {"chatcmpl-1": 1}
