"""What several of the contract tests run against beside a provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()
