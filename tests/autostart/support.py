"""Start programs and servers under `payi-transport run`, and read what they reported."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.origin import Origin
from tests.support.programs import make_environment

__all__ = ["CALL", "RUN", "read_events", "seen", "serving", "start"]

CALL = """
import json, httpx
def call(name):
    answer = {"id": name, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    with httpx.Client(transport=transport) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "gpt-4.1"})
"""
RUN = [sys.executable, "-m", "payi_transport", "run"]


def read_events(ingest: Origin) -> list[dict[str, object]]:
    return [event for received in ingest.received for event in json.loads(received.body)]


def seen(ingest: Origin) -> Counter[tuple[object, object]]:
    """Count the events by call and use case."""
    return Counter((event["provider_response_id"], event["use_case_name"]) for event in read_events(ingest))


def start(command: list[str], folder: Path, ingest: Origin, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, "--", *command],
        cwd=folder,
        env=make_environment(ingest, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )


@contextmanager
def serving(
    command: list[str], folder: Path, ingest: Origin, health: str = "/start", **more: str
) -> Iterator[str]:
    """Run a server of a module until the block ends; `{port}` in its command is a free one.

    Returns `host:port` once the path for health has a response. What the server prints is in `folder/log`.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*RUN, "--", sys.executable, "-m", *(part.format(port=port) for part in command)]
    log = folder / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=folder, env=make_environment(ingest, **more), stdout=output, stderr=output
        ) as server,
    ):
        try:
            while True:
                assert server.poll() is None, log.read_text()
                try:
                    httpx.get(f"http://127.0.0.1:{port}{health}", timeout=60, trust_env=False)
                    break
                except httpx.TransportError:
                    threading.Event().wait(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
