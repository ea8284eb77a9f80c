"""What several of the contract tests run against beside a provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.contract.results import ACCEPTED
from tests.support.origin import Origin, serve


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """Pay-i, on loopback, as the environment says."""
    with serve() as running:
        running.responses = [ACCEPTED]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        yield running
