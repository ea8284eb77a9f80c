"""A service with a store of its own: in this process, or on a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from payi_transport.serve.command import open_service, serve_in_thread
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Store

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
