"""A server that speaks what it is told to, where a real one would not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

__all__ = ["INFO", "Impostor", "impersonate"]

INFO = b'INFO {"server_id": "x", "headers": true, "max_payload": 1048576}\r\n'


class Impostor:
    """Send `greeting` to each client, and `respond(line)` for each line that it sends."""

    def __init__(self, greeting: bytes, respond: Callable[[bytes], bytes | None]) -> None:
        self._greeting = greeting
        self._respond = respond
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        self.lines: list[bytes] = []
        self.connections = 0
        self._readers: list[threading.Thread] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Accept no more clients, and read what those that have closed their connection sent before that."""
        # Or the thread that accepts would keep it open.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for reader in self._readers:
            reader.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                reader = threading.Thread(target=self._serve_one, args=(connection,), daemon=True)
                self._readers.append(reader)
                reader.start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(self._greeting)
            for line in connection.makefile("rb"):
                self.lines.append(line)
                response = b"PONG\r\n" if line == b"PING\r\n" else self._respond(line)
                if response is None:
                    return
                # A client that has closed its connection may have sent more before.
                with contextlib.suppress(OSError):
                    connection.sendall(response)


@contextlib.contextmanager
def impersonate(
    greeting: bytes = INFO, respond: Callable[[bytes], bytes | None] = lambda line: b""
) -> Iterator[Impostor]:
    impostor = Impostor(greeting, respond)
    try:
        yield impostor
    finally:
        impostor.close()
