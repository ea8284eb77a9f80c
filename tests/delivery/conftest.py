"""Benches that a test builds, stopped when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.delivery.worker_bench import Bench, Build


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """What a test enters here runs until it is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def build(running: ExitStack) -> Build:
    return lambda *args, **options: running.enter_context(Bench(*args, **options))
