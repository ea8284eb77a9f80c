"""Run programs in processes of their own that make calls and report them to a server in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

from tests.support.origin import CannedResponse, Origin

__all__ = ["DOWN", "ROOT", "TAKEN", "delivered", "make_environment", "run", "write"]

ROOT = Path(__file__).parents[2]
TAKEN = CannedResponse(confirms=True)
DOWN = CannedResponse([b"{}"], status=503)

PRELUDE = """
import httpx, os, signal, sys, threading, time
from payi_transport import payi_flush, payi_instrument, payi_stats

def call(name):
    answer = {"id": str(name), "object": "chat.completion", "model": "gpt-4.1", "choices": [],
              "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    with httpx.Client(transport=transport) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1"})

def wait_until(condition):
    while not condition():
        threading.Event().wait(0.01)

def instrument(**delivery):
    payi_instrument(config={"delivery": {"flush_interval": 3600, **delivery},
                            "ingest_retry": {"queue_interval": 0.05}})
"""


def make_environment(origin: Origin, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "PAYI_API_KEY": "payi-key",
        "PAYI_BASE_URL": origin.url,
        "PYTHONPATH": path,
        "PYTHONDEVMODE": "",
        **more,
    }


def write(folder: Path, body: str, name: str = "program") -> Path:
    """Write a program that starts with what all of them need."""
    file = folder / f"{name}.py"
    file.write_text(PRELUDE + textwrap.dedent(body))
    return file


def run(folder: Path, body: str, origin: Origin, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; raise subprocess.TimeoutExpired, and kill it, after `timeout` seconds."""
    return subprocess.run(
        [sys.executable, str(write(folder, body))],
        env=make_environment(origin),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def delivered(origin: Origin) -> Counter[str]:
    """Count how often each event was delivered to the server."""
    ids: Counter[str] = Counter()
    for received in list(origin.received):
        body = json.loads(received.body)
        ids.update(event["provider_response_id"] for event in (body if isinstance(body, list) else [body]))
    return ids
