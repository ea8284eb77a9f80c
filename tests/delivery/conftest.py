"""Harnesses that a test builds, stopped when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.delivery.worker_harness import Build, Harness


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """A stack: what a test enters runs until the test is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def build(running: ExitStack) -> Build:
    return lambda *args, **options: running.enter_context(Harness(*args, **options))
