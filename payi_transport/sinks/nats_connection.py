"""A blocking connection to NATS, which one thread uses at a time.

The client of NATS for Python runs in an event loop. The worker has none, and can't have one everywhere: with
inline delivery it would be the thread of a caller whose own loop is running, under gevent all greenlets of
the thread would see the loop, and an exiting interpreter resolves no names for one. A plain socket works in
all of these places, is cooperative under gevent, and is closed in a forked child without a word to the
server. It also needs less CPU time for an event.

Nothing runs between two calls. A server that hears nothing for some minutes closes the connection, which the
next `open` notices before anything is sent.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.own_random import own_random
from payi_transport.sinks.nats_auth import make_login, make_tls_context
from payi_transport.sinks.nats_protocol import (
    PING,
    PONG,
    Message,
    Operation,
    Ping,
    Pong,
    ProtocolError,
    Reader,
    ServerError,
    encode_connect,
    encode_message,
    encode_subscription,
)
from payi_transport.sinks.nats_servers import NatsError, Server, parse_server

__all__ = ["NatsConnection"]

# Seconds. The longest wait for one server, while others may accept.
_LONGEST_CONNECT = 2.0
_READ_BYTES = 256 * 1024
# Errors of a connection that last until somebody changes credentials or permissions.
_DENIALS = ("authoriz", "authentic", "permission", "revoked", "jwt", "nkey")


class NatsConnection:
    """Connect to one server of a cluster, and to another one when that is gone.

    `name` is what the server's monitoring shows. Every method but `drop` raises NatsError for whatever goes
    wrong on the network, and closes the connection then. A `deadline` is a time of `monotonic()`.
    """

    def __init__(self, settings: NatsSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._servers = [parse_server(url) for url in settings.servers]
        # Those that the cluster names by itself.
        self._discovered: list[Server] = []
        self._socket: socket.socket | None = None
        self._reader = Reader()
        # Read, and not returned or raised yet.
        self._messages: list[Message] = []
        self._errors: list[str] = []
        # The last `INFO`, empty before the first one of a connection.
        self._info: dict[str, Any] = {}
        self._has_pong = False
        self._number = 0
        # How many connections were made. What was sent on an earlier one gets no response any more.
        self.generation = 0
        self.address = ""
        self.inbox = ""
        self.max_payload = 1024 * 1024
        # The server is about to stop, and asks its clients to leave.
        self.is_leaving = False

    @property
    def is_open(self) -> bool:
        """Whether the connection seems to work."""
        return self._socket is not None

    @property
    def is_clustered(self) -> bool:
        """Whether the server has said that it is one of a cluster."""
        return bool(self._info.get("cluster"))

    @property
    def servers(self) -> str:
        """The configured addresses, for messages."""
        return ", ".join(map(str, self._servers))

    def open(self, deadline: float) -> None:
        """Make sure that there is a connection, to any of the servers."""
        if self._socket is not None:
            # It may have been closed meanwhile, or the server is about to stop.
            with contextlib.suppress(NatsError), self._closing_on_failure():
                while self._read(0.0):
                    self._raise_error()
            if self.is_open and not self.is_leaving:
                return
            self.drop()
        known = [*self._servers, *self._discovered]
        error = NatsError("NATS has no servers")
        for server in own_random.sample(known, len(known)):
            try:
                self._connect(server, min(deadline, monotonic() + _LONGEST_CONNECT))
                return
            except NatsError as exc:
                # An error about a subject leaves the connection open, but nothing works without responses.
                self.drop()
                # An error about credentials is more useful than that another server can't be reached.
                error = exc if not error.denied else error
                if monotonic() >= deadline:
                    break
        raise error

    def _connect(self, server: Server, deadline: float) -> None:
        self.address = str(server)
        self._reader, self._messages, self._errors, self._info = Reader(), [], [], {}
        self._has_pong = self.is_leaving = False
        with self._closing_on_failure():
            self._socket = socket.create_connection((server.host, server.port), _left(deadline))
            # Messages are written in large pieces, and a single one is not to wait for another.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._settings.tls_first:
                self._start_tls(server, deadline)
            self._read_until(lambda: self._info, deadline)
            if not self._settings.tls_first and (server.tls or self._wants_tls()):
                self._start_tls(server, deadline)
            self._log_in(server, deadline)
        self.generation += 1

    def _wants_tls(self) -> bool:
        return bool(self._info.get("tls_required")) or self._settings.tls_ca_file is not None

    def _start_tls(self, server: Server, deadline: float) -> None:
        context = make_tls_context(self._settings)
        self._connected.settimeout(_left(deadline))
        self._socket = context.wrap_socket(self._connected, server_hostname=server.host)

    def _log_in(self, server: Server, deadline: float) -> None:
        nonce = str(self._info.get("nonce", ""))
        fields = {
            "verbose": False,
            "pedantic": False,
            "headers": True,
            "no_responders": True,
            "protocol": 1,
            "lang": "python-payi-transport",
            "name": self._name,
            **make_login(self._settings, nonce, server.user, server.password),
        }
        self.inbox = f"_INBOX.{uuid.uuid4().hex}"
        self._write(encode_connect(fields) + encode_subscription(f"{self.inbox}.*", 1) + PING, deadline)
        # The server responds in order, so an error about the login comes before this.
        self._read_until(lambda: self._has_pong, deadline)

    def _read_until(self, condition: Callable[[], object], deadline: float) -> None:
        while not condition():
            self._raise_error()
            if not self._read(deadline):
                raise TimeoutError("timed out")
        self._raise_error()

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of the bytes."""
        with self._closing_on_failure():
            self._write(data, deadline)

    def receive(self, deadline: float) -> list[Message]:
        """Return the messages that have arrived, or the next ones; none if the deadline comes first."""
        with self._closing_on_failure():
            while not self._messages:
                self._raise_error()
                if not self._read(deadline):
                    break
        messages, self._messages = self._messages, []
        return messages

    def request(self, subject: str, body: bytes, deadline: float) -> Message:
        """Send a request, and return the response to it. Other messages that arrive are dropped."""
        reply = self.next_reply()
        self.send(encode_message(subject, body, reply=reply), deadline)
        while monotonic() < deadline and self.is_open:
            for message in self.receive(deadline):
                if message.subject == reply:
                    return message
        raise NatsError(f"NATS at {self.address} does not respond to {subject}")

    def next_reply(self) -> str:
        """Return a subject for the response to one message."""
        self._number += 1
        return f"{self.inbox}.{self._number}"

    def drop(self) -> None:
        """Close this process's end without a word to the server: in a forked child, it is the parent's."""
        connection, self._socket = self._socket, None
        self._messages = []
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    @property
    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionResetError("the connection is closed")
        return self._socket

    def _write(self, data: bytes, deadline: float) -> None:
        connection = self._connected
        connection.settimeout(_left(deadline))
        connection.sendall(data)

    def _read(self, deadline: float) -> bool:
        """Read what has arrived, or arrives before the deadline; return whether anything did."""
        connection = self._connected
        connection.settimeout(max(0.0, deadline - monotonic()))
        try:
            data = connection.recv(_READ_BYTES)
        # Without time to wait, nothing to read is an error of its own, which TLS has another one for.
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return False
        if not data:
            raise ConnectionResetError("the server closed the connection")
        for operation in self._reader.feed(data):
            self._take(operation)
        return True

    def _take(self, operation: Operation) -> None:
        if isinstance(operation, Message):
            self._messages.append(operation)
        elif isinstance(operation, Ping):
            self._write(PONG, monotonic() + self._settings.timeout)
        elif isinstance(operation, Pong):
            self._has_pong = True
        elif isinstance(operation, ServerError):
            self._errors.append(operation.text)
        else:
            self._info = operation.fields
            self._take_info(operation.fields)

    def _take_info(self, fields: dict[str, Any]) -> None:
        payload, urls = fields.get("max_payload"), fields.get("connect_urls")
        if isinstance(payload, int) and payload > 0:
            self.max_payload = payload
        self.is_leaving = fields.get("ldm") is True
        if isinstance(urls, list):
            tls, user, password = self._servers[0][2:]
            found: list[Server] = []
            for url in urls:
                with contextlib.suppress(PayiConfigError):
                    found.append(parse_server(str(url))._replace(tls=tls, user=user, password=password))
            self._discovered = [server for server in found if server not in self._servers]

    def _raise_error(self) -> None:
        """Raise what the server has said is wrong with the connection, or with a subject."""
        if not self._errors:
            return
        text = self._errors.pop(0)
        denied = any(word in text.lower() for word in _DENIALS)
        advice = "; check config.nats.servers and the credentials" if denied else ""
        raise NatsError(f"NATS at {self.address} refuses this client: {text}{advice}", denied=denied)

    @contextlib.contextmanager
    def _closing_on_failure(self) -> Iterator[None]:
        """Turn whatever goes wrong into a NatsError, and close what can't be used any more."""
        try:
            yield
        except NatsError as exc:
            # After an error about one subject the connection goes on.
            if "permissions violation" not in str(exc).lower():
                self.drop()
            raise
        except PayiConfigError as exc:
            self.drop()
            raise NatsError(str(exc), denied=True) from None
        except ProtocolError as exc:
            self.drop()
            raise NatsError(
                f"{self.address} does not speak the protocol of NATS ({exc})", denied=True
            ) from None
        # OSError includes those of TLS and of name resolution. A host name that IDNA can't encode is a
        # ValueError.
        except (OSError, ValueError) as exc:
            self.drop()
            described = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
            raise NatsError(f"could not reach NATS at {self.address} ({described})") from None


def _left(deadline: float) -> float:
    """Return the seconds until a deadline. Raises TimeoutError if it has passed."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
