"""A sink that sends to a server on loopback in the place of Pay-i."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.offline import OfflineSink
from payi_transport.sinks.payi import PayiSink
from tests.sinks.offline_files import Open
from tests.support.origin import Origin


@pytest.fixture
def bulk(origin: Origin) -> Iterator[PayiSink]:
    sink = PayiSink(PayiAccount(origin.url, "payi-key"))
    yield sink
    sink.close()


@pytest.fixture
def open_sink() -> Iterator[Open]:
    """Creates sinks that are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(OfflineSink(str(path))))
