"""A sink that sends to a server on loopback in the place of Pay-i."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import pytest

# Deliveries import it at their first one, which may take as long as the short deadlines of these tests.
import payi_transport.sinks.bounded_client  # noqa: F401  # See above.
from payi_transport.client.account import PayiAccount
from payi_transport.runtime.clock import monotonic
from payi_transport.sinks import deadlines
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
def end_deadlines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets an hour pass for the deadlines of deliveries, so that none depends on how fast the machine is."""
    passed = [0.0]
    monkeypatch.setattr(deadlines, "monotonic", lambda: monotonic() + passed[0])

    def end() -> None:
        passed[0] = 3600.0

    return end


def read_request(connection: socket.socket) -> None:
    with connection.makefile("rb") as file:
        length = 0
        while (line := file.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        file.read(length)


@pytest.fixture
def drip(request: pytest.FixtureRequest, end_deadlines: Callable[[], None]) -> Iterator[str]:
    """The URL of a server that never ends its response and is never silent for long.

    The deadline passes while it responds.
    """
    first, again = request.param
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            # The client closes the connection at its deadline, as it should, and the test the listener.
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    read_request(connection)
                    connection.sendall(first + again)
                    end_deadlines()
                    while not stopped.wait(0.02):
                        connection.sendall(again)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopped.set()
        # Or the thread would wait forever for a client that never came.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
