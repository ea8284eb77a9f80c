"""xAI's API on loopback, and a channel to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument


@pytest.fixture
def xai(sink: MemorySink) -> Iterator[Any]:
    # Not imported above, because other tests of this folder need no SDK.
    from tests.support.grpc_xai import serve_xai

    with serve_xai() as running:
        payi_instrument(sink=sink, config=running.config)
        yield running


@pytest.fixture
def channel(xai: Any) -> Iterator[Any]:
    from tests.support.grpc_xai import grpc

    with grpc.insecure_channel(xai.netloc) as opened:
        yield opened
