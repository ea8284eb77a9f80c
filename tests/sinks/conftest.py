"""A sink that sends to a server on loopback in the place of Pay-i."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.support.origin import Origin


@pytest.fixture
def bulk(origin: Origin) -> Iterator[PayiSink]:
    sink = PayiSink(PayiAccount(origin.url, "payi-key"))
    yield sink
    sink.close()
