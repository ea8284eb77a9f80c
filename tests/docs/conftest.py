"""A stand-in for every provider and for Pay-i."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.stand_in import StandIn, serve


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serve() as running:
        yield running
