"""A service with a store of its own: in this process, or on a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from payi_transport.serve.command import open_service, serve_in_thread
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Store, Writing

Serve = Callable[..., tuple[str, Service]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "serve.sqlite")
    yield made
    made.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_service(ServeSettings(file=tmp_path / "serve.sqlite")) as opened:
        yield opened


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start services; each call returns the address and the service."""
    with ExitStack() as stack:

        def start(**settings: Any) -> tuple[str, Service]:
            made = ServeSettings(**{"file": tmp_path / "serve.sqlite", "port": 0, **settings})
            return stack.enter_context(serve_in_thread(made))

        yield start


@pytest.fixture
def running(serve: Serve) -> Iterator[tuple[httpx.Client, Service]]:
    """Start a service, and return a client for its use cases beside it."""
    address, service = serve()
    headers = {"xproxy-api-key": "k"}
    with httpx.Client(base_url=f"{address}/api/v1/use_cases", headers=headers) as client:
        yield client, service


@contextmanager
def held_up(store: Store) -> Iterator[None]:
    """Keep the store from any other job, so that what is submitted meanwhile waits together."""
    held, started = threading.Event(), threading.Event()

    def hold(writing: Writing) -> None:
        started.set()
        held.wait(30)

    first = store.submit(hold)
    assert started.wait(30)
    yield
    held.set()
    first.result(30)
