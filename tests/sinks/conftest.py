"""A sink that sends to a server on loopback in the place of Pay-i."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

# Deliveries import it at their first one, which may take as long as the short deadlines of these tests.
import payi_transport.sinks.bounded_client  # noqa: F401  # See above.
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


@pytest.fixture
def drip(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that never ends its response and is never silent for long."""
    first, again = request.param
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(first)
                    while not stopped.wait(0.02):
                        connection.sendall(again)
                except OSError:
                    """The client closed the connection, as it should."""

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopped.set()
        thread.join()
